"""The relay: what was committed and not emitted arrives all the same."""

import time
from types import SimpleNamespace

import eventlet

from projchat.realtime import relay as module
from projchat.realtime.relay import Relay
from support.cast import Cast, done
from support.surgery import execute

HEAL_SECONDS = 10
RELAY_SECONDS = 1.5

APPEND = """
INSERT INTO messages (project_id, number, version, author_id, client_id, fingerprint, kind, body,
                      html, created_at)
SELECT id, message_count + 1, version + 1, :author, :client, '', 'text', 'unsaid', 'unsaid',
       '2026-01-01 00:00:00'
FROM projects WHERE id = :project
"""
COUNT = "UPDATE projects SET version = version + 1, message_count = message_count + 1 WHERE id = :p"


def commit_unsaid(server, project, author, client):
    """Commit a message as a worker does that is killed before it emits."""
    execute(server, APPEND, project=project.id, author=author.id, client=client)
    execute(server, COUNT, p=project.id)


def test_it_emits_what_was_not(server, alice, bob, charlie, project):
    live, outsider = bob.live(), charlie.live()
    live.join(project.id)
    outsider.join(project.id)
    commit_unsaid(server, project, alice, f"unsaid-{project.id}")
    message = live.wait_for("new-message", timeout=HEAL_SECONDS)
    assert message["content"] == "unsaid"
    assert message["version"] == project.version()
    head = live.wait_for("head", lambda news: news["version"] == message["version"], timeout=12)
    assert head == {"projectId": project.id, "version": message["version"]}
    outsider.hears_nothing("new-message", within=0.1)
    outsider.hears_nothing("head", within=0.1)


def test_a_change_that_left_no_mark_is_no_new_message(server, alice, bob, project):
    live = bob.live()
    first = project.post(alice, "said long ago")
    live.join(project.id)
    commit_unsaid(server, project, alice, f"since-{project.id}")
    live.wait_for("new-message", timeout=HEAL_SECONDS)
    live.forget()
    changed = "UPDATE messages SET version = :v WHERE id = :id"
    execute(server, changed, v=project.version() + 1, id=first["id"])
    execute(server, "UPDATE projects SET version = version + 1 WHERE id = :p", p=project.id)
    message = live.wait_for("message-updated", timeout=HEAL_SECONDS)
    assert message == {**first, "version": project.version()}
    assert live.events("new-message") == []


def test_it_looks_at_the_heads_as_they_are(server, alice, bob, project):
    """Older than what was sent, they would mean that a backup was restored: all would be let go."""
    live = bob.live()
    live.join(project.id)
    before = server.log().count("start afresh")
    ends = time.monotonic() + 3 * RELAY_SECONDS
    while time.monotonic() < ends:
        last = project.post(alice, "on and on")
    live.wait_for("new-message", lambda message: message == last)
    live.hears_nothing("room-closed")
    assert server.log().count("start afresh") == before


def test_it_does_not_repeat_what_was(alice, bob, project):
    live = bob.live()
    live.join(project.id)
    sent = [project.post(alice, f"message {turn}") for turn in range(3)]
    live.wait_for("head", lambda news: news["version"] == sent[-1]["version"], timeout=15)
    assert live.events("new-message") == sent


def test_what_came_meanwhile_keeps_its_place(server, alice, bob, project):
    """A gap, then a message on top of it: both arrive, and a fresh reader sees the same."""
    live = bob.live()
    live.join(project.id)
    commit_unsaid(server, project, alice, f"gap-{project.id}")
    project.post(alice, "on top")
    live.wait_for("new-message", lambda message: message["content"] == "unsaid", timeout=10)
    heard = sorted(live.events("new-message"), key=lambda message: message["number"])
    page = bob.get(f"{project.api}/messages").json()
    assert heard == page["messages"][-2:]


def test_the_beacon_comes_without_being_asked(bob, project):
    live = bob.live()
    version = live.join(project.id)["version"]
    assert live.wait_for("head", timeout=15) == {"projectId": project.id, "version": version}


def test_readers_of_a_restored_database_start_afresh(make_server):
    """All logins end with the history, so it takes a server of its own."""
    server = make_server()
    cast = Cast(server)
    alice = cast.administrator()
    project = cast.project(alice)
    former = done(alice.get("/api/session"))["history"]
    live = alice.live()
    kept = project.post(alice, "in the backup")
    live.join(project.id)
    project.post(alice, "after the backup")
    live.wait_for("new-message", lambda message: message["content"] == "after the backup")
    back = {"p": project.id, "v": kept["version"], "n": kept["number"]}
    execute(
        server,
        "DELETE FROM messages WHERE project_id = :p AND version > :v",
        p=back["p"],
        v=back["v"],
    )
    execute(server, "UPDATE projects SET version = :v, message_count = :n WHERE id = :p", **back)
    live.wait_until_disconnected(HEAL_SECONDS)
    assert alice.get("/api/account/sessions").status_code == 401
    returned = alice.again()
    history = done(returned.get("/api/session"))["history"]
    assert history != former
    live = returned.live()
    question = {"projectId": project.id, "since": kept["version"] + 1}
    refused = live.call("join_room", {**question, "history": former})
    assert refused["error"]["code"] == "history_changed"
    answer = live.call("join_room", question)
    assert answer["reset"]
    assert answer["history"] == history
    assert answer["messages"][-1] == kept


def test_a_step_that_does_not_end_is_ended_and_the_others_go_on(monkeypatch, caplog):
    monkeypatch.setattr(module, "STEP_SECONDS", 0.05)
    monkeypatch.setattr(module, "db", SimpleNamespace(session=SimpleNamespace(rollback=print)))
    relay, done = Relay.__new__(Relay), []

    def waits_for_ever():
        eventlet.sleep(60)

    relay._step(waits_for_ever)
    relay._step(done.append, "the next")
    assert done == ["the next"]
    assert "Relay step waits_for_ever was ended" in caplog.text


def test_a_relay_that_ends_no_tick_is_told_by_readiness():
    relay = Relay.__new__(Relay)
    relay.ticked_at = time.monotonic()
    assert relay.check().reason == "ok"
    relay.ticked_at -= module.LATE_SECONDS + 1
    assert relay.check().reason == "stalled"
