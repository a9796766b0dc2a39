"""PUT and DELETE /api/projects/<id>/messages/<number>/pin, GET /api/projects/<id>/pins."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.answers import refused


@pytest.fixture
def message(bob, project):
    return project.post(bob, "The address of the café")


@pytest.fixture
def path(project, message):
    return f"{project.api}/messages/{message['number']}/pin"


def pinned(person, project):
    return [each["number"] for each in person.get(f"{project.api}/pins").json()["messages"]]


def test_it_works(alice, bob, project, message, path):
    answer = alice.put(path)
    assert answer.status_code == 200
    pin = answer.json()
    assert pin["pinnedAt"]
    assert (pin["pinnedBy"], pin["version"]) == (alice.id, message["version"] + 1)
    assert (pin["editedAt"], pin["content"]) == (None, message["content"])
    assert bob.get(f"{project.api}/pins").json() == {"messages": [pin], "hasMore": False}


def test_the_project_says_who_did(alice, project, message, path):
    alice.put(path)
    told = alice.get(f"{project.api}/messages/{message['number'] + 1}").json()
    assert told["kind"] == "system"
    assert told["event"] == {
        "type": "message-pinned",
        "userId": alice.id,
        "userName": "Alice",
        "number": message["number"],
    }


def test_the_members_hear_of_both(alice, bob, charlie, project, path):
    live, outsider = bob.live(), charlie.live()
    live.join(project.id)
    outsider.join(project.id)
    pin = alice.put(path).json()
    assert live.wait_for("message-updated") == pin
    assert live.wait_for("new-message")["version"] == pin["version"] + 1
    outsider.hears_nothing("message-updated", "new-message")


def test_the_latest_comes_first(alice, bob, project):
    numbers = [project.post(bob, f"{turn}")["number"] for turn in range(3)]
    for number in (numbers[1], numbers[0], numbers[2]):
        alice.put(f"{project.api}/messages/{number}/pin")
    assert pinned(alice, project) == [numbers[2], numbers[0], numbers[1]]


def test_anybody_may_let_go_of_it_and_quietly(alice, bob, project, path):
    alice.put(path)
    count = alice.get(project.api).json()["messageCount"]
    free = bob.delete(path).json()
    assert (free["pinnedAt"], free["pinnedBy"]) == (None, None)
    assert pinned(alice, project) == []
    assert alice.get(project.api).json()["messageCount"] == count


def test_a_second_time_changes_nothing(alice, bob, path, database):
    with database.unchanged():
        assert bob.delete(path).json()["pinnedAt"] is None
    first = alice.put(path).json()
    with database.unchanged():
        assert bob.put(path).json() == first


def test_two_at_once_say_it_once(alice, bob, project, path):
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda person: person.put(path).json(), (alice, bob))
    assert one == other
    told = [each["event"] for each in alice.get(f"{project.api}/messages").json()["messages"]]
    assert [event["type"] for event in told if event].count("message-pinned") == 1


def test_a_deleted_message_is_let_go_of(alice, bob, project, message, path):
    alice.put(path)
    tombstone = bob.delete(f"{project.api}/messages/{message['number']}").json()
    assert (tombstone["pinnedAt"], tombstone["pinnedBy"]) == (None, None)
    assert pinned(alice, project) == []


def test_it_rejects_a_deleted_message(alice, bob, project, message, path, database):
    bob.delete(f"{project.api}/messages/{message['number']}")
    with database.unchanged():
        refused(alice.put(path), 409, "message_deleted")


def test_it_rejects_more_than_a_hundred(alice, bob, project, path, database):
    for turn in range(100):
        number = project.post(bob, f"{turn}")["number"]
        assert alice.put(f"{project.api}/messages/{number}/pin").status_code == 200
    with database.unchanged():
        refused(alice.put(path), 409, "pins_full")


def test_it_rejects_what_the_project_says_itself(alice, project, database):
    with database.unchanged():
        refused(alice.put(f"{project.api}/messages/1/pin"), 409, "message_system")


def test_it_rejects_an_archived_project(alice, bob, project, path, database):
    alice.put(path)
    alice.patch(project.api, {"archived": True})
    with database.unchanged():
        refused(bob.delete(path), 409, "project_archived")


def test_it_rejects_somebody_removed_in_between(bob, project, path, database):
    project.remove(bob)
    with database.unchanged():
        refused(bob.put(path), 404, "not_found")


def test_it_rejects_a_message_that_is_not_there(bob, project):
    refused(bob.put(f"{project.api}/messages/9999/pin"), 404, "not_found")
