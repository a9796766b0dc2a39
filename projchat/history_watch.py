"""Notices that the database went back in time though nobody said so, and renews the history.

On PostgreSQL the installation notes where it is: the system, its timeline, the database and its
table. A backup that is restored, a recovery to a moment, a replica that takes over: each changes
one of these. On SQLite a file beside the database bears witness of how far its counters had come:
whoever serves writes it a moment after, so it is never ahead of what is durable. A database that is
behind its witness is an older one; so is one that had a witness and has none. Each start counts as
well, so that a backup of before it is older whatever was said since and however the server ended.

It looks before the first person is told anything, and then every second or two, for a replica
takes over under a running process.
"""

import atexit
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from flask import Flask, g
from sqlalchemy import Connection, text

from .errors import unavailable
from .extensions import db, socketio
from .models.renewal import Row, note_source, read_installation, renew_history
from .offload import storage

log = logging.getLogger("projchat")

WITNESSED = "witness"


class Home(Protocol):
    """Where the database is at home, and what is known there of how far it had come."""

    def source(self, connection: Connection) -> str | None:
        """What the installation notes of it; None where that is not known."""

    def fault(self, connection: Connection, row: Row) -> str | None:
        """Why this cannot be the database that was here; None if it can."""

    def note(self, aside: Callable[..., None]) -> bool:
        """Remember, by `aside`, how far the database has come; whether that is possible."""

    def count_start(self, connection: Connection) -> None:
        """Let the database come further than any backup of it that was taken before this start."""


class SystemHome:
    """PostgreSQL: a system, its timeline, a database in it and a table of that."""

    # Nothing of this is in a backup, and an ordinary user may ask for it. A replica does not serve.
    QUERY = text(
        "SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE concat_ws('/',"
        " (SELECT system_identifier FROM pg_control_system()),"
        " left(pg_walfile_name(pg_current_wal_lsn()), 8),"
        " (SELECT oid FROM pg_database WHERE datname = current_database()),"
        " 'installation'::regclass::oid) END"
    )

    def source(self, connection: Connection) -> str | None:
        """The four of them."""
        found: str | None = connection.scalar(self.QUERY)
        return found

    def fault(self, connection: Connection, row: Row) -> str | None:
        """Whether one of them is another."""
        present = self.source(connection)
        if None in (present, row.source) or present == row.source:
            return None
        return f"it was at {row.source}, and is at {present}"

    def note(self, aside: Callable[..., None]) -> bool:
        """The row says it all."""
        return True

    def count_start(self, connection: Connection) -> None:
        """A backup tells itself."""


class FileHome:
    """SQLite: the folder of the file, where its witness is."""

    QUERY = text(
        "SELECT (SELECT coalesce(sum(version), 0) FROM projects)"
        " + (SELECT coalesce(sum(seq), 0) FROM sqlite_sequence)"
    )

    def __init__(self, database: Path) -> None:
        self._witness = database.with_name(f"{database.name}-witness")
        self._mark = 0
        self._noted: int | None = None

    def source(self, _connection: Connection) -> str | None:
        """There is a witness."""
        return WITNESSED

    def fault(self, connection: Connection, row: Row) -> str | None:
        """Whether the database is behind its witness, or has lost it."""
        known = self._known()
        self._mark = connection.scalar(self.QUERY) or 0
        if known is None:
            return "its witness is gone" if row.source == WITNESSED else None
        if self._mark < known:
            return f"its counters had come to {known}, and are at {self._mark}"
        return None

    def note(self, aside: Callable[..., None]) -> bool:
        """Write the witness, whole or not at all."""
        try:
            if self._mark != self._noted:
                aside(self._write, self._mark)
                self._noted = self._mark
        except OSError as error:
            log.warning("The witness of the database was not written: %s", error)
        return self._mark == self._noted

    def count_start(self, connection: Connection) -> None:
        """Take the id of a login that nobody will have."""
        connection.execute(text("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'sessions'"))

    def _known(self) -> int | None:
        try:
            return int(self._witness.read_text())
        except (OSError, ValueError):
            return None

    def _write(self, mark: int) -> None:
        draft = self._witness.with_name(f"{self._witness.name}.{os.getpid()}")
        with draft.open("w") as file:
            file.write(f"{mark}\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._witness)


class HistoryWatch:
    """One per process; `history` is what was seen last, `on_change` hears of each other one."""

    def __init__(self) -> None:
        self.history: str | None = None
        self.on_change: Callable[[str], None] = lambda history: None
        self._app: Flask
        self._home: Home
        self._aside: Callable[..., None] = storage.call

    def init_app(self, app: Flask) -> None:
        """Look at the database of this application."""
        app.extensions["history_watch"] = self
        self._app, self.history = app, None
        with app.app_context():
            url = db.engine.url
        is_file = url.get_backend_name() == "sqlite"
        self._home = FileHome(Path(url.database or "")) if is_file else SystemHome()

    def ensure(self) -> None:
        """Look, unless it was done: a database may have been away at the start."""
        if self.history is None:
            self.look()

    def begin(self) -> None:
        """Look now, and again and again until the process ends."""
        self._try(self._start)
        socketio.start_background_task(self._run)
        atexit.register(self._look_at_the_end)

    def look(self) -> None:
        """Renew the history if the database went back, and tell of one that was not known."""
        with self._app.app_context():
            row, fault = self._read()
            if fault:
                self._renew(row.history, fault)
                row, _ = self._read()
            is_noted = self._home.note(self._aside)
            if is_noted and row.source is None:
                with db.engine.begin() as connection:
                    note_source(connection, row.history, self._home.source(connection))
        if row.history != self.history:
            self.history = row.history
            self.on_change(row.history)

    def went_back(self, seen: str, fault: str) -> None:
        """Renew the history `seen`, for something else has shown that the database went back."""
        with self._app.app_context():
            self._renew(seen, fault)
        self.look()

    def _read(self) -> tuple[Row, str | None]:
        g.reading = True
        with db.engine.connect() as connection:
            row = read_installation(connection)
            fault = self._home.fault(connection, row)
        g.reading = False
        return row, fault

    def _renew(self, seen: str, fault: str) -> None:
        """Do it, unless somebody else has noticed and done it meanwhile."""
        with db.engine.begin() as connection:
            if read_installation(connection, lock=True).history != seen:
                return
            done = renew_history(connection, self._home.source(connection))
        log.warning(
            "The database went back in time: %s. History %s has ended, %s begins; %s logins ended",
            fault,
            done.former,
            done.history,
            done.logins,
        )

    def _look_at_the_end(self) -> None:
        """A last time, without the threads, which have ended."""
        self._aside = _at_once
        self._try_to_look()

    def _run(self) -> None:
        while True:
            socketio.sleep(self._app.config["RELAY_SECONDS"])
            self._try_to_look()

    def _start(self) -> None:
        """Count the start, and note it before anybody is served.

        The look comes first: in a database that was put back, the start would count as what is
        missing there.
        """
        self.look()
        with self._app.app_context(), db.engine.begin() as connection:
            self._home.count_start(connection)
        self.look()

    def _try_to_look(self) -> None:
        self._try(self.look)

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:
            if unavailable(error):
                log.warning("The history waits: the database does not answer")
            else:
                log.exception("The history could not be looked at")


def _at_once(call: Callable[..., None], *given: int) -> None:
    call(*given)


history_watch = HistoryWatch()
