"""POST /api/invites/<token>: coming in."""

import pytest

from support.answers import refused
from support.cast import done
from support.person import PASSWORD, Person
from support.surgery import execute


@pytest.fixture
def token(alice, project):
    return alice.post(f"{project.api}/invites", {}).json()["token"]


def join(person, token, **body):
    return person.post(f"/api/invites/{token}", body)


def test_it_works_for_somebody_with_an_account(charlie, project, token):
    answer = join(charlie, token)
    assert answer.status_code == 200
    assert answer.json()["projectId"] == project.id
    assert answer.json()["user"]["id"] == charlie.id
    assert charlie.get(project.api).json()["role"] == "member"


def test_it_works_for_somebody_new(anonymous, project, token):
    answer = join(anonymous, token, username="Галина.К", password=PASSWORD)
    assert answer.status_code == 201
    body = answer.json()
    assert set(body) == {"csrfToken", "history", "user", "projectId"}
    assert body["user"]["username"] == "галина.к"
    assert body["user"]["isAdmin"] is False
    assert anonymous.get(project.api).json()["role"] == "member"
    assert anonymous.patch("/api/account", {"name": "Галина"}).ok


def test_the_room_hears_of_it(alice, charlie, project, token):
    live = alice.live()
    live.join(project.id)
    join(charlie, token)
    message = live.wait_for("new-message")
    assert message["event"]["type"] == "member-joined"
    assert message["author"]["id"] == charlie.id


def test_nothing_is_unread_but_the_history_is_there(alice, charlie, project, token):
    project.post(alice, "before")
    join(charlie, token)
    assert charlie.get(project.api).json()["unread"] == 0
    messages = charlie.get(f"{project.api}/messages").json()["messages"]
    assert "before" in [one["content"] for one in messages]


def test_a_second_time_changes_nothing(bob, project, token, database):
    with database.unchanged():
        answer = join(bob, token)
        assert answer.status_code == 200
        assert answer.json()["projectId"] == project.id


def test_a_second_time_keeps_the_role(alice, dora, project, token):
    join(dora, token)
    join(alice, token)
    assert dora.get(project.api).json()["role"] == "admin"
    assert alice.get(project.api).json()["role"] == "owner"


@pytest.mark.parametrize("username", ["alice", "ALICE", "a1ice", "а1ісе", "ａｌｉｃｅ", " alice "])
def test_it_rejects_a_name_that_exists_in_another_shape(
    anonymous, alice, token, database, username
):
    with database.unchanged():
        answer = join(anonymous, token, username=username, password=PASSWORD)
        error = refused(answer, 422, "invalid", "username")
        assert "taken" in error["fields"]["username"]


@pytest.mark.parametrize(
    "username",
    [
        "a",
        "a" * 33,
        "a b",
        "a\0b",
        "a\ud800b",
        "anna!",
        ".anna",
        "-anna",
        "anna.",
        "аnna",
        "an\u200bna",
        "ﷺ",
        "🙂🙂",
    ],
)
def test_it_rejects_a_malformed_name(anonymous, token, database, username):
    with database.unchanged():
        answer = join(anonymous, token, username=username, password=PASSWORD)
        refused(answer, 422, "invalid", "username")


@pytest.mark.parametrize("password", ["1234567", "x" * 201, "\ud800" * 9])
def test_it_rejects_a_bad_password(anonymous, token, database, password):
    with database.unchanged():
        answer = join(anonymous, token, username="gleb", password=password)
        refused(answer, 422, "invalid", "password")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["username", "password"]),
        ({"username": "gleb"}, ["password"]),
        ({"username": "", "password": ""}, ["username", "password"]),
        ({"username": 5, "password": PASSWORD}, ["username"]),
        ({"username": "gleb", "password": PASSWORD, "role": "owner"}, ["role"]),
    ],
)
def test_it_rejects_malformed_fields(anonymous, token, database, body, fields):
    with database.unchanged():
        refused(join(anonymous, token, **body), 422, "invalid", *fields)


def test_it_rejects_what_has_expired(server, anonymous, charlie, token, database):
    execute(
        server, "UPDATE invites SET expires_at = '2020-01-01' WHERE token = :token", token=token
    )
    with database.unchanged():
        refused(join(charlie, token), 404, "not_found")
        refused(join(anonymous, token, username="gleb", password=PASSWORD), 404, "not_found")


def test_it_rejects_what_was_revoked(alice, charlie, project, token):
    invite = alice.get(f"{project.api}/invites").json()["invites"][0]
    alice.delete(f"{project.api}/invites/{invite['id']}")
    refused(join(charlie, token), 404, "not_found")


def test_it_rejects_a_link_of_somebody_who_was_disabled(server, alice, cast, charlie, project):
    maker = cast.newcomer()
    project.admit(maker)
    project.promote(maker)
    token = done(maker.post(f"{project.api}/invites", {}))["token"]
    assert server.command("user", "disable", maker.username).returncode == 0
    refused(charlie.post(f"/api/invites/{token}", {}), 404, "not_found")
    assert server.command("user", "enable", maker.username).returncode == 0
    assert charlie.post(f"/api/invites/{token}", {}).ok


def test_it_rejects_an_archived_project(alice, charlie, anonymous, project, token, database):
    alice.patch(project.api, {"archived": True})
    with database.unchanged():
        refused(join(charlie, token), 409, "project_archived")
        answer = join(anonymous, token, username="gleb", password=PASSWORD)
        refused(answer, 409, "project_archived")


def test_it_rejects_a_stranger_without_a_token(server, token, database):
    with database.unchanged():
        body = {"username": "gleb", "password": PASSWORD}
        answer = Person(server).post(f"/api/invites/{token}", body, csrf=None)
        refused(answer, 403, "csrf_failed")
