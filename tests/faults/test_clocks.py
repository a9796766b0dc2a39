"""Row 16: the clocks of the server and of the clients disagree, and step back."""

from datetime import datetime

import pytest

from faults.scene import Scene
from support.cast import done

HOUR = 3600


@pytest.mark.row(
    "16",
    "server's and client's clocks an hour apart, stepping back",
    "order and sessions unharmed",
)
def test_clocks_decide_nothing(small: Scene, row, size):
    scene, clock = small, small.orders / "clock"
    clock.write_text("0")
    scene.node_readers(2)
    fast, slow = scene.node_readers(1), scene.node_readers(1)
    scene.node.order("shiftClock", seconds=-HOUR)
    scene.reader()
    writers = [scene.writer() for _ in range(3)]
    stamps = []
    for step in (0, HOUR, 0, -HOUR, -HOUR - 7, HOUR):
        clock.write_text(str(step))
        for writer in writers:
            writer.write(size(50, 10))
        scene.outbox(fast[0], 3)
        scene.outbox(slow[0], 3)
        for writer in writers:
            writer.wait(60)
        scene.converge(20)
        stamps.append(done(scene.alice.get(f"{scene.project.api}/messages"))["messages"][-1])
    assert done(scene.alice.get("/api/session"))["user"]
    times = [datetime.fromisoformat(message["createdAt"]) for message in stamps]
    assert (times[1] - times[0]).total_seconds() > HOUR / 2, "The server's clock was not moved."
    assert times[3] < times[2], "The server's clock did not step back."
    count = scene.judge()
    row.measured(
        f"{count} messages while the server's clock went +1 h, back, -1 h, -7 s, +2 h and the "
        f"clients' stood an hour behind: in one order, everybody still logged in"
    )
