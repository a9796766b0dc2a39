"""Row 21: somebody has missed more than a connection can hold, and catches up all the same."""

import json
import time
from typing import NamedTuple

import pytest
from playwright.sync_api import expect

from faults.scene import Scene, Way
from support.cast import Project
from support.chat import AWAY, Chat
from support.history import lengthen
from support.live import Live

PAGE_BYTES = 256 * 1024
AHEAD = 999_999
HEAL_SECONDS = 60
SHOWN_WITHIN = 20_000
CONNECTED = "Client connected"
HUNG_UP = "Disconnected slow client"


class Absence(NamedTuple):
    """What was said meanwhile: so many messages of so many of these letters."""

    count: int
    length: int
    letter: str

    def __str__(self) -> str:
        """Name it in the figures."""
        return f"{self.count} × {self.length} {'Cyrillic' if self.letter > 'z' else 'Latin'}"


ABSENCES = [
    Absence(520, 640, "ж"),
    Absence(520, 720, "ж"),
    Absence(520, 3800, "x"),
    Absence(520, 4300, "x"),
    Absence(60, 9000, "ж"),
]
BRIEF = ABSENCES[-1:]
TEN_TIMES = [Absence(10 * count, length, letter) for count, length, letter in ABSENCES]


@pytest.mark.brief
@pytest.mark.row(
    "21",
    "more was missed than a connection can hold: up to 5,200 messages, 45 MB",
    "every answer at most 256 KiB, everybody complete on their one connection",
)
def test_everybody_catches_up(scene: Scene, row, size, request):
    absences = size(ABSENCES + TEN_TIMES, BRIEF)
    slowest = 0.0
    for absence in absences:
        begin(scene, absence)
        names = scene.node_readers(1)
        reader = scene.reader()
        scene.converge(HEAL_SECONDS)
        reader.sleep()
        scene.node.order("sleep", names)
        missed = scene.version()
        speak(scene, absence)
        asked = [ask(scene, since) for since in (0, missed, AHEAD)]
        connections = scene.server.log().count(CONNECTED)
        reader.wake()
        scene.node.order("wake", names)
        slowest = max(slowest, scene.converge(HEAL_SECONDS))
        assert scene.server.log().count(CONNECTED) - connections == 2, "Somebody came twice."
        scene.judge(strangers=False)
        row.measured(f"{absence}: {max(largest for largest, _ in asked) // 1024} KiB at most")
        end(scene, names)
    assert HUNG_UP not in scene.server.log()
    row.measured(
        f"{request.node.callspec.id}: python-socketio and socket.io-client equal to a fresh client "
        f"within {slowest:.1f} s on one connection each"
    )


@pytest.mark.brief
@pytest.mark.row(
    "21 page",
    "the page's network is away while 520 messages of 1,020 letters come",
    "green within seconds, two websockets at most",
)
def test_the_page_catches_up(scene: Scene, make_tabs, row, request):
    network = scene.proxy()
    tabs = make_tabs(Way(network.url))
    tabs.allow(*AWAY, r"WebSocket")
    page = tabs(scene.alice, scene.project.page)
    chat = Chat(page).is_live()
    network.shut()
    network.cut()
    chat.is_offline()
    speak(scene, Absence(520, 1020, "ж"))
    opened: list[str] = []
    page.on("websocket", lambda socket: opened.append(socket.url))
    network.go()
    began = time.monotonic()
    chat.is_live()
    seconds = time.monotonic() - began
    scene.project.post(scene.alice, "after all")
    expect(chat.message("after all")).to_have_count(1, timeout=SHOWN_WITHIN)
    page.wait_for_timeout(2000)
    assert len(opened) <= 2
    assert HUNG_UP not in scene.server.log()
    row.measured(
        f"{request.node.callspec.id}: green after {seconds:.1f} s, {len(opened)} websockets, "
        "0 hang-ups"
    )


@pytest.mark.brief
@pytest.mark.row("21 s", "sabotage: a page has no end, and a large frame is too much", "found out")
def test_the_row_finds_out(make_scene, row):
    scene: Scene = make_scene(PROJCHAT_SABOTAGE="endless-page")
    scene.order("sabotage")
    reader = scene.reader()
    scene.converge(HEAL_SECONDS)
    reader.sleep()
    speak(scene, BRIEF[0])
    reader.wake()
    with pytest.raises(AssertionError, match="After") as found:
        scene.converge(3)
    assert HUNG_UP in scene.server.log()
    row.measured(str(found.value).split("\n")[0])


def begin(scene: Scene, absence: Absence) -> None:
    """Everybody is in a project of their own for this absence."""
    scene.project = scene.cast.project(scene.alice, name=str(absence))


def speak(scene: Scene, absence: Absence) -> None:
    """Write what they miss."""
    project: Project = scene.project
    length = scene.fresh()[-1]["number"] + absence.count
    said = absence.letter * absence.length
    lengthen(scene.server, project.id, scene.alice.id, length, said)


def end(scene: Scene, names: list[str]) -> None:
    """They leave."""
    scene.node.order("close", names)
    while scene.readers:
        scene.readers.pop().close()


def ask(scene: Scene, since: int) -> tuple[int, int]:
    """Catch up by nothing but questions: how large the largest answer was, how many there were."""
    live: Live = scene.alice.live()
    largest, questions, more = 0, 0, True
    while more:
        answer = live.join(scene.project.id, since=since)
        largest = max(largest, len(json.dumps(answer, ensure_ascii=False).encode()))
        assert answer["ok"]
        assert largest < PAGE_BYTES * 1.1, largest
        assert answer["version"] > since or answer["reset"]
        since, more = answer["version"], answer["hasMore"]
        questions += 1
    assert since == scene.version()
    live.close()
    return largest, questions
