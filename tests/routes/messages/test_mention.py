"""Mentions: who is called in a message, what is stored, who hears of it."""

import pytest


def mentions(person, project):
    """How many unread mentions a person's list shows."""
    mine = person.get("/api/projects").json()["projects"]
    return next(one["mentions"] for one in mine if one["id"] == project.id)


def test_it_works(alice, bob, dora, project):
    message = project.post(alice, "@Bob and @dora: look, @alice and @all too: `@eve`")
    assert message["mentions"] == sorted([bob.id, dora.id])
    assert f'data-user="{bob.id}">@Bob</span>' in message["html"]
    assert [mentions(person, project) for person in (alice, bob, dora)] == [0, 1, 1]
    assert bob.get(project.api).json()["mentionNumbers"] == [message["number"]]
    bob.put(f"{project.api}/read", {"number": message["number"]})
    assert mentions(bob, project) == 0


def test_outsiders_are_neither_marked_nor_stored(alice, bob, charlie, frank, project, database):
    live = [person.live() for person in (charlie, frank)]
    message = project.post(alice, "@charlie @frank @nobody-at-all")
    assert message["mentions"] == []
    assert "<span" not in message["html"]
    assert (
        database.value("SELECT count(*) FROM mentions WHERE project_id = :id", id=project.id) == 0
    )
    for outsider in live:
        outsider.hears_nothing("mentioned", within=0.2)


def test_whoever_is_mentioned_hears_of_it_in_any_project(alice, bob, dora, project):
    mentioned, other = bob.live(), dora.live()
    message = project.post(alice, "Hello @bob")
    news = {"projectId": project.id, "number": message["number"], "userId": bob.id}
    assert mentioned.wait_for("mentioned") == news
    mentioned.hears_nothing("new-message", within=0.1)
    other.hears_nothing("mentioned", within=0.1)


def test_a_small_room_may_be_called_by_anybody(alice, bob, dora, project):
    message = project.post(bob, "@all: lunch")
    assert message["mentions"] == sorted([alice.id, dora.id])
    assert 'data-user="all">@all</span>' in message["html"]


def test_a_large_room_is_called_by_those_who_manage_it(cast, alice, bob, dora, project):
    project.admit(*[cast.newcomer() for _ in range(9)])
    by_a_member = project.post(bob, "@all: lunch, @dora")
    assert by_a_member["mentions"] == [dora.id]
    assert ">@all<" not in by_a_member["html"]
    by_an_admin = project.post(dora, "@all: lunch")
    assert len(by_an_admin["mentions"]) == 11
    assert dora.id not in by_an_admin["mentions"]


def test_an_edit_changes_who_is_mentioned(alice, bob, dora, project, database):
    live = dora.live()
    path = f"{project.api}/messages/{project.post(alice, 'Hello @bob')['number']}"
    assert alice.patch(path, {"content": "Hello @dora"}).json()["mentions"] == [dora.id]
    assert [mentions(person, project) for person in (bob, dora)] == [0, 1]
    live.wait_for("mentioned")
    live.forget()
    alice.patch(path, {"content": "Hello again, @dora"})
    live.hears_nothing("mentioned", within=0.2)
    assert alice.delete(path).json()["mentions"] == []
    assert mentions(dora, project) == 0
    assert (
        database.value("SELECT count(*) FROM mentions WHERE project_id = :id", id=project.id) == 0
    )


def test_it_counts_from_where_one_has_read(alice, bob, project):
    first = project.post(alice, "@bob one")["number"]
    project.post(alice, "@bob two")
    assert mentions(bob, project) == 2
    bob.put(f"{project.api}/read", {"number": first})
    assert mentions(bob, project) == 1
    project.post(bob, "here I am")
    assert mentions(bob, project) == 0


def test_a_removed_member_drops_out_of_the_count(alice, bob, project):
    project.post(alice, "@bob")
    project.remove(bob)
    assert project.id not in [one["id"] for one in bob.get("/api/projects").json()["projects"]]
    assert project.post(alice, "@bob")["mentions"] == []


@pytest.mark.parametrize("username", ["all", "ALL", "a11"])
def test_nobody_is_called_all(anonymous, project, username):
    token = project.owner.post(f"{project.api}/invites", {}).json()["token"]
    account = {"username": username, "password": "correct horse battery"}
    answer = anonymous.post(f"/api/invites/{token}", account)
    assert answer.status_code == 422
    assert "username" in answer.json()["error"]["fields"]
