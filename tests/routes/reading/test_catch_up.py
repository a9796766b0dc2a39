"""GET /api/projects/<id>/catch-up: what happened since I was last here."""

import pytest

from support.answers import refused


def numbers(body, section):
    return [message["number"] for message in body[section]]


@pytest.fixture
def absence(alice, bob, dora, project):
    """Bob wrote and went; what the others did meanwhile, by name."""
    before = project.post(alice, "An old promise")["number"]
    mine = project.post(bob, "I am off")["number"]
    done = {
        "mention": project.post(alice, "@bob, where are you")["number"],
        "reply": project.post(dora, "Have fun", replyTo=mine)["number"],
        "question": project.post(dora, "When does he come back?")["number"],
        "answered": project.post(alice, "Is that so?")["number"],
    }
    project.post(dora, "It is", replyTo=done["answered"])
    gone = project.post(alice, "A slip?")["number"]
    alice.delete(f"{project.api}/messages/{gone}")
    alice.patch(f"{project.api}/messages/{before}", {"content": "A new promise"})
    return {**done, "mine": mine, "changed": before, "until": gone}


def test_it_works(alice, bob, dora, project, absence):
    body = bob.get(f"{project.api}/catch-up").json()
    assert (body["since"], body["until"], body["count"]) == (absence["mine"], absence["until"], 5)
    assert body["people"] == [
        {"id": dora.id, "name": "Dora", "count": 3},
        {"id": alice.id, "name": "Alice", "count": 2},
    ]
    assert numbers(body, "mentions") == [absence["mention"]]
    assert numbers(body, "replies") == [absence["reply"]]
    assert numbers(body, "questions") == [absence["question"]]
    assert numbers(body, "changed") == [absence["changed"]]
    assert body["changed"][0] == bob.get(f"{project.api}/messages/{absence['changed']}").json()


def test_it_begins_where_it_is_asked_to(bob, project, absence):
    bob.put(f"{project.api}/read", {"number": absence["until"]})
    nothing = bob.get(f"{project.api}/catch-up").json()
    assert (nothing["count"], nothing["mentions"], nothing["questions"]) == (0, [], [])
    params = {"since": absence["mine"]}
    assert bob.get(f"{project.api}/catch-up", params=params).json()["count"] == 5
    beyond = bob.get(f"{project.api}/catch-up", params={"since": 10**6}).json()
    assert beyond["since"] == beyond["until"] == absence["until"]


def test_everybody_sees_their_own(alice, project, absence):
    body = alice.get(f"{project.api}/catch-up", params={"since": absence["mine"]}).json()
    assert numbers(body, "mentions") == []
    assert numbers(body, "replies") == [absence["answered"] + 1]


def test_it_can_sum_up_everything(cast, project, absence):
    newcomer = cast.newcomer()
    project.admit(newcomer)
    assert newcomer.get(f"{project.api}/catch-up").json()["count"] == 0
    body = newcomer.get(f"{project.api}/catch-up", params={"since": 0}).json()
    assert body["since"] == 0
    assert body["changed"] == []
    assert body["count"] == 7


@pytest.mark.parametrize("params", [{"since": -1}, {"since": "x"}, {"since": 2**60}, {"until": 1}])
def test_it_rejects_what_is_no_number(bob, project, params):
    refused(bob.get(f"{project.api}/catch-up", params=params), 422, "invalid", *params)
