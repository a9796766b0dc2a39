"""Presence: who is here now."""

import os
import signal
import subprocess
import sys

GONE_SECONDS = 10

CRASHING = """
import socketio, sys, time
client = socketio.Client()
client.connect(sys.argv[1], headers={"Cookie": sys.argv[2]}, socketio_path="api/socket",
               transports=["websocket"])
client.call("join_room", {"projectId": int(sys.argv[3])})
print("here", flush=True)
time.sleep(60)
"""


def people(*persons):
    found = sorted(persons, key=lambda person: person.id)
    return [{"id": person.id, "name": person.name} for person in found]


def test_it_works(alice, bob, project):
    first = alice.live()
    first.join(project.id)
    second = bob.live()
    assert second.join(project.id)["presence"] == people(alice, bob)
    first.wait_for("presence", lambda news: news["users"] == people(alice, bob))
    assert alice.get(project.api).json()["presence"] == people(alice, bob)


def test_two_tabs_are_one_person(alice, bob, project):
    watcher = alice.live()
    watcher.join(project.id)
    tabs = [bob.live(), bob.live()]
    for tab in tabs:
        tab.join(project.id)
    watcher.wait_for("presence", lambda news: news["users"] == people(alice, bob))
    watcher.forget()
    tabs[0].close()
    watcher.hears_nothing("presence", within=1)
    tabs[1].close()
    watcher.wait_for("presence", lambda news: news["users"] == people(alice))


def test_leaving_the_room_is_leaving(alice, bob, project):
    watcher, tab = alice.live(), bob.live()
    watcher.join(project.id)
    tab.join(project.id)
    tab.call("leave_room", {"projectId": project.id})
    watcher.wait_for("presence", lambda news: news["users"] == people(alice))


def test_somebody_whose_machine_stops_is_gone(server, alice, bob, project):
    """The process is stopped, not ended: nothing closes the connection but its silence."""
    watcher = alice.live()
    watcher.join(project.id)
    tab = subprocess.Popen(
        [sys.executable, "-c", CRASHING, server.url, bob.cookie_header(), str(project.id)],
        stdout=subprocess.PIPE,
    )
    try:
        assert tab.stdout.readline() == b"here\n"
        watcher.wait_for("presence", lambda news: news["users"] == people(alice, bob))
        watcher.forget()
        os.kill(tab.pid, signal.SIGSTOP)
        watcher.wait_for(
            "presence", lambda news: news["users"] == people(alice), timeout=GONE_SECONDS + 2
        )
    finally:
        tab.kill()
        tab.wait()
        tab.stdout.close()


def test_it_does_not_tell_outsiders(alice, charlie, project):
    outsider = charlie.live()
    outsider.join(project.id)
    alice.live().join(project.id)
    outsider.hears_nothing("presence")
