"""PUT /api/account/password: changing my password."""

import pytest

from support.answers import refused
from support.person import PASSWORD, Person

NEW = "another long password"


def test_it_works(server, cast):
    person = cast.newcomer()
    body = {"currentPassword": PASSWORD, "newPassword": NEW}
    assert person.put("/api/account/password", body).status_code == 200
    assert person.get("/api/projects").ok
    refused(Person(server, person.username).login(), 401, "invalid_credentials")
    assert Person(server, person.username).login(NEW).ok


def test_it_ends_the_other_logins(cast):
    person = cast.newcomer()
    elsewhere = person.again()
    person.put("/api/account/password", {"currentPassword": PASSWORD, "newPassword": NEW})
    refused(elsewhere.get("/api/projects"), 401, "unauthenticated")


def test_it_keeps_a_hash_and_not_the_password(cast, database):
    person = cast.newcomer()
    person.put("/api/account/password", {"currentPassword": PASSWORD, "newPassword": NEW})
    kept = database.value("SELECT password_hash FROM users WHERE id = :id", id=person.id)
    assert kept.startswith("$argon2id$")
    assert NEW not in kept


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["currentPassword", "newPassword"]),
        ({"currentPassword": "wrong", "newPassword": NEW}, ["currentPassword"]),
        ({"currentPassword": PASSWORD, "newPassword": "short"}, ["newPassword"]),
        ({"currentPassword": PASSWORD, "newPassword": "x" * 201}, ["newPassword"]),
        ({"currentPassword": PASSWORD, "newPassword": "\ud800" * 9}, ["newPassword"]),
        ({"currentPassword": "\ud800", "newPassword": NEW}, ["currentPassword"]),
        ({"currentPassword": PASSWORD, "newPassword": 12345678}, ["newPassword"]),
        ({"currentPassword": None, "newPassword": NEW}, ["currentPassword"]),
    ],
)
def test_it_rejects(alice, database, body, fields):
    with database.unchanged():
        refused(alice.put("/api/account/password", body), 422, "invalid", *fields)
