"""typing: passed on to the others in the room."""

import pytest


def test_it_works(alice, bob, project):
    writer, reader = alice.live(), bob.live()
    writer.join(project.id)
    reader.join(project.id)
    assert writer.call("typing", {"projectId": project.id, "isTyping": True}) == {"ok": True}
    news = {
        "projectId": project.id,
        "userId": alice.id,
        "userName": alice.name,
        "isTyping": True,
    }
    assert reader.wait_for("user-typing") == news
    writer.hears_nothing("user-typing")


def test_it_does_not_reach_outsiders(alice, charlie, project):
    writer, outsider = alice.live(), charlie.live()
    writer.join(project.id)
    outsider.join(project.id)
    writer.call("typing", {"projectId": project.id, "isTyping": True})
    outsider.hears_nothing("user-typing")


def test_it_keeps_the_order_of_one_writer(alice, bob, project):
    writer, reader = alice.live(), bob.live()
    writer.join(project.id)
    reader.join(project.id)
    for turn in range(20):
        writer.emit("typing", {"projectId": project.id, "isTyping": turn % 2 == 0})
    writer.call("typing", {"projectId": project.id, "isTyping": True})
    reader.wait_for("user-typing", lambda _: len(reader.events("user-typing")) == 21)
    turns = [event["isTyping"] for event in reader.events("user-typing")]
    assert turns == [*([True, False] * 10), True]


def test_it_rejects_somebody_outside_the_room(bob, charlie, project):
    for person in (bob, charlie):
        answer = person.live().call("typing", {"projectId": project.id, "isTyping": True})
        assert answer["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    "data", [None, {}, {"projectId": 1}, {"projectId": 1, "isTyping": "yes"}, "typing"]
)
def test_it_rejects_what_is_not_a_request(bob, data):
    assert bob.live().client.call("typing", data, timeout=5)["error"]["code"] == "invalid"
