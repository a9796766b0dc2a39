"""GET /api/projects/<id>/catch-up: what happened since I was last here."""

import pytest

from support.answers import refused
from support.cast import done
from support.files import picture, post, upload
from support.history import lengthen

MOST_LISTED = 50
LONGEST_LOOK = 5000


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


def test_files_are_listed(alice, bob, project):
    shown = post(alice, project, upload(alice, project, "plan.png", picture()), content="The plan")
    bare = post(alice, project, upload(alice, project))
    gone = post(alice, project, upload(alice, project))["number"]
    assert alice.delete(f"{project.api}/messages/{gone}").ok
    post(bob, project, upload(bob, project))
    body = bob.get(f"{project.api}/catch-up", params={"since": shown["number"] - 1}).json()
    assert body["files"] == [shown, bare]
    assert body["files"][0]["attachments"][0]["name"] == "plan.png"
    later = bob.get(f"{project.api}/catch-up", params={"since": shown["number"]}).json()
    assert numbers(later, "files") == [bare["number"]]


def pin(person, project, message):
    done(person.put(f"{project.api}/messages/{message['number']}/pin"))


def test_pins_of_others_are_listed_however_old(alice, bob, dora, project):
    before, old, mine, free = (project.post(alice, text) for text in ("a", "b", "c", "d"))
    pin(alice, project, before)
    since = project.post(bob, "I am off")["number"]
    new = project.post(alice, "new")
    pin(dora, project, new)
    pin(alice, project, old)
    pin(bob, project, mine)
    pin(alice, project, free)
    done(alice.delete(f"{project.api}/messages/{free['number']}/pin"))
    body = bob.get(f"{project.api}/catch-up", params={"since": since}).json()
    assert numbers(body, "pinned") == [new["number"], old["number"]]
    assert [message["pinnedBy"] for message in body["pinned"]] == [dora.id, alice.id]
    assert body["count"] == 1
    everything = bob.get(f"{project.api}/catch-up", params={"since": 0}).json()
    assert numbers(everything, "pinned") == [each["number"] for each in (before, new, old)]


def test_what_is_pinned_at_the_mark_is_not_news(alice, bob, project):
    pin(alice, project, project.post(alice, "a"))
    told = bob.get(f"{project.api}/messages", params={"limit": 1}).json()["messages"][0]
    assert told["event"]["type"] == "message-pinned"
    for since, count in ((told["number"], 0), (told["number"] - 1, 1)):
        body = bob.get(f"{project.api}/catch-up", params={"since": since}).json()
        assert len(body["pinned"]) == count


def test_each_section_is_limited(alice, bob, project):
    since = project.post(bob, "I am off")["number"]
    for number in range(MOST_LISTED + 2):
        last = project.post(alice, f"@bob {number}?", replyTo=since)
        pin(alice, project, last)
    body = bob.get(f"{project.api}/catch-up").json()
    assert body["count"] == MOST_LISTED + 2
    for section in ("mentions", "replies", "questions", "pinned"):
        assert len(body[section]) == MOST_LISTED
        assert numbers(body, section)[-1] == last["number"]


def test_of_a_long_absence_the_end_is_summed_up(server, alice, bob, project):
    early = post(alice, project, upload(alice, project))
    lengthen(server, project.id, alice.id, LONGEST_LOOK + early["number"])
    late = post(alice, project, upload(alice, project))
    body = bob.get(f"{project.api}/catch-up", params={"since": 0}).json()
    assert body["since"] == early["number"] + 1
    assert body["count"] == LONGEST_LOOK
    assert numbers(body, "files") == [late["number"]]


def test_the_outsider_learns_nothing(charlie, project, absence):
    refused(charlie.get(f"{project.api}/catch-up", params={"since": 0}), 404, "not_found")


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


def test_what_i_wrote_myself_is_no_news(alice, bob, project):
    since = project.post(alice, "Good night")["number"]
    project.post(bob, "Is anybody awake?")
    body = bob.get(f"{project.api}/catch-up", params={"since": since}).json()
    assert (body["count"], body["people"], body["questions"]) == (0, [], [])
    assert body["until"] == since + 1


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
