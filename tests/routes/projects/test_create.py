"""POST /api/projects: a new project."""

import pytest

from support.answers import refused


def test_it_works(alice):
    answer = alice.post("/api/projects", {"name": " Разработка 🚀 ", "description": "We build."})
    assert answer.status_code == 201
    project = answer.json()
    assert project["name"] == "Разработка 🚀"
    assert project["description"] == "We build."
    assert project["role"] == "owner"
    assert project["archivedAt"] is None
    assert project["unread"] == 0
    assert alice.get(f"/api/projects/{project['id']}").json()["members"][0]["id"] == alice.id


def test_its_first_message_tells_who_made_it(alice):
    project = alice.post("/api/projects", {"name": "New"}).json()
    messages = alice.get(f"/api/projects/{project['id']}/messages").json()["messages"]
    assert [one["number"] for one in messages] == [1]
    assert messages[0]["kind"] == "system"
    assert messages[0]["event"] == {
        "type": "project-created",
        "userId": alice.id,
        "userName": "Alice",
        "text": "New",
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": " \n "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "a\x1bb"}, "name"),
        ({"name": "a\ud800b"}, "name"),
        ({"name": "a\x9bb"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": None}, "name"),
        ({"name": ["New"]}, "name"),
        ({"name": "New", "description": "x" * 2001}, "description"),
        ({"name": "New", "description": "a\0b"}, "description"),
        ({"name": "New", "description": "\ud800"}, "description"),
        ({"name": "New", "description": None}, "description"),
        ({"name": "New", "id": 5}, "id"),
    ],
)
def test_it_rejects(alice, database, body, field):
    with database.unchanged():
        refused(alice.post("/api/projects", body), 422, "invalid", field)
