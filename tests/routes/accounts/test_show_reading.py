"""PATCH /api/account {showReading}: whether others see how far I have read."""

import pytest


@pytest.fixture
def shy(cast):
    """Somebody who does not show how far they have read."""
    person = cast.newcomer(name="Shy")
    assert (
        person.patch("/api/account", {"showReading": False}).json()["user"]["showReading"] is False
    )
    return person


@pytest.fixture
def room(cast, alice, shy):
    return cast.project(alice, [shy])


def mark(viewer, person, project):
    members = viewer.get(project.api).json()["members"]
    return next(one["lastReadNumber"] for one in members if one["id"] == person.id)


def test_their_mark_is_theirs_alone(alice, shy, room):
    live, own = alice.live(), shy.live()
    live.join(room.id)
    own.join(room.id)
    number = room.post(alice, "hello")["number"]
    assert shy.put(f"{room.api}/read", {"number": number}).ok
    assert own.wait_for("read")["number"] == number
    live.hears_nothing("read", lambda news: news["userId"] == shy.id)
    assert mark(alice, shy, room) is None
    assert mark(shy, shy, room) == number
    page = alice.get(room.page).text
    assert '"lastReadNumber": null' in page or '"lastReadNumber":null' in page


def test_the_open_pages_learn_of_the_choice(cast, alice):
    person = cast.newcomer()
    room = cast.project(alice, [person])
    number = room.post(person, "hello")["number"]
    live = alice.live()
    live.join(room.id)
    news = {"projectId": room.id, "userId": person.id}
    for shown, told in ((False, None), (True, number)):
        live.forget()
        assert person.patch("/api/account", {"showReading": shown}).ok
        assert live.wait_for("read") == {**news, "number": told}
        assert mark(alice, person, room) == told
        live.forget()
        person.patch("/api/account", {"showReading": shown})
        live.hears_nothing("read", within=0.1)


@pytest.mark.parametrize("value", ["no", 0, []])
def test_it_rejects_what_is_no_choice(shy, value):
    answer = shy.patch("/api/account", {"showReading": value})
    assert answer.status_code == 422
    assert "showReading" in answer.json()["error"]["fields"]
