"""The console command, run beside the server."""

import os
import re
import secrets
import stat
import subprocess

import pytest

from support.person import PASSWORD, Person
from support.server import COMMAND, ROOT


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


def test_whoever_runs_the_server_may_name_somebody_after_a_role(run, server):
    made = run("user", "create", "system-desk", "--name", "Support")
    assert made.returncode == 0, made.stderr
    assert Person(server, "system-desk").login().json()["user"]["name"] == "Support"


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


def test_it_refuses_a_short_password_with_a_sentence(run, database, alice):
    with database.unchanged():
        refused = run("user", "create", "shorty", given="short\n")
    assert refused.stderr == "Error: A password has 8 to 200 characters.\n"


def test_the_only_administrator_is_disabled_by_force_alone(run, database):
    (only,) = database.rows("SELECT username FROM users WHERE is_admin")
    with database.unchanged():
        refused = run("user", "disable", only["username"])
    assert "--force" in refused.stderr


def test_nobody_invites_for_a_disabled_owner(run, cast, database):
    owner = cast.newcomer()
    project = cast.project(owner)
    run("user", "disable", owner.username)
    with database.unchanged():
        refused = run("project", "invite", str(project.id))
    assert f"{owner.username}, is disabled" in refused.stderr


def test_an_invite_link_is_whole_where_the_site_is_known(server, project):
    environment = {**server.environment, "PROJCHAT_ORIGINS": "https://chat.example"}
    words = [COMMAND, "project", "invite", str(project.id)]
    printed = subprocess.check_output(words, cwd=ROOT, env=environment, text=True)
    assert printed.startswith("https://chat.example/invite/")


def test_before_the_first_start_it_says_what_to_do(make_server):
    refused = make_server(start=False).command("user", "create", "anna", given=f"{PASSWORD}\n")
    assert refused.returncode == 1
    assert refused.stderr == (
        "Error: The tables are not up to date: start `projchat db upgrade` first.\n"
    )


@pytest.mark.skipif("PROJCHAT_TEST_DATABASE_URL" in os.environ, reason="SQLite keeps a file")
def test_the_database_is_its_owners_alone(make_server):
    server = make_server(start=False)
    server.instance.chmod(0o755)
    assert server.command("db", "upgrade").returncode == 0
    path = server.instance / "projchat.sqlite3"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    beside = path.with_name(f"{path.name}-wal")
    beside.touch(0o644)
    beside.chmod(0o644)
    assert server.command("user", "enable", "nobody").returncode == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not beside.exists() or stat.S_IMODE(beside.stat().st_mode) == 0o600


def test_it_tells_its_version():
    printed = subprocess.check_output([COMMAND, "--version"], cwd=ROOT, text=True)
    assert re.fullmatch(r"projchat, version \d+\.\d+\.\d+\n", printed)


def test_the_demo_is_not_for_production(make_server):
    server = make_server(
        start=False,
        PROJCHAT_ENV="production",
        PROJCHAT_ORIGINS="https://chat.example",
        SECRET_KEY=secrets.token_hex(32),
        PROJCHAT_LIMITS="on",
    )
    made = server.command("demo")
    assert made.returncode == 1
    assert "not for production" in made.stderr


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
