"""POST /api/session: logging in."""

import time

import pytest

from support.answers import refused
from support.person import Person


def test_it_works(server, cast):
    person = cast.newcomer()
    elsewhere = Person(server, person.username)
    answer = elsewhere.login()
    assert answer.status_code == 200
    assert answer.json()["user"]["id"] == person.id
    assert elsewhere.get("/api/projects").ok


@pytest.mark.parametrize("spell", [str.upper, str.title, lambda name: f" {name} "])
def test_it_knows_the_name_in_any_spelling(server, cast, spell):
    person = cast.newcomer("Élodie")
    elsewhere = Person(server, spell(person.username))
    assert elsewhere.login().status_code == 200


def test_the_token_of_a_stranger_is_still_good_inside(server, alice):
    person = Person(server, "alice")
    before = person._token()
    person.login()
    assert person.patch("/api/session", {"locale": "en"}, csrf=before).ok


def test_it_gives_a_new_session(server, alice):
    """A cookie that was planted before the login does not come to be inside with it."""
    person = Person(server, "alice")
    person.get("/api/session")
    planted = person.cookie_header()
    person.login()
    thief = Person(server)
    thief.http.headers["Cookie"] = planted
    assert thief.get("/api/session").json()["user"] is None


@pytest.mark.parametrize("username", ["alice", "bob"])
def test_it_ends_the_login_that_this_browser_had(server, alice, bob, username):
    person = Person(server, "alice")
    person.login()
    former = person.cookie_header()
    tab = person.live()
    again = Person(server, username)
    again.http.cookies = person.http.cookies
    assert again.login().ok
    tab.wait_until_disconnected()
    thief = Person(server)
    thief.http.headers["Cookie"] = former
    assert thief.get("/api/session").json()["user"] is None
    assert thief.get("/api/projects").status_code == 401
    assert again.get("/api/projects").ok


def test_a_wrong_password_ends_no_login(server, alice):
    person = Person(server, "alice")
    person.login()
    assert person.login("wrong horse").status_code == 401
    assert person.get("/api/projects").ok


def test_it_rejects_a_wrong_password(server, alice, database):
    with database.unchanged(besides=("processes",)):
        refused(Person(server, "alice").login("wrong horse"), 401, "invalid_credentials")


def test_it_rejects_an_unknown_name_in_the_same_words(server, alice):
    wrong = refused(Person(server, "alice").login("wrong horse"), 401, "invalid_credentials")
    unknown = refused(Person(server, "nobody").login("wrong horse"), 401, "invalid_credentials")
    assert wrong == unknown


def test_it_rejects_an_unknown_name_after_the_same_time(server, alice):
    people = [Person(server, "alice"), Person(server, "nobody")]
    for person in people:
        person.get("/api/session")

    def seconds(person):
        began = time.perf_counter()
        person.login("wrong horse")
        return time.perf_counter() - began

    # Whatever else the machine does adds to some tries; the quickest of many says what it takes.
    tries = [[seconds(person) for person in people] for _ in range(8)]
    known, unknown = map(min, zip(*tries, strict=True))
    assert 1 / 2 < known / unknown < 2


def test_it_rejects_somebody_who_was_disabled(server, cast):
    person = cast.newcomer()
    assert server.command("user", "disable", person.username).returncode == 0
    refused(Person(server, person.username).login(), 401, "invalid_credentials")
    refused(person.get("/api/projects"), 401, "unauthenticated")


@pytest.mark.parametrize("password", ["", "a\0b", "x" * 1000])
def test_it_rejects_strange_passwords_as_wrong_ones(server, alice, password):
    refused(Person(server, "alice").login(password), 401, "invalid_credentials")


@pytest.mark.parametrize("username", ["", "\0", "%", "' OR 1=1", "\u202e", "ﷺ" * 900])
def test_it_rejects_strange_names_as_unknown_ones(server, username):
    refused(Person(server, username).login(), 401, "invalid_credentials")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["username", "password"]),
        ({"username": "alice"}, ["password"]),
        ({"username": 1, "password": None}, ["username", "password"]),
        ({"username": ["alice"], "password": {}}, ["username", "password"]),
        ({"username": "alice", "password": "x" * 1001}, ["password"]),
        ({"username": "\ud800", "password": "\udfff"}, ["username", "password"]),
        ({"username": "alice", "password": "x", "admin": True}, ["admin"]),
    ],
)
def test_it_rejects_malformed_fields(anonymous, body, fields):
    refused(anonymous.post("/api/session", body), 422, "invalid", *fields)
