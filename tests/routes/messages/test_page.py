"""GET /api/projects/<id>/messages: pages of the timeline, and what has changed."""

import pytest

from support.answers import refused


@pytest.fixture(scope="module")
def long(server, everybody):
    """A project with thirty messages; the first two tell that it was made and Bob came."""
    alice, bob = everybody.known("alice"), everybody.known("bob")
    project = everybody.project(alice, [bob])
    for number in range(3, 31):
        project.post(alice, f"message {number}")
    return project


def page(person, project, **params):
    answer = person.get(f"{project.api}/messages", params=params)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return [one["number"] for one in body["messages"]], body


def test_it_works(bob, long):
    numbers, body = page(bob, long)
    assert set(body) == {"messages", "version", "hasMore", "history"}
    assert numbers == list(range(1, 31))
    assert body["version"] == 30
    assert body["hasMore"] is False


@pytest.mark.parametrize(
    ("params", "numbers", "more"),
    [
        ({"limit": 5}, range(26, 31), True),
        ({"limit": 500}, range(1, 31), False),
        ({"limit": 5, "before": 10}, range(5, 10), True),
        ({"limit": 5, "before": 4}, range(1, 4), False),
        ({"limit": 5, "before": 6}, range(1, 6), False),
        ({"limit": 5, "before": 1}, [], False),
        ({"limit": 5, "before": 0}, [], False),
        ({"limit": 5, "before": 1000}, range(26, 31), True),
        ({"limit": 5, "after": 10}, range(11, 16), True),
        ({"limit": 5, "after": 25}, range(26, 31), False),
        ({"limit": 5, "after": 30}, [], False),
        ({"limit": 5, "after": 0}, range(1, 6), True),
        ({"limit": 5, "after": 2**53 - 1}, [], False),
        ({"limit": 5, "around": 15}, range(13, 18), True),
        ({"limit": 5, "around": 1}, range(1, 6), True),
        ({"limit": 5, "around": 30}, range(26, 31), True),
        ({"limit": 5, "around": 1000}, range(26, 31), True),
        ({"limit": 50, "around": 15}, range(1, 31), False),
    ],
)
def test_it_gives_the_page(bob, long, params, numbers, more):
    got, body = page(bob, long, **params)
    assert got == list(numbers)
    assert body["hasMore"] is more
    assert body["version"] == 30


@pytest.mark.parametrize("direction", ["before", "after"])
def test_all_pages_together_are_the_timeline(bob, long, direction):
    seen, cursor = [], {"before": 1000, "after": 0}[direction]
    while True:
        numbers, body = page(bob, long, limit=7, **{direction: cursor})
        seen = [*numbers, *seen] if direction == "before" else [*seen, *numbers]
        if not body["hasMore"]:
            break
        cursor = numbers[0] if direction == "before" else numbers[-1]
    assert seen == list(range(1, 31))


# since


def test_since_gives_the_changes_in_their_order(alice, bob, project):
    path = f"{project.api}/messages"
    first, second = project.post(alice, "one"), project.post(alice, "two")
    version = project.version()
    third = project.post(bob, "three")
    alice.patch(f"{path}/{second['number']}", {"content": "two!"})
    alice.delete(f"{path}/{first['number']}")
    numbers, body = page(bob, project, since=version)
    assert numbers == [third["number"], second["number"], first["number"]]
    assert [one["version"] for one in body["messages"]] == [version + n for n in (1, 2, 3)]
    assert body["version"] == version + 3
    assert (body["hasMore"], body["reset"]) == (False, False)


def test_since_the_head_gives_nothing(bob, long):
    numbers, body = page(bob, long, since=30)
    assert (numbers, body["version"], body["hasMore"]) == ([], 30, False)


def test_since_goes_on_from_where_it_stopped(bob, long):
    seen, cursor = [], 0
    while True:
        numbers, body = page(bob, long, since=cursor, limit=7)
        seen += numbers
        cursor = body["version"]
        if not body["hasMore"]:
            break
    assert seen == list(range(1, 31))
    assert cursor == 30


def test_since_ahead_of_the_server_says_to_start_afresh(bob, long):
    numbers, body = page(bob, long, since=31)
    assert (numbers, body["version"], body["reset"]) == ([], 30, True)


def test_old_state_and_changes_make_the_new_state(alice, bob, project):
    path = f"{project.api}/messages"
    for number in range(5):
        project.post(alice, f"message {number}")
    _, before = page(bob, project)
    newest = before["messages"][-1]["number"]
    alice.patch(f"{path}/{newest - 1}", {"content": "edited"})
    project.post(bob, "new", replyTo=newest)
    alice.delete(f"{path}/{newest}")
    alice.patch(project.api, {"name": "Renamed"})
    known = {one["number"]: one for one in before["messages"]}
    _, changes = page(bob, project, since=before["version"])
    known |= {one["number"]: one for one in changes["messages"]}
    _, after = page(bob, project)
    assert [known[number] for number in sorted(known)] == after["messages"]
    assert changes["version"] == after["version"]


# Refusals


@pytest.mark.parametrize("cursor", ["before", "after", "around", "since"])
@pytest.mark.parametrize("value", ["-1", "x", "", "1.5", "1e3", str(2**53), "9" * 50, "null", "\0"])
def test_it_rejects_a_cursor_that_is_no_number(bob, long, cursor, value):
    answer = bob.get(f"{long.api}/messages", params={cursor: value})
    refused(answer, 422, "invalid", cursor)


@pytest.mark.parametrize("value", ["0", "-1", "501", "x", "", "9" * 50])
def test_it_rejects_a_limit_out_of_range(bob, long, value):
    refused(bob.get(f"{long.api}/messages", params={"limit": value}), 422, "invalid", "limit")


@pytest.mark.parametrize(
    "params",
    [
        {"before": 5, "after": 1},
        {"before": 5, "around": 1},
        {"after": 5, "since": 1},
        {"before": 5, "after": 1, "around": 3, "since": 1},
    ],
)
def test_it_rejects_two_cursors(bob, long, params):
    answer = bob.get(f"{long.api}/messages", params=params)
    error = refused(answer, 422, "invalid", "query")
    assert "one of" in error["fields"]["query"]


def test_it_rejects_what_it_does_not_know(bob, long):
    refused(bob.get(f"{long.api}/messages", params={"page": 2}), 422, "invalid", "page")


def test_it_rejects_an_outsider_and_a_former_member(charlie, frank, project):
    for person in (charlie, frank):
        refused(person.get(f"{project.api}/messages"), 404, "not_found")
        refused(person.get(f"{project.api}/messages?since=0"), 404, "not_found")
