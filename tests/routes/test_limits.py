"""How often one may try: on a server of its own, since the others run without limits."""

import pytest

from support.answers import refused
from support.cast import Cast
from support.person import Person
from support.server import Server


@pytest.fixture(scope="module")
def limited(tmp_path_factory, backend):
    settings = {"PROJCHAT_LIMITS": "on", "PROJCHAT_LOGINS_PER_MINUTE": "1000"}
    server = Server(tmp_path_factory.mktemp("limited"), backend, **settings)
    try:
        yield Cast(server.start())
    finally:
        server.close()


@pytest.fixture(scope="module")
def olga(limited):
    return limited.administrator()


def test_it_limits_messages(limited, olga):
    project = limited.project(olga)
    path = f"{project.api}/messages"
    statuses = [olga.post(path, {"content": str(n)}).status_code for n in range(21)]
    assert statuses == [201] * 20 + [429]
    answer = olga.post(path, {"content": "one more"})
    refused(answer, 429, "rate_limited")
    assert 0 < int(answer.headers["Retry-After"]) <= 10
    assert olga.get(path).ok


def test_it_limits_searches_but_not_the_typing_of_one(limited, olga):
    project = limited.project(olga)
    paths = [f"{project.api}/search?q=a", "/api/search?q=a"]
    statuses = [olga.get(paths[n % 2]).status_code for n in range(61)]
    assert statuses == [200] * 60 + [429]


def test_it_limits_tries_at_my_password(olga):
    body = {"currentPassword": "wrong", "newPassword": "another long password"}
    statuses = [olga.put("/api/account/password", body).status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]


def test_it_limits_tries_at_one_account_in_any_spelling(limited, olga):
    spellings = ["olga", "OLGA", " Olga ", "ｏｌｇａ"]
    people = [Person(limited.server, spelling) for spelling in spellings]
    statuses = [people[n % 4].login("wrong horse").status_code for n in range(11)]
    assert statuses == [401] * 10 + [429]
    answer = people[0].login()
    refused(answer, 429, "rate_limited")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("body", ["[1]", '"x"', "5", "null", "{"])
def test_malformed_tries_are_refused_and_change_no_count(limited, body):
    stranger = Person(limited.server, f"nobody-{body.encode().hex()}")
    statuses = [stranger.login("wrong horse").status_code for _ in range(9)]
    headers = {"Content-Type": "application/json"}
    answer = stranger.request("POST", "/api/session", data=body, headers=headers)
    refused(answer, 400, "not_json")
    statuses += [stranger.login("wrong horse").status_code for _ in range(2)]
    assert statuses == [401] * 10 + [429]


def test_only_who_must_wait_is_told_how_long(limited, olga):
    for answer in (olga.get("/api/session"), Person(limited.server).get("/login")):
        told = {name for name in answer.headers if "rate" in name.lower() or name == "Retry-After"}
        assert answer.ok
        assert not told


def test_it_limits_logins_from_one_address(make_server):
    server = make_server(PROJCHAT_LIMITS="on", PROJCHAT_LOGINS_PER_MINUTE="2")
    statuses = [Person(server, name).login("wrong horse").status_code for name in "abc"]
    assert statuses == [401, 401, 429]


def test_it_limits_guesses_at_invites(limited):
    stranger = Person(limited.server)
    statuses = [stranger.get(f"/api/invites/guess-{n}").status_code for n in range(61)]
    assert statuses == [404] * 60 + [429]


def test_it_limits_new_files(limited, olga):
    path = f"{limited.project(olga).api}/uploads"
    statuses = [olga.post(path, {"name": "a", "size": 1}).status_code for _ in range(61)]
    assert statuses.index(429) == 60
