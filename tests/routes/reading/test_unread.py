"""PUT /api/projects/<id>/unread: reading something again later."""

import pytest

from support.answers import refused


@pytest.fixture
def number(alice, bob, project):
    """A message that Bob has read."""
    number = project.post(alice, "@bob, hello")["number"]
    bob.put(f"{project.api}/read", {"number": number})
    return number


def as_seen_by(viewer, person, project):
    members = viewer.get(project.api).json()["members"]
    return next(one["lastReadNumber"] for one in members if one["id"] == person.id)


def test_it_works(bob, project, number):
    answer = bob.put(f"{project.api}/unread", {"number": number})
    assert answer.status_code == 200
    assert answer.json() == {"lastReadNumber": number - 1}
    body = bob.get(project.api).json()
    assert (body["unread"], body["mentions"]) == (1, 1)
    assert as_seen_by(bob, bob, project) == number - 1


def test_only_ones_own_pages_hear_of_it(alice, bob, charlie, project, number):
    own, other, outsider = bob.live(), alice.live(), charlie.live()
    own.join(project.id)
    other.join(project.id)
    bob.put(f"{project.api}/unread", {"number": number})
    assert own.wait_for("marked-unread") == {"projectId": project.id, "number": number}
    for live in (other, outsider):
        live.hears_nothing("marked-unread", within=0.2)
        live.hears_nothing("read", within=0)


def test_the_others_still_see_it_read(alice, bob, project, number):
    bob.put(f"{project.api}/unread", {"number": 1})
    assert as_seen_by(alice, bob, project) == number
    live, own = alice.live(), bob.live()
    live.join(project.id)
    own.join(project.id)
    bob.put(f"{project.api}/read", {"number": 1})
    assert own.wait_for("read")["number"] == 1
    live.hears_nothing("read", within=0.2)
    assert as_seen_by(alice, bob, project) == number


def test_it_never_goes_forward(alice, bob, project, number):
    later = project.post(alice, "more")["number"]
    for each in (later, later + 1, later + 1000):
        answer = bob.put(f"{project.api}/unread", {"number": each})
        assert answer.json() == {"lastReadNumber": number}


@pytest.mark.parametrize("wrong", [0, -1, 2**53, "1", 1.5, None, True, [1]])
def test_it_rejects_what_is_no_number(bob, project, database, wrong):
    with database.unchanged():
        refused(bob.put(f"{project.api}/unread", {"number": wrong}), 422, "invalid", "number")
