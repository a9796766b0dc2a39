"""/api/account/sessions: where I am logged in."""

import pytest

from support.answers import refused

PATH = "/api/account/sessions"


def sessions(person):
    return person.get(PATH).json()["sessions"]


def test_it_works(cast):
    person = cast.newcomer()
    person.http.headers["User-Agent"] = "Firefox/1"
    elsewhere = person.again()
    mine = sessions(person)
    assert len(mine) == 2
    assert set(mine[0]) == {"id", "userAgent", "createdAt", "lastSeenAt", "current"}
    assert [one["id"] for one in mine if one["current"]] != [
        one["id"] for one in sessions(elsewhere) if one["current"]
    ]


def test_it_ends_one(cast):
    person = cast.newcomer()
    elsewhere = person.again()
    other = next(one for one in sessions(person) if not one["current"])
    answer = person.delete(f"{PATH}/{other['id']}")
    assert answer.status_code == 200
    assert [one["current"] for one in answer.json()["sessions"]] == [True]
    refused(elsewhere.get(PATH), 401, "unauthenticated")


def test_it_ends_all_others(cast):
    person = cast.newcomer()
    others = [person.again(), person.again()]
    assert len(person.delete(PATH).json()["sessions"]) == 1
    for other in others:
        refused(other.get(PATH), 401, "unauthenticated")
    assert person.get(PATH).ok


def test_it_does_not_show_those_of_others(cast):
    person, stranger = cast.newcomer(), cast.newcomer()
    mine = {one["id"] for one in sessions(person)}
    assert mine.isdisjoint(one["id"] for one in sessions(stranger))


def test_it_rejects_to_end_those_of_others(cast, database):
    person, stranger = cast.newcomer(), cast.newcomer()
    theirs = sessions(stranger)[0]["id"]
    refused(person.delete(f"{PATH}/{theirs}"), 404, "not_found")
    assert stranger.get(PATH).ok


@pytest.mark.parametrize("number", ["0", "-1", "x", "99999999999999999999", "1e3"])
def test_it_rejects_what_is_not_there(alice, number):
    refused(alice.delete(f"{PATH}/{number}"), 404, "not_found")


def test_a_long_user_agent_is_cut(server, cast):
    person = cast.newcomer()
    person.http.headers["User-Agent"] = "x" * 4000
    person.login()
    assert max(len(one["userAgent"]) for one in sessions(person)) == 200
