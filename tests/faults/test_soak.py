"""A long ordinary day: memory, descriptors and database connections stay flat after warm-up."""

import time
from pathlib import Path

import pytest

from faults.scene import Scene
from support.database import Database

CLIENTS = 50
PER_SECOND = 5


def usage(scene: Scene) -> tuple[float, int, int]:
    pids = scene.server.worker_pids()
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    files = sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids)
    database = Database(scene.server)
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    connections = int(database.value(query)) - 1
    database.close()
    return pages * 4096 / 2**20, files, connections


@pytest.mark.row(
    "soak",
    "50 clients, 5 messages a second, churn, for 30 minutes",
    "memory, descriptors and database connections flat after warm-up",
)
def test_nothing_grows(large: Scene, row, size):
    seconds = size(1800, 40)
    names = large.node_readers(CLIENTS - 2, whole=False)
    for _ in range(2):
        large.reader()
    writers = [large.writer() for _ in range(PER_SECOND)]
    for writer in writers:
        writer.write(100_000, pause=1.0)
    samples = []
    began = time.monotonic()
    while (elapsed := time.monotonic() - began) < seconds:
        large.node.order("cut", large.rng.sample(names, 2))
        time.sleep(2)
        if elapsed > seconds / 4:
            samples.append(usage(large))
    for writer in writers:
        writer.stop()
    large.converge(20)
    count = large.judge()
    half = len(samples) // 2
    first, last = (
        tuple(sum(values) / len(part) for values in zip(*part, strict=True))
        for part in (samples[:half], samples[half:])
    )
    row.measured(
        f"{seconds} s, {count} messages; memory {first[0]:.0f} then {last[0]:.0f} MiB, "
        f"descriptors {first[1]:.0f} then {last[1]:.0f}, database connections {first[2]:.0f} "
        f"then {last[2]:.0f} (means of the two halves after warm-up)"
    )
    assert last[0] < first[0] * 1.05 + 5
    assert last[1] < first[1] + 10
    assert last[2] <= first[2] + 2
