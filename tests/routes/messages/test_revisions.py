"""GET /api/projects/<id>/messages/<number>/revisions: what a message said before."""

import pytest

from support.answers import refused


@pytest.fixture
def message(bob, project):
    return project.post(bob, "One")


@pytest.fixture
def path(project, message):
    return f"{project.api}/messages/{message['number']}"


def texts(person, path):
    revisions = person.get(f"{path}/revisions").json()["revisions"]
    return [each["content"] for each in revisions]


def test_it_works(alice, bob, message, path):
    assert texts(alice, path) == []
    first = bob.patch(path, {"content": "*Two*"}).json()
    bob.patch(path, {"content": "Three"})
    assert alice.get(f"{path}/revisions").json() == {
        "revisions": [
            {"content": "One", "html": "<p>One</p>", "createdAt": message["createdAt"]},
            {"content": "*Two*", "html": first["html"], "createdAt": first["editedAt"]},
        ],
        "hasMore": False,
    }


def test_a_refused_edit_keeps_nothing(alice, bob, path):
    alice.patch(path, {"content": "Mine"})
    bob.patch(path, {"content": "One"})
    bob.patch(path, {"content": ""})
    assert texts(alice, path) == []


def test_a_reaction_or_a_pin_keeps_nothing(alice, path):
    alice.put(f"{path}/reactions/👍")
    alice.put(f"{path}/pin")
    assert texts(alice, path) == []


def test_of_very_many_the_latest_are_told(alice, bob, path):
    for turn in range(102):
        bob.patch(path, {"content": f"{turn}"})
    told = texts(alice, path)
    assert (len(told), told[0], told[-1]) == (100, "1", "100")


def test_a_deleted_message_has_none(alice, bob, path):
    bob.patch(path, {"content": "Two"})
    bob.delete(path)
    assert texts(alice, path) == []


def test_it_rejects_outsiders(alice, bob, charlie, frank, path):
    bob.patch(path, {"content": "Two"})
    for person in (charlie, frank):
        refused(person.get(f"{path}/revisions"), 404, "not_found")


def test_it_rejects_a_message_that_is_not_there(bob, project):
    refused(bob.get(f"{project.api}/messages/9999/revisions"), 404, "not_found")
