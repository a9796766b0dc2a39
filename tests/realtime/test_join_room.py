"""join_room: who may enter, and what they are told on entering."""

import pytest

TOO_FAR = 5001


def test_it_works(alice, bob, project):
    version = project.version()
    history = bob.get("/api/session").json()["history"]
    answer = bob.live().join(project.id)
    assert answer == {
        "ok": True,
        "messages": [],
        "version": version,
        "history": history,
        "hasMore": False,
        "reset": False,
        "presence": [{"id": bob.id, "name": bob.name}],
        "presenceCount": 1,
    }


def test_it_tells_what_has_changed(alice, bob, project):
    first = project.post(alice, "one")
    since = project.version()
    project.post(alice, "two")
    alice.patch(f"{project.api}/messages/{first['number']}", {"content": "one, edited"})
    answer = bob.live().join(project.id, since=since)
    assert [message["content"] for message in answer["messages"]] == ["two", "one, edited"]
    assert answer["version"] == project.version()


def test_it_takes_as_many_as_are_asked_for(alice, bob, project):
    since = project.version()
    sent = [project.post(alice, f"{turn}") for turn in range(5)]
    live = bob.live()
    join = {"projectId": project.id, "limit": 3}
    first = live.call("join_room", {**join, "since": since})
    assert (first["messages"], first["hasMore"]) == (sent[:3], True)
    rest = live.call("join_room", {**join, "since": first["version"]})
    assert (rest["messages"], rest["hasMore"]) == (sent[3:], False)
    afresh = live.call("join_room", {**join, "since": rest["version"] + 1})
    assert (afresh["messages"], afresh["reset"]) == (sent[-3:], True)


def test_it_delivers_what_comes_after(alice, bob, project):
    live = bob.live()
    live.join(project.id)
    sent = project.post(alice, "hello")
    assert live.wait_for("new-message") == sent


def test_members_hear_edits_and_deletions(alice, bob, project):
    number = project.post(alice, "hello")["number"]
    live = bob.live()
    live.join(project.id)
    edited = alice.patch(f"{project.api}/messages/{number}", {"content": "good day"}).json()
    deleted = alice.delete(f"{project.api}/messages/{number}").json()
    live.wait_for("message-updated", lambda message: message["deletedAt"])
    assert live.events("message-updated") == [edited, deleted]
    assert deleted["content"] == deleted["html"] == ""


def test_a_client_ahead_of_the_server_starts_afresh(alice, bob, project):
    sent = project.post(alice, "hello")
    answer = bob.live().join(project.id, since=project.version() + 1)
    assert answer["reset"]
    assert answer["messages"][-1] == sent
    assert answer["version"] == project.version()


def test_a_room_that_was_not_entered_is_silent(alice, bob, project):
    live = bob.live()
    project.post(alice, "hello")
    live.hears_nothing("new-message")


def test_a_room_that_was_left_is_silent(alice, bob, project):
    live = bob.live()
    live.join(project.id)
    assert live.call("leave_room", {"projectId": project.id}) == {"ok": True}
    project.post(alice, "hello")
    live.hears_nothing("new-message")


def test_one_project_does_not_hear_another(cast, alice, bob, project):
    other = cast.project(alice, [bob])
    live = bob.live()
    live.join(other.id)
    project.post(alice, "hello")
    live.hears_nothing("new-message")


def test_it_rejects_an_outsider_like_a_project_that_is_not_there(alice, charlie, project):
    live = charlie.live()
    refused = live.join(project.id)
    assert refused["error"]["code"] == "not_found"
    assert refused == live.join(2**40)
    project.post(alice, "hello")
    live.hears_nothing("new-message")


def test_it_rejects_a_former_member(alice, frank, project):
    live = frank.live()
    assert live.join(project.id)["error"]["code"] == "not_found"
    project.post(alice, "hello")
    live.hears_nothing("new-message")


@pytest.mark.parametrize(
    "data",
    [
        None,
        "1",
        7,
        [],
        {},
        {"projectId": "1"},
        {"projectId": True},
        {"projectId": 1.5},
        {"projectId": -1},
        {"projectId": 2**64},
        {"projectId": 1, "since": -1},
        {"projectId": 1, "since": "0"},
        {"projectId": 1, "limit": 0},
        {"projectId": 1, "limit": 501},
        {"projectId": 1, "limit": "5"},
        {"projectId": 1, "more": 1},
    ],
)
def test_it_rejects_what_is_not_a_request(bob, data):
    live = bob.live()
    answer = live.client.call("join_room", data, timeout=5)
    assert answer["ok"] is False
    assert answer["error"]["code"] == "invalid"
    assert live.connected


def test_it_rejects_too_few_and_too_many_arguments(bob, project):
    live = bob.live()
    assert live.client.call("join_room", timeout=5)["error"]["code"] == "invalid"
    two = live.client.call("join_room", ({"projectId": project.id}, 2), timeout=5)
    assert two["error"]["code"] == "invalid"
