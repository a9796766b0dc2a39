"""Row 17: sixty posts at once while Redis, which counts the limits, is away."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from faults.scene import Scene
from faults.services import Redis
from support.backend import Backend
from support.person import Person

AT_ONCE = 60
PEOPLE = 6
# What one person may post, and in how many seconds.
LIMIT, WINDOW = 20, 10
ROUNDS_IN_A_WINDOW = LIMIT * PEOPLE // AT_ONCE
# Noise does not reach it; before, the slowest took more than 20 s.
SLOWEST = 10.0
NOWHERE = "redis://redis.internal:6379/0"
# Packets to this address (RFC 5737) go nowhere.
NO_ANSWER = "nameserver 192.0.2.1\n"


def _frozen(broker: Redis) -> None:
    broker.signal(signal.SIGSTOP)


def _killed(broker: Redis) -> None:
    broker.kill()


FAULTS = [
    pytest.param("sqlite", _frozen, id="sqlite-frozen"),
    pytest.param("sqlite", _killed, id="sqlite-killed"),
    pytest.param("postgresql", _frozen, id="postgresql-frozen", marks=pytest.mark.brief),
    pytest.param("postgresql", _killed, id="postgresql-killed"),
]
NAMELESS = [pytest.param("sqlite", marks=pytest.mark.brief), "postgresql"]


@pytest.fixture
def prepare(request, make_scene) -> Callable[[str], Scene]:
    """Prepare a run with limits on, on either database."""
    url = request.getfixturevalue("postgresql").url if request.param == "postgresql" else None

    def prepare(redis_url: str) -> Scene:
        return make_scene(Backend(url, None), False, REDIS_URL=redis_url, PROJCHAT_LIMITS="on")

    return prepare


@pytest.fixture
def nameless(tmp_path: Path) -> list[str]:
    """Words before a command that give it a file system in which no name server answers."""
    resolver = tmp_path / "resolv.conf"
    resolver.write_text(NO_ANSWER)
    unshare = shutil.which("unshare")
    rights = [] if os.geteuid() == 0 else ["--map-root-user"]
    mount = f'mount --bind {resolver} /etc/resolv.conf && exec "$@"'
    words = [str(unshare), *rights, "--mount", "sh", "-c", mount, "sh"]
    if not unshare or subprocess.run([*words, "true"], check=False).returncode:
        pytest.skip("no file system of one's own can be had here")
    return words


@pytest.mark.parametrize(("prepare", "fault"), FAULTS, indirect=["prepare"])
@pytest.mark.row("17", "60 posts at once, again and again, with Redis away", "0 × 5xx, within 2 s")
def test_limits_are_counted_without_redis(prepare, broker, fault, row, size):
    scene = prepare(broker.url).start()
    people, others = ([scene.newcomer() for _ in range(PEOPLE)] for _ in range(2))
    _measure(scene, others, row, "before", ROUNDS_IN_A_WINDOW)
    fault(broker)
    _measure(scene, people, row, "away", size(10, ROUNDS_IN_A_WINDOW))
    _over_the_limit(scene, people[0])
    assert "Redis is away: each process counts rate limits by itself" in scene.server.log()


@pytest.mark.parametrize("prepare", NAMELESS, indirect=True)
@pytest.mark.row(
    "17 name", "60 posts at once; Redis has a name, and no name server answers", "the same"
)
def test_limits_are_counted_without_names(prepare, nameless, row, size):
    scene = prepare(NOWHERE)
    scene.server.wrapper = nameless
    scene.start()
    people = [scene.newcomer() for _ in range(PEOPLE)]
    _measure(scene, people, row, "unresolvable", size(10, ROUNDS_IN_A_WINDOW))
    _over_the_limit(scene, people[0])


def _measure(scene: Scene, people: list[Person], row, name: str, rounds: int) -> None:
    """Post sixty times at once, in as many rounds; more than two in a window wait for the next."""
    took: list[float] = []
    for turn in range(rounds):
        if turn and turn % ROUNDS_IN_A_WINDOW == 0:
            time.sleep(WINDOW)
        took += _post_at_once(scene, people)
    took.sort()
    median, slowest = took[len(took) // 2] * 1000, took[-1]
    row.measured(
        f"{name}: {len(took)} posts, all 201, median {median:.0f} ms, slowest {slowest:.2f} s"
    )
    assert slowest < SLOWEST, name


def _post_at_once(scene: Scene, people: list[Person]) -> list[float]:
    answers = _answers_at_once(scene, people)
    assert [answer.status_code for answer in answers] == [201] * AT_ONCE
    return [answer.elapsed.total_seconds() for answer in answers]


def _over_the_limit(scene: Scene, person: Person) -> None:
    statuses = {answer.status_code for answer in _answers_at_once(scene, [person])}
    assert 429 in statuses
    assert statuses <= {201, 429}


def _answers_at_once(scene: Scene, people: list[Person]) -> list[requests.Response]:
    clones = [scene.by(people[n % len(people)], scene.server.url) for n in range(AT_ONCE)]
    path = f"{scene.project.api}/messages"
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda each: each.post(path, {"content": "at once"}), clones))
