"""A database that went back in time is noticed, though nobody said so."""

import time

import pytest

from support.answers import refused
from support.backups import backup_of
from support.cast import Cast, done

NOTICED = "The database went back in time"


class Kept:
    """A server with a project, and the backup of its database."""

    def __init__(self, server):
        self.server = server
        self.backup = backup_of(server)
        self.cast = Cast(server)
        self.alice = self.cast.known("alice")
        self.project = self.cast.project(self.alice)
        self.history = self.read_history()

    def read_history(self):
        return done(self.alice.get("/api/session"))["history"]

    def is_refused(self):
        """Whoever has the history of before may not post."""
        headers = {"X-Projchat-History": self.history}
        answer = self.alice.post(f"{self.project.api}/messages", {"content": "x"}, headers=headers)
        refused(answer, 409, "history_changed")

    def noticed(self):
        return self.server.log().count(NOTICED)


@pytest.fixture
def kept(make_server):
    made = Kept(make_server())
    yield made
    made.cast.hang_up()


def test_a_backup_that_was_put_back_is_noticed_once(kept):
    kept.server.stop()
    kept.backup.take()
    kept.server.start()
    kept.project.post(kept.alice, "lost")
    kept.server.stop()
    kept.backup.put_back()
    kept.server.start()
    kept.is_refused()
    history = kept.read_history()
    assert history != kept.history
    kept.server.restart()
    assert (kept.read_history(), kept.noticed()) == (history, 1)


def test_what_was_said_just_before_a_crash_does_not_hide_a_restore(kept):
    kept.server.stop()
    kept.backup.take()
    kept.server.start()
    kept.project.post(kept.alice, "lost")
    kept.server.kill()
    kept.backup.put_back()
    kept.server.start()
    kept.is_refused()


def test_an_end_of_any_kind_is_no_restore(kept):
    for end in (kept.server.stop, kept.server.kill):
        kept.project.post(kept.alice, "kept")
        end()
        kept.server.start()
        assert kept.read_history() == kept.history
    assert kept.noticed() == 0


def test_readers_of_a_server_that_runs_are_told_to_come_in_anew(kept):
    live = kept.alice.live()
    live.join(kept.project.id)
    assert kept.server.command("data", "restored").returncode == 0
    # All logins end with the history: the one or the other is noticed first.
    deadline = time.monotonic() + 20
    while live.connected and not live.events("room-closed"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert kept.noticed() == 0


def test_a_lost_witness_is_a_restore(kept):
    if "DATABASE_URL" in kept.server.environment:
        return  # Its row says where it is.
    kept.server.stop()
    (kept.server.instance / "projchat.sqlite3-witness").unlink()
    kept.server.start()
    assert kept.read_history() != kept.history
    assert kept.noticed() == 1
