"""`projchat data copy`: a chat moves from SQLite to PostgreSQL and goes on there."""

import shutil
import sqlite3
import subprocess
from contextlib import closing

import pytest

from faults.scene import wait
from support.backend import Backend
from support.cast import Cast, done
from support.database import Database
from support.history import lengthen
from support.server import COMMAND, ROOT, Server

pytestmark = pytest.mark.services
LONG = 15_000


class Move:
    """A server on PostgreSQL, still empty, whose folder holds the chat on SQLite of before."""

    def __init__(self, server, chat):
        self.server = server
        self.path = server.instance / "projchat.sqlite3"
        for name in (self.path.name, "secret_key"):
            shutil.copy(chat.server.instance / name, server.instance)
        self.alice, self.bob, self.project = chat.alice, chat.bob, chat.project
        self.alice.server = self.bob.server = server

    def old(self, statement):
        """Ask the old database; change it too."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            return connection.execute(statement).fetchall()

    def new(self, query):
        """The first value of a query in the new database."""
        database = Database(self.server)
        try:
            return database.value(query)
        finally:
            database.close()

    def tables(self):
        return self.new(
            "SELECT array_agg(tablename ORDER BY tablename) FROM pg_tables "
            "WHERE schemaname = 'public'"
        )

    def copied(self):
        """Copy, from and to where they are by default."""
        ended = self.server.command("data", "copy")
        assert ended.returncode == 0, ended.stderr
        assert "the same as here" in ended.stdout

    def refused(self, *options):
        """Insist on a refusal in one sentence, return it."""
        ended = self.server.command("data", "copy", *options)
        assert ended.returncode == 1, ended.stdout
        assert "Traceback" not in ended.stderr
        return ended.stderr.splitlines()[-1].removeprefix("Error: ")

    def killed(self):
        """Copy a long history and be killed in the middle; how many messages are there."""
        process = subprocess.Popen(
            [COMMAND, "data", "copy"],
            cwd=ROOT,
            env=self.server.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait(lambda: self._arrived() or process.poll() is not None, 60, "Nothing arrives.")
        process.kill()
        process.wait()
        return self._arrived()

    def _arrived(self):
        return "messages" in (self.tables() or ()) and self.new("SELECT count(*) FROM messages")


@pytest.fixture(scope="module")
def chat(tmp_path_factory):
    """A stopped chat on SQLite, with a little of everything and a long history."""
    server = Server(tmp_path_factory.mktemp("chat"), Backend(None, None)).start()
    cast = Cast(server)
    cast.server, cast.alice, cast.bob = server, cast.known("alice"), cast.known("bob")
    cast.project = project = cast.project(cast.alice, [cast.bob], name="Ворота 🚪")
    for turn in range(4):
        project.post(cast.bob, f"message {turn}: 'quoted', \\ and Ünicode 🎉", replyTo=1)
    done(cast.bob.patch(f"{project.api}/messages/4", {"content": "edited\nin two lines"}))
    done(cast.bob.delete(f"{project.api}/messages/5"))
    done(cast.bob.again().logout())
    lengthen(server, project.id, cast.alice.id, LONG)
    yield cast
    server.close()


@pytest.fixture
def move(tmp_path, backend, chat):
    chat.server.stop()
    server = Server(tmp_path / "new", Backend(backend.database_url, None))
    yield Move(server, chat)
    server.close()


def test_the_copied_chat_goes_on(move):
    move.copied()
    move.server.start()
    page = done(move.alice.get(f"{move.project.api}/messages?limit=100"))
    assert page["messages"][-1]["number"] == LONG
    assert [(page["history"],)] == move.old("SELECT history FROM installation")
    first = done(move.alice.get(f"{move.project.api}/messages?after=0&limit=10"))["messages"]
    assert "edited\nin two lines" in [message["content"] for message in first]
    found = done(move.alice.get(f"{move.project.api}/search?q=ünicode"))["results"]
    assert [message["number"] for message in found] == [6, 3]
    assert move.bob.again().id == move.bob.id
    live = move.alice.live()
    live.join(move.project.id)
    sent = move.project.post(move.bob, "and on we go")
    assert sent["number"] == LONG + 1
    assert sent["id"] > page["messages"][-1]["id"]
    assert live.wait_for("new-message") == sent
    move.alice.hang_up()


def test_whoever_is_killed_goes_on(move):
    assert 0 < move.killed() < LONG
    assert "half copied" in move.server.command("run").stderr
    move.copied()
    count = "SELECT count(*) FROM messages"
    assert move.new(count) == move.old(count)[0][0] > LONG
    assert "data_copy" not in move.tables()


def test_it_finds_what_was_changed_after_it_was_copied(move):
    move.killed()
    move.old("UPDATE messages SET body = 'another' WHERE number = 1")
    assert "not the same: messages" in move.refused()
    assert "half copied" in move.server.command("run").stderr


def test_an_id_that_was_given_away_does_not_come_back(move):
    move.old("DELETE FROM messages WHERE number > 10")
    [(last,)] = move.old("SELECT seq FROM sqlite_sequence WHERE name = 'sessions'")
    move.old(f"DELETE FROM sessions WHERE id = {last}")
    move.copied()
    assert move.new("SELECT last_value FROM sessions_id_seq") == last


def test_it_refuses_what_it_must(move):
    move.old("DELETE FROM messages WHERE number > 10")
    assert "to postgresql://" in move.refused("--to", "sqlite:////srv/elsewhere")
    assert "no database" in move.refused("--from", "sqlite:////nowhere/chat.sqlite3")
    nowhere = "postgresql://nobody:wrong@127.0.0.1:9/none"
    assert "does not let us in" in move.refused("--to", nowhere)
    with closing(sqlite3.connect(move.path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert "stop the server" in move.refused()
    move.old("UPDATE alembic_version SET version_num = '0000'")
    assert "revision 0000" in move.refused()
    assert "data_copy" not in move.tables()


def test_it_refuses_a_database_in_use(move):
    made = move.server.command("demo")
    assert made.returncode == 0, made.stderr
    assert "in use" in move.refused()
