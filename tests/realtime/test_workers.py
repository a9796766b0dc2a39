"""Two workers, PostgreSQL and Redis between them: one chat."""

import os
import signal
import time

import pytest

from support.cast import Cast

pytestmark = pytest.mark.services
CONNECTIONS = 8


@pytest.fixture
def cast(make_server):
    """People on a server of two workers."""
    made = Cast(make_server(WEB_CONCURRENCY="2"))
    made.administrator()
    yield made
    made.hang_up()


def workers(server):
    """How many workers there are."""
    return len(server.worker_pids())


def rooms(person, project):
    """So many tabs that both workers have some: connections go to whoever takes them first."""
    tabs = [person.live() for _ in range(CONNECTIONS)]
    for tab in tabs:
        assert tab.join(project.id)["ok"]
    return tabs


def test_what_is_said_on_one_is_heard_on_both(cast):
    alice, bob = cast.known("alice"), cast.known("bob")
    project = cast.project(alice, [bob])
    assert workers(cast.server) == 2
    tabs = rooms(bob, project)
    sent = [project.post(alice, f"message {turn}") for turn in range(10)]
    for tab in tabs:
        tab.wait_for("new-message", lambda message: message == sent[-1])
        assert tab.events("new-message") == sent


def test_typing_and_presence_cross_over(cast):
    alice, bob = cast.known("alice"), cast.known("bob")
    project = cast.project(alice, [bob])
    tabs = rooms(bob, project)
    writer = alice.live()
    writer.join(project.id)
    writer.call("typing", {"projectId": project.id, "isTyping": True})
    both = sorted([alice.id, bob.id])
    for tab in tabs:
        tab.wait_for("user-typing")
        tab.wait_for("presence", lambda news: [one["id"] for one in news["users"]] == both)
    for tab in tabs:
        tab.forget()
    writer.close()
    for tab in tabs:
        tab.wait_for("presence", lambda news: [one["id"] for one in news["users"]] == [bob.id])


def test_a_removed_member_is_out_on_both(cast):
    alice, bob = cast.known("alice"), cast.known("bob")
    project = cast.project(alice, [bob])
    tabs = rooms(bob, project)
    project.remove(bob)
    for tab in tabs:
        tab.wait_for("room-closed")
    project.post(alice, "alone now")
    tabs[0].hears_nothing("new-message", lambda message: message["kind"] == "text")
    assert not any(tab.events("new-message") for tab in tabs)


def test_an_ended_login_is_out_on_both(cast):
    person = cast.newcomer()
    tabs = [person.live() for _ in range(CONNECTIONS)]
    person.logout()
    for tab in tabs:
        tab.wait_until_disconnected()


def sees_only(person, tab):
    """Whether a tab was told that this person is the only one here."""
    return any(
        [one["id"] for one in news["users"]] == [person.id] for news in tab.events("presence")
    )


def finds_only(person, project):
    """Whether somebody who comes now finds nobody but themselves."""
    tab = person.live()
    found = tab.join(project.id)["presence"]
    tab.close()
    return [one["id"] for one in found] == [person.id]


def test_a_worker_that_dies_takes_its_people_with_it(cast):
    """Killed, it can tell nobody: the other forgets it, and the master starts a new one."""
    alice, bob = cast.known("alice"), cast.known("bob")
    project = cast.project(alice, [bob])
    tabs = rooms(bob, project)
    watchers = rooms(alice, project)
    os.kill(cast.server.worker_pids()[0], signal.SIGKILL)
    for tab in tabs:
        tab.close()
    deadline = time.monotonic() + 12
    while not (
        all(not tab.connected or sees_only(alice, tab) for tab in watchers)
        and finds_only(alice, project)
    ):
        assert time.monotonic() < deadline, "Somebody who has gone is still shown."
        time.sleep(0.2)
