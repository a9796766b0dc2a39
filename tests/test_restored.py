"""`projchat data restored`: the database was put back, and whoever knows more is told."""

import re
import sqlite3

import pytest

from support.answers import refused
from support.cast import Cast, done
from support.database import Database

LEAP = 2**32


@pytest.fixture
def scene(make_server):
    server = make_server()
    cast = Cast(server)
    cast.alice, cast.bob = cast.known("alice"), cast.known("bob")
    cast.project = cast.project(cast.alice, [cast.bob])
    cast.project.post(cast.alice, "hello")
    yield cast
    cast.hang_up()


def declared(server):
    """Say so, and insist that it is done."""
    ended = server.command("data", "restored")
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def rows(server, query):
    opened = Database(server)
    try:
        return opened.rows(query)
    finally:
        opened.close()


def test_all_begins_afresh_and_nothing_is_given_away_twice(scene):
    server, alice, project = scene.server, scene.alice, scene.project
    former = done(alice.get("/api/session"))["history"]
    version = project.version()
    [before] = rows(server, "SELECT max(id) AS message, max(project_id) AS project FROM messages")
    said = declared(server)
    history = done(scene.bob.get("/api/session"))["history"]
    assert (former in said, history in said, former == history) == (True, True, False)
    headers = {"X-Projchat-History": former}
    refused(alice.post(f"{project.api}/messages", {}, headers=headers), 409, "history_changed")
    refused(alice.get(project.api), 401, "unauthenticated")
    done(alice.login())
    assert project.version() == version + LEAP
    sent = project.post(alice, "and on we go")
    assert sent["version"] == version + LEAP + 1
    assert sent["id"] > before["message"] + LEAP
    assert done(alice.post("/api/projects", {"name": "New"}))["id"] > before["project"] + LEAP
    made = server.command("user", "create", "zoe", given="correct horse battery\n")
    assert int(made.stdout) > LEAP


def test_it_may_be_said_twice_and_not_for_ever(scene):
    server = scene.server
    first, second = (re.findall("[0-9a-f]{32}", declared(server)) for _ in range(2))
    assert first[1] == second[0] != second[1]
    if "DATABASE_URL" in server.environment:
        return  # The end is the same on every database.
    server.stop()
    path = server.instance / "projchat.sqlite3"
    with sqlite3.connect(path) as database:
        database.execute("UPDATE sqlite_sequence SET seq = 999999999999000 WHERE name = 'users'")
    database.close()
    ended = server.command("data", "restored")
    assert ended.returncode == 1
    assert "cannot leap" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_who_knows_no_history_is_told_by_the_leap(scene):
    server, alice, bob, project = scene.server, scene.alice, scene.bob, scene.project
    known = project.version()
    declared(server)
    for person in (alice, bob):
        done(person.login())
    for turn in range(5):
        project.post(alice, f"after {turn}")
    live = bob.live()
    answer = live.join(project.id, since=known)
    assert answer["reset"] is True
    assert answer["messages"][-1]["content"] == "after 4"
    messages = f"{project.api}/messages"
    page = done(bob.get(f"{messages}?since={known}"))
    assert (page["reset"], page["messages"]) == (True, [])
    assert not done(bob.get(f"{messages}?since={page['version']}"))["reset"]


def test_who_shows_the_history_reads_on_from_before_the_leap(scene):
    server, alice, project = scene.server, scene.alice, scene.project
    declared(server)
    done(alice.login())
    project.post(alice, "after")
    history = done(alice.get("/api/session"))["history"]
    page, read = {"version": 0, "hasMore": True}, []
    while page["hasMore"]:
        query = f"?since={page['version']}&limit=1&history={history}"
        page = done(alice.get(f"{project.api}/messages{query}"))
        assert not page["reset"]
        read += [message["content"] for message in page["messages"]]
    assert read[-2:] == ["hello", "after"]
