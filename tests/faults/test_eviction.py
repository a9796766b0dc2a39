"""Row 15: whoever may not listen any more hears nothing soon after, with Redis and without."""

import time

import pytest

from faults.scene import Scene
from support.cast import done

UP_SECONDS, DOWN_SECONDS = 2.0, 15.0


@pytest.mark.row(
    "15",
    "member removed, login ended, user disabled during traffic, Redis up and down",
    "nothing reaches them 2 s after (15 s with Redis down)",
)
@pytest.mark.parametrize("up", [True, False], ids=["Redis up", "Redis down"])
def test_nothing_reaches_them(large: Scene, broker, row, size, up, request):
    figures = _figures(
        large, None if up else broker, size(10, 2), UP_SECONDS if up else DOWN_SECONDS
    )
    row.measured(f"{request.node.callspec.id}: {figures}")


@pytest.mark.row("15b", "the same on SQLite with one worker", "nothing reaches them 2 s after")
def test_nothing_reaches_them_on_sqlite(small: Scene, row, size):
    row.measured(_figures(small, None, size(10, 2), UP_SECONDS))


def _figures(scene: Scene, broker, times: int, bound: float) -> str:
    watcher = scene.reader()
    writer = scene.writer()
    writer.write(100_000, pause=0.03)
    if broker is not None:
        broker.kill()
        # The end of the run needs it again.
        scene.stack.callback(broker.start)
    slowest = dict.fromkeys(("removed", "logged out", "disabled"), 0.0)
    for _ in range(times):
        victims = {name: scene.newcomer() for name in slowest}
        readers = {name: scene.reader(person=person) for name, person in victims.items()}
        for reader in readers.values():
            scene.readers.remove(reader)
            _wait_until_hearing(reader)
        acted = {}
        scene.project.remove(victims["removed"])
        acted["removed"] = time.monotonic()
        done(victims["logged out"].delete("/api/session"))
        acted["logged out"] = time.monotonic()
        ended = scene.server.command("user", "disable", victims["disabled"].username)
        assert ended.returncode == 0, ended.stderr
        acted["disabled"] = time.monotonic()
        time.sleep(bound + 2)
        for name, reader in readers.items():
            slowest[name] = max(slowest[name], reader.last_event_at - acted[name])
            reader.close()
    writer.stop()
    scene.converge(20)
    scene.judge()
    assert watcher.green
    assert max(slowest.values()) < bound, slowest
    return f"{times} times each, the last event came " + ", ".join(
        f"{max(0, seconds):.1f} s after being {name}" for name, seconds in slowest.items()
    )


def _wait_until_hearing(reader) -> None:
    deadline = time.monotonic() + 15
    before = reader.events
    while reader.events < before + 2:
        assert time.monotonic() < deadline, f"{reader.name} hears nothing: {reader.refused}"
        time.sleep(0.05)
