"""PATCH /api/account: changing my account."""

import pytest

from support.answers import refused


def test_it_works(cast):
    person = cast.newcomer()
    answer = person.patch(
        "/api/account", {"name": " Anna Петрова ", "email": "anna@example.com", "locale": "ru"}
    )
    assert answer.status_code == 200
    user = answer.json()["user"]
    assert (user["name"], user["email"], user["locale"]) == (
        "Anna Петрова",
        "anna@example.com",
        "ru",
    )
    assert person.get("/api/session").json()["user"] == user


def test_what_is_not_given_stays(cast):
    person = cast.newcomer()
    person.patch("/api/account", {"email": "anna@example.com"})
    assert person.patch("/api/account", {"name": "Anna"}).json()["user"]["email"]
    assert person.patch("/api/account", {}).json()["user"]["name"] == "Anna"


@pytest.mark.parametrize("nothing", ["", None])
def test_it_takes_the_email_away(cast, nothing):
    person = cast.newcomer()
    person.patch("/api/account", {"email": "anna@example.com"})
    assert person.patch("/api/account", {"email": nothing}).json()["user"]["email"] is None


def test_others_see_the_new_name(cast, alice):
    person = cast.newcomer()
    project = cast.project(alice, [person])
    person.patch("/api/account", {"name": "Anna"})
    members = alice.get(project.api).json()["members"]
    assert {"id": person.id, "name": "Anna"}.items() <= members[1].items()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": " \u00a0"}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "a\ud800"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": "a\u200bb"}, "name"),
        ({"name": 5}, "name"),
        ({"email": "anna"}, "email"),
        ({"email": "anna@b\0c"}, "email"),
        ({"email": "anna@b\ud800"}, "email"),
        ({"email": "a" * 250 + "@b.com"}, "email"),
        ({"locale": "de"}, "locale"),
        ({"locale": ""}, "locale"),
        ({"username": "alice"}, "username"),
        ({"isAdmin": True}, "isAdmin"),
    ],
)
def test_it_rejects(alice, database, body, field):
    with database.unchanged():
        refused(alice.patch("/api/account", body), 422, "invalid", field)


def test_it_rejects_all_where_one_is_wrong(alice, database):
    with database.unchanged():
        refused(alice.patch("/api/account", {"name": "A", "email": "no"}), 422, "invalid", "email")
