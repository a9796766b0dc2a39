"""POST /api/setup: the first account."""

import pytest

from support.answers import refused
from support.person import Person
from support.server import Server

BODY = {"name": "Olga", "username": "olga", "password": "correct horse battery"}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory, backend):
    server = Server(tmp_path_factory.mktemp("fresh"), backend)
    try:
        yield server.start()
    finally:
        server.close()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"username": "a"}, "username"),
        ({"username": "olga!"}, "username"),
        ({"username": "оlga"}, "username"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 201}, "password"),
        ({"password": "\ud800" * 8}, "password"),
        ({"name": ""}, "name"),
        ({"name": "Ol\u202ega"}, "name"),
        ({"name": "O" * 65}, "name"),
    ],
)
def test_it_rejects(fresh, change, field):
    refused(Person(fresh).post("/api/setup", BODY | change), 422, "invalid", field)


def test_it_works(fresh):
    person = Person(fresh, "Olga")
    assert person.get("/").headers["Location"] == "/setup"
    assert person.get("/login").headers["Location"] == "/setup"
    assert person.get("/setup").status_code == 200
    answer = person.setup("Olga Orlova")
    assert answer.status_code == 201
    user = answer.json()["user"]
    assert user["username"] == "olga"
    assert user["name"] == "Olga Orlova"
    assert user["isAdmin"] is True
    assert person.get("/api/projects").json() == {"projects": []}
    assert person.get("/setup").headers["Location"] == "/"


def test_it_rejects_a_second_time(anonymous, cast, database):
    cast.administrator()
    with database.unchanged():
        refused(anonymous.post("/api/setup", BODY), 409, "already_set_up")
