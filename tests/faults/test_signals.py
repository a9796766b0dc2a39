"""Row 13: the server is told to leave, or to reload, while people write."""

import signal
import time
from pathlib import Path

import pytest

from faults.scene import Scene, wait


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@pytest.mark.row("13", "TERM and HUP under load, 20 times", "nothing lost, no descriptors leaked")
def test_leaving_and_reloading_lose_nothing(scene: Scene, row, size, request):
    scene.node_readers(3)
    scene.reader()
    writers = [scene.writer() for _ in range(4)]
    for writer in writers:
        writer.write(100_000, pause=0.05)
    time.sleep(1)
    before = descriptors(scene.server.pid)
    for _ in range(size(20, 2)):
        _reload(scene)
        time.sleep(0.5)
    after = descriptors(scene.server.pid)
    of_workers = [descriptors(pid) for pid in scene.server.worker_pids()]
    stops = []
    for _ in range(size(20, 2)):
        stops.append(scene.server.stop(timeout=40))
        scene.server.start()
        time.sleep(0.5)
    for writer in writers:
        writer.stop()
    scene.converge(20)
    count = scene.judge()
    statuses = sum(dict(writer.receipts.statuses).get("cut", 0) for writer in writers)
    assert after <= before + 1, f"The master had {before} descriptors and has {after}."
    row.measured(
        f"{request.node.callspec.id}: {size(20, 2)} HUP and {size(20, 2)} TERM, {count} messages, "
        f"{statuses} requests found the door closed and were tried again, 0 lost; leaving took at "
        f"most {max(stops):.1f} s; descriptors of the master {before} then {after}, of a new "
        f"worker {max(of_workers)}"
    )


def _reload(scene: Scene) -> None:
    old = set(scene.server.worker_pids())
    scene.server.signal(signal.SIGHUP)
    wait(
        lambda: (now := set(scene.server.worker_pids())) and not now & old,
        60,
        "The old workers stay.",
    )
    scene.wait_until_served()
