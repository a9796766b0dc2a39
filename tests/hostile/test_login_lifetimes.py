"""A login that is over opens nothing any more: no page, no socket, no push."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from support.cast import Cast
from support.push import PushBrowser, PushService
from support.surgery import ask, execute

PAST = {"created_at": 31, "last_seen_at": 15}
OF_PERSON = "(SELECT id FROM users WHERE username = :name)"


def set_back(server, person, column: str, days: float) -> None:
    """Move a moment of the person's logins into the past."""
    moment = datetime.now(UTC) - timedelta(days=days)
    execute(
        server,
        f"UPDATE sessions SET {column} = :moment WHERE user_id = {OF_PERSON}",
        moment=moment.replace(tzinfo=None) if "DATABASE_URL" not in server.environment else moment,
        name=person.username,
    )


def seen_at(server, person) -> str:
    query = f"SELECT max(last_seen_at) FROM sessions WHERE user_id = {OF_PERSON}"
    return str(ask(server, query, name=person.username))


def wait_until(condition, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("column", PAST)
def test_a_login_that_is_over_opens_no_page(server, cast, column):
    person = cast.newcomer()
    set_back(server, person, column, PAST[column] - 2)
    assert person.get("/api/projects").status_code == 200
    set_back(server, person, column, PAST[column])
    assert person.get("/api/projects").status_code == 401
    assert person.get("/account", allow_redirects=False).status_code == 302


@pytest.mark.parametrize("column", PAST)
def test_a_login_that_is_over_loses_its_open_socket(server, cast, column):
    alice, boris = cast.newcomer(), cast.newcomer()
    project = cast.project(alice, [boris])
    live, other = boris.live(), alice.live()
    live.join(project.id)
    other.join(project.id)
    set_back(server, boris, column, PAST[column])
    wait_until(lambda: not live.connected)
    project.post(alice, "not for boris")
    other.wait_for("new-message", lambda message: message["content"] == "not for boris")
    assert not [m for m in live.events("new-message") if m["content"] == "not for boris"]


@pytest.mark.parametrize("column", PAST)
def test_a_login_that_is_over_is_told_nothing_by_push(make_server, column):
    service = PushService()
    server = make_server(PROJCHAT_PUSH_STAND_IN=service.url)
    cast = Cast(server)
    people = [cast.newcomer(), cast.newcomer()]
    project = cast.project(cast.newcomer(), people)
    for person in people:
        browser = PushBrowser(service, person.username)
        assert person.post("/api/account/push", browser.subscription).status_code == 204
    set_back(server, people[0], column, PAST[column])
    project.post(project.owner, "for one of them")
    [push] = service.wait_for(1)
    assert push["path"] == f"/push/{people[1].username}"
    time.sleep(0.5)
    assert len(service.pushed) == 1
    service.close()


def test_a_visit_keeps_a_login(server, cast):
    person = cast.newcomer()
    set_back(server, person, "last_seen_at", 13)
    before = seen_at(server, person)
    assert person.get("/api/projects").status_code == 200
    wait_until(lambda: seen_at(server, person) > before)


def test_rows_of_logins_that_are_over_are_removed(make_server):
    server = make_server()
    cast = Cast(server)
    over, lasting = cast.newcomer(), cast.newcomer()
    set_back(server, over, "created_at", 31)
    server.restart()
    lasting.live()
    count = f"SELECT count(*) FROM sessions WHERE user_id = {OF_PERSON}"
    wait_until(lambda: ask(server, count, name=over.username) == 0)
    assert ask(server, count, name=lasting.username) == 1


def test_the_lifetimes_are_settings(make_server):
    server = make_server(PROJCHAT_LOGIN_DAYS="3", PROJCHAT_LOGIN_IDLE_DAYS="1")
    cast = Cast(server)
    for column, days in (("created_at", 3), ("last_seen_at", 1)):
        person = cast.newcomer()
        set_back(server, person, column, days + 0.01)
        assert person.get("/api/projects").status_code == 401
