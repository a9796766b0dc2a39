"""Row 7: a crowd comes in while people write."""

import pytest

from faults.scene import Scene

HEAL_SECONDS = 60
PEOPLE = 10


@pytest.mark.brief
@pytest.mark.row("07", "messages posted while 1,000 clients join", "no hole")
def test_nobody_misses_what_is_said_meanwhile(scene: Scene, row, size, request):
    clients = size(1000, 100)
    people = [scene.newcomer() for _ in range(PEOPLE)]
    writers = [scene.writer() for _ in range(2)]
    for writer in writers:
        writer.write(10_000, pause=0.2, changes=0.2)
    names: list[str] = []
    for person in people:
        names += scene.node_readers(clients // PEOPLE, whole=False, person=person)
    for writer in writers:
        writer.stop()
    seconds = scene.converge(HEAL_SECONDS)
    fresh = scene.node_readers(1)[0]
    count = scene.judge_in_brief(names, fresh)
    row.measured(
        f"{request.node.callspec.id}: {len(names)} clients joined during {count} messages, "
        f"all equal {seconds:.1f} s after the last"
    )
