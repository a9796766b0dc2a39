"""What holds for every address of the API that changes something."""

import re

import pytest

from support.answers import refused
from support.contract import Rule, unsafe_rules
from support.files import begin
from support.person import Person

JSON = {"Content-Type": "application/json"}
# The bytes of a file are no JSON; tests/routes/uploads/test_receive.py has what they must be.
TAKES_BYTES = "PATCH /api/projects/<int:project_id>/uploads/<upload_id>"
# What the address says is all that these are told.
TAKES_NOTHING = ("/pin", "/reactions/<emoji>")
TAKES_JSON = [
    rule
    for rule in unsafe_rules()
    if rule.method != "DELETE"
    and str(rule) != TAKES_BYTES
    and not (rule.method == "PUT" and rule.path.endswith(TAKES_NOTHING))
]


@pytest.fixture
def fill(alice, bob, project):
    """The address of a rule, in a project of Alice's."""
    invite = alice.post(f"{project.api}/invites", {}).json()
    values = {
        "project_id": project.id,
        "number": project.post(alice, "Hello")["number"],
        "user_id": bob.id,
        "login_id": 1,
        "invite_id": invite["id"],
        "upload_id": begin(alice, project, "a.txt", 10)["id"],
        "token": invite["token"],
        "emoji": "👍",
    }

    def path(rule: Rule) -> str:
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values[match[1]]), rule.path)

    return path


@pytest.mark.parametrize("rule", unsafe_rules(), ids=str)
@pytest.mark.parametrize("token", [None, "", "wrong", "ImFiYyI.aaaa.bbbb", "\xff"])
def test_it_rejects_a_missing_and_a_wrong_token(alice, fill, database, rule, token):
    with database.unchanged():
        answer = alice.request(rule.method, fill(rule), json={}, csrf=token)
        refused(answer, 403, "csrf_failed")


def test_it_rejects_the_token_of_another_session(alice, bob, project, database):
    with database.unchanged():
        answer = alice.post(f"{project.api}/messages", {"content": "a"}, csrf=bob._token())
        refused(answer, 403, "csrf_failed")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1", ""])
def test_it_rejects_pages_from_elsewhere(alice, project, database, origin):
    with database.unchanged():
        body, headers = {"content": "a"}, {"Origin": origin}
        refused(alice.post(f"{project.api}/messages", body, headers=headers), 403, "csrf_failed")


@pytest.mark.parametrize("rule", TAKES_JSON, ids=str)
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"content=a", "application/x-www-form-urlencoded"),
        (b'{"content": "a"}', "text/plain"),
        (b'{"content": ', "application/json"),
        (b"[]", "application/json"),
        (b'"text"', "application/json"),
        (b"null", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b'{"a": NaN', "application/json"),
        (b"[" * 5000, "application/json"),
        (b'{"a":' * 5000, "application/json"),
        (b'{"content": ' + b"9" * 5000 + b"}", "application/json"),
    ],
)
def test_it_rejects_what_is_not_a_json_object(alice, fill, database, rule, data, kind):
    with database.unchanged():
        path, headers = fill(rule), {"Content-Type": kind}
        before = database.contents()
        answer = alice.request(rule.method, path, data=data, headers=headers)
        refused(answer, 400, "not_json")
        assert database.contents() == before


def test_it_rejects_a_body_that_is_too_large(alice, project, database):
    data = b'{"content": "' + b"a" * 300_000 + b'"}'
    with database.unchanged():
        answer = alice.post(f"{project.api}/messages", data=data, headers=JSON)
        refused(answer, 413, "too_large")


def test_it_rejects_a_chunked_body_that_is_too_large(alice, project, database):
    chunks = (b"a" * 10_000 for _ in range(40))
    with database.unchanged():
        answer = alice.post(f"{project.api}/messages", data=chunks, headers=JSON)
        refused(answer, 413, "too_large")


def test_it_takes_a_chunked_body(alice, project):
    chunks = iter([b'{"content"', b': "in', b' pieces"}'])
    answer = alice.post(f"{project.api}/messages", data=chunks, headers=JSON)
    assert answer.json()["content"] == "in pieces"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "FOO"])
def test_it_rejects_a_method_that_is_not_there(alice, method):
    answer = alice.request(method, "/api/projects", csrf=alice._token())
    refused(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["/api/nothing", "/api/projects/", "/api/%00"])
def test_it_rejects_an_address_that_is_not_there(alice, path):
    refused(alice.get(path), 404, "not_found")


def test_errors_come_in_the_language_of_the_reader(anonymous):
    headers = {"Accept-Language": "ru-RU,ru;q=0.9"}
    error = refused(anonymous.get("/api/projects", headers=headers), 401, "unauthenticated")
    assert re.search("[а-я]", error["message"])


def test_the_token_and_the_password_are_not_in_the_log(server, cast):
    person: Person = cast.newcomer()
    log = server.log()
    assert person.csrf_token not in log
    assert person.password not in log
    assert person.http.cookies["projchat"] not in log
