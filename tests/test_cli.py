"""The console command, run beside the server."""

import pytest

from support.person import PASSWORD, Person


@pytest.fixture
def run(server, alice):
    """Run a command once the first account is there: Olga's, with whom Alice's began."""
    return lambda *words, given=f"{PASSWORD}\n": server.command(*words, given=given)


def test_a_user_is_made_and_logs_in(run, server):
    made = run("user", "create", "Hannah", "--name", "Hannah H.")
    assert made.returncode == 0, made.stderr
    person = Person(server, "hannah")
    user = person.login().json()["user"]
    assert user["id"] == int(made.stdout)
    assert user["username"] == "hannah"
    assert user["name"] == "Hannah H."
    assert user["isAdmin"] is False


def test_a_project_is_made_with_its_members(run, alice, bob, charlie):
    made = run("project", "create", "From the console", "--owner", "alice", "--member", "bob")
    address = f"/api/projects/{int(made.stdout)}"
    assert alice.get(address).json()["role"] == "owner"
    assert bob.get(address).json()["role"] == "member"
    assert charlie.get(address).status_code == 404


def test_an_invite_link_opens_the_project(run, project, charlie):
    made = run("project", "invite", str(project.id))
    path = made.stdout.strip()
    assert charlie.post(f"/api/invites/{path.removeprefix('/invite/')}", {}).ok
    assert charlie.get(project.api).ok


def test_a_new_password_ends_the_logins(run, cast):
    person = cast.newcomer()
    assert run("user", "set-password", person.username, given="a new password\n").returncode == 0
    assert person.get("/api/projects").status_code == 401
    assert person.login().status_code == 401
    assert person.login("a new password").ok


def test_a_disabled_user_is_let_in_again_when_enabled(run, cast):
    person = cast.newcomer()
    run("user", "disable", person.username)
    assert person.get("/api/projects").status_code == 401
    assert person.login().status_code == 401
    run("user", "enable", person.username)
    assert person.login().ok


@pytest.mark.parametrize(
    "words",
    [
        ("user", "create", "alice"),
        ("user", "create", "a"),
        ("user", "disable", "nobody-here"),
        ("project", "create", "X", "--owner", "nobody-here"),
        ("project", "create", "", "--owner", "alice"),
        ("project", "invite", "99999999"),
        ("demo",),
    ],
)
def test_it_refuses_in_one_line_and_changes_nothing(run, alice, database, words):
    with database.unchanged():
        refused = run(*words)
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: ")
    assert len(refused.stderr.splitlines()) == 1


def test_it_refuses_a_short_password(run, database, alice):
    with database.unchanged():
        assert run("user", "create", "shorty", given="short\n").returncode == 1


def test_the_demo_can_be_used_at_once(make_server):
    server = make_server(start=False)
    made = server.command("demo")
    assert made.returncode == 0, made.stderr
    server.start()
    anna = Person(server, "anna", "correct horse")
    assert anna.login().ok
    messages = anna.get("/api/projects/1/messages").json()["messages"]
    assert [message["number"] for message in messages] == list(range(1, len(messages) + 1))
    times = [message["createdAt"] for message in messages]
    assert times == sorted(times)
    # The days of the past are those that search knows, and what is written can be changed.
    draft = next(message for message in messages if "draft" in message["content"])
    day = draft["createdAt"][:10]
    found = anna.get(f"/api/projects/1/search?q=draft after:{day}").json()["results"]
    assert [message["number"] for message in found] == [draft["number"]]
    assert anna.delete(f"/api/projects/1/messages/{found[0]['number']}").ok


def test_production_does_not_start_unsafe(make_server):
    refused = make_server(start=False, PROJCHAT_ENV="production").command("run")
    assert refused.returncode == 1
    assert "SECRET_KEY" in refused.stderr
