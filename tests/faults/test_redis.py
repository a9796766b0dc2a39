"""Row 9: Redis is killed, stands still, or hangs up."""

import signal
import time

import pytest

from faults.scene import Scene
from support.backend import Backend

HEAL_SECONDS = 15
P99_SECONDS = 1.0


@pytest.fixture
def limited(postgresql, broker, make_scene) -> Scene:
    """With rate limits on, whose counters are in Redis too."""
    backend = Backend(postgresql.url, broker.url)
    return make_scene(backend, WEB_CONCURRENCY="2", PROJCHAT_LIMITS="on")


@pytest.mark.row(
    "09",
    "Redis killed for 1, 17 and 70 s; stopped (SIGSTOP) 30 s; its clients killed 50 times",
    "POST p99 under 1 s, everything repaired within 15 s, also while it is down",
)
def test_chat_goes_on_without_redis(limited: Scene, broker, row, size):
    scene = limited
    scene.node_readers(4)
    for _ in range(4):
        scene.reader()
    writers = [scene.writer() for _ in range(4)]
    for writer in writers:
        # The limit is 20 in 10 s.
        writer.write(100_000, pause=0.7, changes=0.1)
    time.sleep(3)
    for seconds in size((1, 17, 70), (1, 17)):
        broker.kill()
        _watch(scene, row, f"away {seconds} s", seconds)
        broker.start()
        _watch(scene, row, f"back after {seconds} s", HEAL_SECONDS)
    seconds = size(30, 10)
    broker.signal(signal.SIGSTOP)
    _watch(scene, row, f"stopped {seconds} s", seconds)
    broker.signal(signal.SIGCONT)
    _watch(scene, row, "going again", 5)
    for _ in range(size(50, 5)):
        broker.kill_clients()
        time.sleep(0.3)
    _watch(scene, row, f"clients killed {size(50, 5)} times", 5)
    for writer in writers:
        writer.stop()
    scene.converge(HEAL_SECONDS)
    scene.judge()


def _watch(scene: Scene, row, name: str, seconds: float) -> None:
    """How long POSTs took and readers lagged; nobody may be longer behind than the bound."""
    starts = [len(writer.receipts.seconds) for writer in scene.writers]
    began = time.monotonic()
    time.sleep(seconds)
    took = sorted(
        second
        for writer, start in zip(scene.writers, starts, strict=True)
        for second in writer.receipts.seconds[start:]
    )
    lag = max(_lag(scene, reader, began) for reader in scene.readers)
    p99 = took[int(len(took) * 0.99)] if took else 0.0
    row.measured(f"{name}: {len(took)} requests, p99 {p99 * 1000:.0f} ms, lag {lag:.1f} s")
    assert p99 < P99_SECONDS, f"{name}: {took[-5:]}"
    assert lag < HEAL_SECONDS, name


def _lag(scene: Scene, reader, since: float) -> float:
    """The longest that an acknowledged change took to reach a reader."""
    applied = list(reader.times)
    worst, place = 0.0, 0
    stamps = sorted(stamp for writer in scene.writers for stamp in list(writer.stamps))
    for version, at in stamps:
        if at < since:
            continue
        while place < len(applied) and applied[place][0] < version:
            place += 1
        arrived = applied[place][1] if place < len(applied) else time.monotonic()
        worst = max(worst, arrived - at)
    return worst
