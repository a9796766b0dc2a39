"""A page ends at a number of bytes as well as at its count, and says what is left."""

import json

import pytest

PAGE_BYTES = 256 * 1024
LONG = "слово " * 1500
COUNT = 40


@pytest.fixture(scope="module")
def long(server, everybody):
    """A project with forty messages, all but the first two of which are long."""
    alice, bob = everybody.known("alice"), everybody.known("bob")
    project = everybody.project(alice, [bob])
    for number in range(3, COUNT + 1):
        project.post(alice, f"{number} {LONG}")
    return project


def page(person, project, path="messages", **params):
    answer = person.get(f"{project.api}/{path}", params={"limit": 500, **params})
    assert answer.status_code == 200, answer.text
    assert len(answer.content) < PAGE_BYTES + 1000
    body = answer.json()
    return [one["number"] for one in body["messages"]], body["hasMore"], body


def consecutive(numbers):
    return numbers == list(range(numbers[0], numbers[-1] + 1))


def test_the_newest_page_keeps_the_newest(bob, long):
    numbers, more, _ = page(bob, long)
    assert consecutive(numbers)
    assert (numbers[-1], more) == (COUNT, True)
    assert 5 < len(numbers) < 10


@pytest.mark.parametrize("around", [1, 2, 20, COUNT - 1, COUNT])
@pytest.mark.parametrize("limit", [50, 500])
def test_a_page_around_a_message_keeps_it_in_the_middle(bob, long, around, limit):
    numbers, more, _ = page(bob, long, around=around, limit=limit)
    assert consecutive(numbers)
    assert more
    before, after = around - numbers[0], numbers[-1] - around
    assert abs(before - after) <= 1 or numbers[0] == 1 or numbers[-1] == COUNT
    assert around in numbers


def test_a_page_from_a_date_has_the_message_that_was_looked_for(bob, long):
    moment = bob.get(f"{long.api}/messages/20").json()["createdAt"]
    numbers, more, body = page(bob, long, date=moment)
    assert (body["number"], more) == (20, True)
    assert 20 in numbers


@pytest.mark.parametrize("cursor", ["before", "after", "since"])
def test_all_pages_together_are_the_timeline(bob, long, cursor):
    seen, place, more = [], {"before": 1000, "after": 0, "since": 0}[cursor], True
    pages = 0
    while more:
        numbers, more, body = page(bob, long, **{cursor: place})
        seen = [*numbers, *seen] if cursor == "before" else [*seen, *numbers]
        place = {"before": numbers[0], "after": numbers[-1], "since": body["version"]}[cursor]
        pages += 1
    assert seen == list(range(1, COUNT + 1))
    assert pages > 3


def test_a_join_goes_on_from_where_it_stopped(bob, long):
    live, seen, since, more = bob.live(), [], 0, True
    while more:
        answer = live.join(long.id, since=since)
        seen += [one["number"] for one in answer["messages"]]
        since, more = answer["version"], answer["hasMore"]
    assert seen == list(range(1, COUNT + 1))
    assert since == long.version()


def test_a_join_that_starts_afresh_gives_the_newest(bob, long):
    answer = bob.live().join(long.id, since=long.version() + 1)
    numbers = [one["number"] for one in answer["messages"]]
    assert consecutive(numbers)
    assert (numbers[-1], answer["reset"], answer["hasMore"]) == (COUNT, True, False)
    assert 5 < len(numbers) < 10


@pytest.mark.parametrize(("limit", "count"), [(500, 7), (250, 3), (60, 1)])
@pytest.mark.parametrize("since", [0, 1000])
def test_half_a_page_has_half_the_bytes(bob, long, limit, count, since):
    join = {"projectId": long.id, "since": since, "limit": limit}
    answer = bob.live().call("join_room", join)
    # The first two messages of all are short.
    assert count <= len(answer["messages"]) <= count + 2


def test_the_project_page_opens_with_less(bob, long):
    answer = bob.get(f"{long.page}/messages/20")
    assert answer.ok
    # Beside it the page lists all projects of the person, however many there are.
    data = answer.text.partition('id="page-data">')[2].partition("</script>")[0]
    assert json.loads(data)["page"]["messages"]
    # It has a few words of its own; in it Cyrillic stands as it is.
    assert len(data.encode()) < PAGE_BYTES + 100_000


def test_a_thread_comes_in_pages(alice, bob, project):
    root = project.post(alice, LONG)["number"]
    replies = [project.post(bob, LONG, replyTo=root)["number"] for _ in range(12)]
    seen, after, more = [], 0, True
    while more:
        numbers, more, _ = page(bob, project, f"messages/{root}/thread", after=after)
        seen, after = [*seen, *numbers], numbers[-1]
    assert seen == [root, *replies]
