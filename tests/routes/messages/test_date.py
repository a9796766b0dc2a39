"""GET /api/projects/<id>/messages?date=…: the page of a day."""

import pytest

from support.answers import refused
from support.surgery import execute


@pytest.fixture
def days(server, alice, project):
    """Messages 3 to 8, two a day from the first to the third of March."""
    for number in range(3, 9):
        project.post(alice, f"message {number}")
        moment = f"2026-03-0{(number - 1) // 2} 1{number}:00:00.000000"
        execute(
            server,
            "UPDATE messages SET created_at = :moment WHERE project_id = :id AND number <= :number"
            " AND number >= :first",
            moment=moment,
            id=project.id,
            number=number,
            first=1 if number == 3 else number,
        )
    return project


@pytest.mark.parametrize(
    ("date", "number"),
    [
        ("2026-03-02", 5),
        ("2026-03-02T15:00:00Z", 5),
        ("2026-03-02T15:00:01Z", 6),
        ("2026-03-02T18:30:00+03:00", 6),
        ("2026-03-03", 7),
        ("1990-01-01", 1),
        ("0001-01-01T00:00:00+14:00", 1),
        ("2026-04-01", None),
        ("9999-12-31T23:59:59-12:00", None),
    ],
)
def test_it_works(bob, days, date, number):
    answer = bob.get(f"{days.api}/messages", params={"date": date, "limit": 3})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["number"] == number
    found = [message["number"] for message in body["messages"]]
    assert (number or 8) in found
    assert len(found) == 3
    assert body["hasMore"] is True


@pytest.mark.parametrize("date", ["", "yesterday", "2026-02-30", "1e400", "2026-03-02\0"])
def test_it_rejects_what_is_no_date(bob, project, date):
    refused(bob.get(f"{project.api}/messages", params={"date": date}), 422, "invalid", "date")


def test_it_rejects_two_cursors(bob, project):
    params = {"date": "2026-03-02", "before": 3}
    refused(bob.get(f"{project.api}/messages", params=params), 422, "invalid", "query")
