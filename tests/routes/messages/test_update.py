"""PATCH /api/projects/<id>/messages/<number>: editing."""

import pytest

from support.answers import refused


@pytest.fixture
def message(bob, project):
    return project.post(bob, "Hello")


@pytest.fixture
def path(project, message):
    return f"{project.api}/messages/{message['number']}"


def test_it_works(bob, message, path):
    answer = bob.patch(path, {"content": "Hello, *all*\n"})
    assert answer.status_code == 200
    edited = answer.json()
    assert edited["content"] == "Hello, *all*"
    assert edited["html"] == "<p>Hello, <em>all</em></p>"
    assert edited["editedAt"] > edited["createdAt"]
    assert edited["version"] == message["version"] + 1
    same = ("id", "number", "clientId", "author", "createdAt", "replyTo", "kind")
    assert {key: edited[key] for key in same} == {key: message[key] for key in same}
    assert bob.get(path).json() == edited


def test_the_members_hear_of_it(alice, bob, charlie, project, path):
    live, outsider = alice.live(), charlie.live()
    live.join(project.id)
    outsider.join(project.id)
    edited = bob.patch(path, {"content": "Hello, all"}).json()
    assert live.wait_for("message-updated") == edited
    outsider.hears_nothing("message-updated")


def test_it_does_not_count_as_unread(alice, bob, project, message, path):
    alice.put(f"{project.api}/read", {"number": message["number"]})
    bob.patch(path, {"content": "Edited"})
    assert alice.get(project.api).json()["unread"] == 0


def test_the_same_text_changes_nothing(alice, bob, project, path, database):
    live = alice.live()
    live.join(project.id)
    with database.unchanged():
        assert bob.patch(path, {"content": "Hello\n"}).json()["editedAt"] is None
    live.hears_nothing("message-updated", within=0.2)


def test_it_works_on_what_the_author_has_seen(bob, path):
    first = bob.patch(path, {"content": "Once", "editedAt": None}).json()
    second = bob.patch(path, {"content": "Twice", "editedAt": first["editedAt"]})
    assert second.json()["content"] == "Twice"


def test_it_rejects_overwriting_what_the_author_has_not_seen(bob, path, database):
    bob.patch(path, {"content": "In another tab"})
    with database.unchanged():
        answer = bob.patch(path, {"content": "Here", "editedAt": None})
        refused(answer, 409, "message_changed")


def test_a_retry_is_answered_and_what_was_cut_off_comes_too_late(bob, path, database):
    once = {"content": "Once", "editedAt": None}
    first = bob.patch(path, once).json()
    with database.unchanged():
        assert bob.patch(path, once).json() == first
    bob.patch(path, {"content": "Twice", "editedAt": first["editedAt"]})
    with database.unchanged():
        refused(bob.patch(path, once), 409, "message_changed")


def test_it_rejects_everybody_but_the_author(alice, dora, path, database):
    with database.unchanged():
        for person in (alice, dora):
            refused(person.patch(path, {"content": "Mine"}), 403, "not_author")


def test_it_rejects_a_deleted_message(bob, path, database):
    bob.delete(path)
    with database.unchanged():
        refused(bob.patch(path, {"content": "Back"}), 409, "message_deleted")


def test_it_rejects_an_archived_project(alice, bob, project, path, database):
    alice.patch(project.api, {"archived": True})
    with database.unchanged():
        refused(bob.patch(path, {"content": "Late"}), 409, "project_archived")


def test_it_rejects_what_the_project_says_itself(alice, project, database):
    with database.unchanged():
        answer = alice.patch(f"{project.api}/messages/1", {"content": "Mine"})
        refused(answer, 403, "not_author")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "content"),
        ({"content": ""}, "content"),
        ({"content": "\n \n"}, "content"),
        ({"content": "x" * 10_001}, "content"),
        ({"content": "a\0"}, "content"),
        ({"content": "\ud83d"}, "content"),
        ({"content": None}, "content"),
        ({"content": 1}, "content"),
        ({"content": "a", "clientId": "b"}, "clientId"),
        ({"content": "a", "deletedAt": None}, "deletedAt"),
        ({"content": "a", "editedAt": 1}, "editedAt"),
    ],
)
def test_it_rejects_malformed_fields(bob, path, database, body, field):
    with database.unchanged():
        refused(bob.patch(path, body), 422, "invalid", field)


def test_it_rejects_somebody_removed_in_between(bob, project, path, database):
    project.remove(bob)
    with database.unchanged():
        refused(bob.patch(path, {"content": "After"}), 404, "not_found")


def test_it_rejects_a_message_that_is_not_there(bob, project):
    refused(bob.patch(f"{project.api}/messages/9999", {"content": "a"}), 404, "not_found")
