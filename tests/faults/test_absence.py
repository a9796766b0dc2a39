"""Row 6: somebody is away while much happens."""

import pytest

from faults.scene import Scene

HEAL_SECONDS = 20
WRITERS = 4


@pytest.mark.brief
@pytest.mark.row(
    "06",
    "offline during 5,000 changes, edits and deletions among them",
    "equal to a fresh client",
)
@pytest.mark.parametrize("beyond", [False, True], ids=["within reach", "beyond reach"])
def test_they_see_what_everybody_sees(scene: Scene, row, size, beyond, request):
    changes = 5300 if beyond else size(4900, 700)
    if beyond and size(0, 1):
        pytest.skip("the short form stays within reach")
    names = scene.node_readers(2)
    reader = scene.reader()
    everybody = [scene.writer() for _ in range(WRITERS)]
    for writer in everybody:
        writer.write(20, changes=0.5)
        writer.wait(60)
    scene.converge(HEAL_SECONDS)
    reader.sleep()
    scene.node.order("sleep", names)
    before = scene.version()
    while (missing := changes - (scene.version() - before)) > 0:
        for writer in everybody:
            writer.write(max(1, int(missing / WRITERS / 1.31)), changes=0.3)
        for writer in everybody:
            writer.wait(600)
    missed = scene.version() - before
    reader.wake()
    scene.node.order("wake", names)
    seconds = scene.converge(HEAL_SECONDS)
    count = scene.judge()
    resets = [status["resets"] for status in scene.node.status().values()] + [reader.resets]
    assert all(resets) == (missed > 5000), resets
    row.measured(
        f"{request.node.callspec.id}: {missed} changes missed, {count} messages, equal after "
        f"{seconds:.1f} s, {'started afresh' if all(resets) else 'caught up page by page'}"
    )
