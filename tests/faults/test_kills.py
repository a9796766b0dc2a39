"""Row 3: the worker is killed at every step of a message's way."""

import pytest

from faults.scene import Scene, wait

PLACES = ("before-insert", "before-commit", "after-commit", "before-emit", "after-emit")
HEAL_SECONDS = 15


@pytest.mark.brief
@pytest.mark.row(
    "03",
    "killed before insert, before and after commit, before and after emit, after publish",
    "exactly once",
)
def test_a_worker_killed_on_the_way_loses_and_doubles_nothing(large: Scene, row, size):
    times = size(50, 2)
    figures = kill_everywhere(large, (*PLACES, "after-publish"), times)
    row.measured(f"PostgreSQL and Redis, 2 workers: {figures}")


@pytest.mark.row(
    "03b",
    "the same on SQLite with one worker",
    "exactly once",
)
def test_the_only_worker_killed_loses_and_doubles_nothing(small: Scene, row, size):
    row.measured(f"SQLite: {kill_everywhere(small, PLACES, size(50, 2))}")


def kill_everywhere(scene: Scene, places: tuple[str, ...], times: int) -> str:
    scene.node_readers(2)
    scene.reader()
    writer = scene.writer()
    writer.send("the first")
    scene.converge(HEAL_SECONDS)
    slowest = 0.0
    for place in places:
        for turn in range(times):
            scene.order(place)
            writer.send(f"{place} {turn}")
            if scene.ordered(place):
                wait(lambda at=place: not scene.ordered(at), 5, f"Nobody came by {place}.")
        slowest = max(slowest, scene.converge(HEAL_SECONDS))
    count = scene.judge()
    tries = sum(writer.receipts.statuses.values())
    return (
        f"{times} kills at each of {len(places)} places, {count} messages, {tries} tries, "
        f"0 lost, 0 twice, whole after at most {slowest:.1f} s"
    )
