"""PATCH /api/projects/<id>: renaming, describing, archiving."""

import pytest

from support.answers import refused


def last_event(person, project):
    message = person.get(f"{project.api}/messages", params={"limit": 1}).json()["messages"][0]
    return message["event"]


def test_it_works(alice, project):
    answer = alice.patch(project.api, {"name": "Renamed", "description": "For us."})
    assert answer.status_code == 200
    assert answer.json()["name"] == "Renamed"
    assert answer.json()["description"] == "For us."
    shown = alice.get(project.api).json()
    assert (shown["name"], shown["description"]) == ("Renamed", "For us.")


def test_an_administrator_may_too(dora, project):
    assert dora.patch(project.api, {"name": "Dora's"}).json()["name"] == "Dora's"


def test_the_room_hears_of_it(alice, bob, project):
    live = bob.live()
    live.join(project.id)
    alice.patch(project.api, {"name": "Renamed"})
    event = live.wait_for("new-message")["event"]
    assert event == {
        "type": "project-renamed",
        "userId": alice.id,
        "userName": "Alice",
        "text": "Renamed",
    }


def test_nothing_new_makes_no_noise(alice, project, database):
    alice.patch(project.api, {"name": "Same", "description": "Same"})
    with database.unchanged():
        assert alice.patch(project.api, {"name": "Same", "description": "Same"}).ok
        assert alice.patch(project.api, {}).ok
        assert alice.patch(project.api, {"archived": False}).ok


def test_it_archives_and_opens_again(alice, bob, project):
    body = alice.patch(project.api, {"archived": True}).json()
    assert body["archivedAt"]
    assert last_event(bob, project)["type"] == "project-archived"
    body = alice.patch(project.api, {"archived": False}).json()
    assert body["archivedAt"] is None
    assert last_event(bob, project)["type"] == "project-unarchived"
    project.post(bob, "back")


def test_an_archived_project_can_be_read(alice, bob, project):
    message = project.post(bob, "history")
    alice.patch(project.api, {"archived": True})
    assert bob.get(f"{project.api}/messages/{message['number']}").ok
    assert bob.get(project.page).status_code == 200
    assert bob.put(f"{project.api}/read", {"number": 1}).ok


def test_it_rejects_changes_of_an_archived_project(alice, project, database):
    alice.patch(project.api, {"archived": True})
    with database.unchanged():
        refused(alice.patch(project.api, {"name": "Late"}), 409, "project_archived")
        refused(alice.patch(project.api, {"description": "Late"}), 409, "project_archived")


def test_it_renames_while_opening_again(alice, project):
    alice.patch(project.api, {"archived": True})
    body = alice.patch(project.api, {"archived": False, "name": "Awake"}).json()
    assert (body["name"], body["archivedAt"]) == ("Awake", None)


def test_it_rejects_a_member(bob, project, database):
    with database.unchanged():
        for body in ({"name": "Bob's"}, {"description": "Bob's"}, {"archived": True}):
            refused(bob.patch(project.api, body), 403, "role_too_low")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "\0"}, "name"),
        ({"name": "\udc00"}, "name"),
        ({"name": {}}, "name"),
        ({"description": "x" * 2001}, "description"),
        ({"description": 1}, "description"),
        ({"archived": "yes"}, "archived"),
        ({"archived": 1}, "archived"),
        ({"role": "owner"}, "role"),
        ({"messageCount": 0}, "messageCount"),
    ],
)
def test_it_rejects(alice, project, database, body, field):
    with database.unchanged():
        refused(alice.patch(project.api, body), 422, "invalid", field)


def test_it_changes_nothing_where_one_field_is_wrong(alice, project, database):
    with database.unchanged():
        body = {"name": "Renamed", "description": "x" * 2001}
        refused(alice.patch(project.api, body), 422, "invalid", "description")
