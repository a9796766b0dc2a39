"""Row 8: only the last event is dropped, so nothing after it tells of the gap."""

import pytest

from faults.scene import Scene

HEAL_SECONDS = 15


@pytest.mark.brief
@pytest.mark.row("08", "only the last emit is dropped", "healed by the beacon within 15 s")
def test_the_beacon_tells(scene: Scene, row, size, request):
    times = size(20, 2)
    scene.node_readers(2)
    scene.reader()
    writer = scene.writer()
    slowest = 0.0
    for turn in range(times):
        writer.send(f"heard {turn}")
        scene.converge(HEAL_SECONDS)
        scene.order("drop")
        writer.send(f"dropped {turn}")
        assert not scene.ordered("drop")
        slowest = max(slowest, scene.converge(HEAL_SECONDS))
    scene.judge()
    row.measured(f"{request.node.callspec.id}: {times} times, healed within {slowest:.1f} s")
