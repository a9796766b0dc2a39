"""DELETE /api/projects/<id>/messages/<number>: leaving a tombstone."""

import pytest

from support.answers import refused

SECRET = "Nobody else in these tests says this"


@pytest.fixture
def message(bob, project):
    return project.post(bob, SECRET, replyTo=1)


@pytest.fixture
def path(project, message):
    return f"{project.api}/messages/{message['number']}"


def test_it_works(bob, message, path):
    answer = bob.delete(path)
    assert answer.status_code == 200
    tombstone = answer.json()
    assert (tombstone["content"], tombstone["html"]) == ("", "")
    assert tombstone["deletedAt"]
    assert tombstone["version"] == message["version"] + 1
    assert tombstone["number"] == message["number"]
    assert tombstone["author"] == message["author"]


def test_nothing_of_its_words_is_left(bob, path, database):
    bob.patch(path, {"content": f"{SECRET}, edited"})
    bob.delete(path)
    contents = database.contents()
    for table in ("messages", "revisions"):
        assert not [row for row in contents[table] if SECRET in row], table


def test_the_members_hear_of_it(alice, bob, charlie, project, path):
    live, outsider = alice.live(), charlie.live()
    live.join(project.id)
    outsider.join(project.id)
    tombstone = bob.delete(path).json()
    assert live.wait_for("message-updated") == tombstone
    outsider.hears_nothing("message-updated")


def test_those_who_manage_the_project_may_too(alice, dora, bob, project):
    for person in (alice, dora):
        number = project.post(bob, "Spam")["number"]
        assert person.delete(f"{project.api}/messages/{number}").status_code == 200


def test_an_administrator_may_delete_the_owners(alice, dora, project):
    number = project.post(alice, "Hello")["number"]
    assert dora.delete(f"{project.api}/messages/{number}").status_code == 200


def test_a_second_time_changes_nothing(bob, path, database):
    first = bob.delete(path).json()
    with database.unchanged():
        assert bob.delete(path).json() == first


def test_it_rejects_another_member(cast, project, path, database):
    eve = cast.known("eve")
    project.admit(eve)
    with database.unchanged():
        refused(eve.delete(path), 403, "not_author")


def test_it_rejects_what_the_project_says_itself(alice, project, database):
    with database.unchanged():
        refused(alice.delete(f"{project.api}/messages/1"), 403, "not_author")


def test_it_rejects_an_archived_project(alice, bob, project, path, database):
    alice.patch(project.api, {"archived": True})
    with database.unchanged():
        refused(bob.delete(path), 409, "project_archived")


def test_it_rejects_somebody_removed_in_between(bob, project, path, database):
    project.remove(bob)
    with database.unchanged():
        refused(bob.delete(path), 404, "not_found")


def test_it_rejects_a_message_that_is_not_there(bob, project):
    refused(bob.delete(f"{project.api}/messages/9999"), 404, "not_found")
