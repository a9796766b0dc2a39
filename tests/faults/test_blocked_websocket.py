"""The page itself in Chromium, behind a proxy that lets no WebSocket through, or none for long."""

import time

import pytest
from playwright.sync_api import Page, expect

from faults.oracle import View
from faults.scene import Scene, Way
from support.browser import Tabs
from support.chat import AWAY, Chat
from support.person import Person

EVICTED_WITHIN = 2.0
# By what the proxy does: what the light shows, and how long until it does.
STATES = {"refused": "delayed", "dropped": "delayed", "broken": "live", "swallowed": "delayed"}
WAITING = 90_000
# The longest that a page waits between two tries of WebSocket: 300 s, and a quarter more by chance.
BETWEEN_TRIES = 380_000

# The newest messages: of a long history the page lets the older ones go.
SHOWN = """async () => {
    const {openChat} = await import("projchat/open_chat");
    return openChat().timeline.messages;
}"""
FEWEST_SHOWN = 30
CURSOR = """async () => {
    const {openChat} = await import("projchat/open_chat");
    return openChat().timeline.cursor;
}"""


@pytest.mark.row(
    "22",
    "WebSocket blocked: the proxy refuses it, drops it, breaks it after 30 s, swallows it",
    "nothing lost, nothing twice, one order; the light amber, or green where the socket lives; "
    "nothing reaches a removed member after 2 s; green by itself once the proxy is gone",
)
@pytest.mark.parametrize(
    "how", [pytest.param("refused", marks=pytest.mark.brief), "dropped", "broken", "swallowed"]
)
def test_it_goes_on_where_websocket_is_blocked(scene: Scene, how, make_tabs, row, size, request):
    """Two people in browsers, and somebody whose network is another, write all at once."""
    network = scene.proxy()
    network.websockets = {"dropped": 0.2, "broken": size(30.0, 12.0)}.get(how, how)
    tabs: Tabs = make_tabs(Way(network.url))
    tabs.allow(*AWAY, r"status of 40[34]")
    bob, dora = scene.newcomer(), scene.newcomer()
    watcher = scene.reader()
    pages = [_open(tabs, person, scene) for person in (scene.alice, bob)]
    evicted = _open(tabs, dora, scene)
    began = time.monotonic()
    chats = [Chat(page) for page in pages]
    for chat in (*chats, Chat(evicted)):
        expect(chat.light).to_have_attribute("data-state", STATES[how], timeout=WAITING)
    seconds = time.monotonic() - began

    count = size(300, 40)
    writers = [scene.writer().write(count, pause=0.05, changes=0.3) for _ in range(2)]
    typed = _type(chats, size(40, 5))
    scene.project.remove(dora)
    removed = time.monotonic()
    for writer in writers:
        writer.wait(180)
    silent = max(0.0, EVICTED_WITHIN - (time.monotonic() - removed))
    evicted.wait_for_timeout(silent * 1000)
    heard_until = evicted.evaluate(CURSOR)
    scene.writer().write(10).wait(60)
    slowest = _wait_until_equal(scene, pages)
    assert evicted.evaluate(CURSOR) == heard_until
    scene.converge(15)
    scene.judge([_view(scene, n, page) for n, page in enumerate(pages, 1)], strangers=False)
    _each_once(scene, typed)

    network.go()
    for chat in chats:
        chat.page.clock.fast_forward(BETWEEN_TRIES)
    for chat in chats:
        chat.is_live()
    scene.writer().write(5).wait(60)
    _wait_until_equal(scene, pages)
    case = request.node.callspec.id
    row.measured(
        f"{case}: {STATES[how]} after {seconds:.0f} s; {2 * count + len(typed)} messages with "
        f"edits and deletions, both pages equal to a fresh reader {slowest:.1f} s after the last "
        f"and {watcher.name} too; a removed member heard nothing; green again by itself"
    )


def _view(scene: Scene, number: int, page: Page) -> View:
    """What a page shows, after what it would fetch if somebody went back to it."""
    shown, fresh = page.evaluate(SHOWN), scene.fresh()
    assert len(shown) >= FEWEST_SHOWN
    return View(f"page {number}", [*fresh[: len(fresh) - len(shown)], *shown])


def _open(tabs: Tabs, person: Person, scene: Scene) -> Page:
    page = tabs(person)
    page.clock.install()
    page.goto(scene.project.page)
    return page


def _type(chats: list[Chat], count: int) -> list[str]:
    texts = []
    for number in range(count):
        for place, chat in enumerate(chats):
            texts.append(f"page {place} types {number}")
            chat.say(texts[-1])
    return texts


def _wait_until_equal(scene: Scene, pages: list[Page]) -> float:
    """Wait until every page has applied the head."""
    began = time.monotonic()
    while any(page.evaluate(CURSOR) < scene.version() for page in pages):
        assert time.monotonic() - began < 30, [page.evaluate(CURSOR) for page in pages]
        pages[0].wait_for_timeout(100)
    return time.monotonic() - began


def _each_once(scene: Scene, texts: list[str]) -> None:
    contents = [message["content"] for message in scene.fresh()]
    assert [contents.count(text) for text in texts] == [1] * len(texts)
