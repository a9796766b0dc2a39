"""POST /api/setup: the first account."""

from concurrent.futures import ThreadPoolExecutor

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


def test_a_public_server_asks_for_the_token_in_its_log(make_server):
    server = make_server(PROJCHAT_ORIGINS="http://127.0.0.1:3000,https://chat.example")
    person = Person(server, "olga")
    for wrong in ({}, {"token": ""}, {"token": "0" * 32}, {"token": "ключ"}):
        refused(person.post("/api/setup", BODY | wrong), 422, "invalid", "token")
    token = server.setup_token()
    assert f'value="{token}"' in person.get(f"/setup?token={token}").text
    assert person.setup("Olga").status_code == 201


def test_of_several_at_once_one_becomes_the_administrator(make_server):
    server = make_server()
    people = [Person(server, f"{name}-first") for name in ("anna", "boris", "clara", "david")]
    for person in people:
        person.get("/api/session")
    with ThreadPoolExecutor(len(people)) as pool:
        statuses = list(pool.map(lambda person: person.setup("First").status_code, people))
    assert sorted(statuses) == [201, 409, 409, 409]


def test_it_rejects_a_second_time(anonymous, cast, database):
    cast.administrator()
    with database.unchanged():
        refused(anonymous.post("/api/setup", BODY), 409, "already_set_up")
