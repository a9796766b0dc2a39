"""Row 5: one clientId many times at the same moment."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from faults.scene import Scene

AT_ONCE = 20


@pytest.mark.brief
@pytest.mark.row("05", "the same `clientId` 20 times at once over two workers", "one row, 20 equal")
def test_it_makes_one_message(large: Scene, row, size):
    rounds = size(100, 10)
    person = large.newcomer()
    writer = large.writer(person=person)
    person.get("/api/session")
    doubles = [large.by(person, large.server.url) for _ in range(AT_ONCE)]
    large.node_readers(1)
    gate = threading.Barrier(AT_ONCE)
    statuses: list[int] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for turn in range(rounds):
            client_id, content = writer.new_id(), f"message {turn}"
            writer.receipts.tried[client_id] = content

            def send(double, client_id=client_id, content=content):
                gate.wait(10)
                # A connection of its own each time, so that both workers take part.
                double.http.close()
                body = {"content": content, "clientId": client_id}
                return double.post(f"{large.project.api}/messages", body)

            answers = list(pool.map(send, doubles))
            assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
            assert len({answer.text for answer in answers}) == 1
            writer.receipts.acknowledged[client_id] = answers[0].json()
            statuses += [answer.status_code for answer in answers]
    large.converge(15)
    count = large.judge()
    row.measured(f"{rounds} rounds: {len(statuses)} answers, {count} rows, all answers equal")
