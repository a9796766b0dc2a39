"""How transactions begin on each database.

SQLite has one writer at a time. A transaction that starts as a reader and wants to write later
fails at once if somebody else wrote in between, so a transaction that may write takes the write
lock with its first statement (BEGIN IMMEDIATE), and greenlets of this process queue for it
without stopping the event loop. Requests that only read set `g.reading` and never wait; one that
can do without what it wants to write sets `g.lock_patience`, in seconds.
See https://www.sqlite.org/lang_transaction.html and https://www.sqlite.org/wal.html.
"""

import os
import sqlite3
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from flask import g, has_app_context
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

LOCK_PATIENCE = 5.0
LOCK_POLL = 0.02
BUSY_TIMEOUT_MS = 20
CONNECT_TIMEOUT = 3

_writer = threading.Lock()


def engine_options(url: str) -> dict[str, Any]:
    """Engine options for a database URL: pool sizes and time limits in seconds.

    Parameters are hidden, or an exception in the log would tell what somebody wrote.
    PostgreSQL compiles no query to machine code: that takes 100 ms, more than any of ours does.
    """
    if url.startswith("sqlite"):
        return {
            "hide_parameters": True,
            "connect_args": {"isolation_level": None, "check_same_thread": False},
        }
    return {
        "hide_parameters": True,
        "pool_size": 10,
        "max_overflow": 10,
        "pool_timeout": LOCK_PATIENCE,
        "pool_use_lifo": True,
        "connect_args": {
            "connect_timeout": CONNECT_TIMEOUT,
            "options": "-c statement_timeout=10000 -c lock_timeout=5000"
            " -c idle_in_transaction_session_timeout=30000 -c jit=off",
        },
    }


def prepare(engine: Engine) -> None:
    """Attach the rules of SQLite to an engine; other databases need none."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "do_connect", _keep_private)
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
        event.listen(engine, "commit", _release)
        event.listen(engine, "rollback", _release)


def probe(engine: Engine) -> bool:
    """Write something that leaves nothing; whether the database takes it.

    The first connection may be one that was cut since it was last used; the next one is new.
    """
    try:
        return _write_nothing(engine)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        return _write_nothing(engine)


def _write_nothing(engine: Engine) -> bool:
    """Write so that it must reach the disk, for a full one shows only then.

    SQLite writes a number over itself, PostgreSQL puts an empty message into its log.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            version = connection.exec_driver_sql("PRAGMA user_version").scalar()
            connection.exec_driver_sql(f"PRAGMA user_version = {version}")
            return True
        read_only = connection.exec_driver_sql("SHOW transaction_read_only").scalar()
        if read_only == "off":
            connection.exec_driver_sql("SELECT pg_logical_emit_message(true, 'projchat', '')")
        return read_only == "off"


def _keep_private(_dialect: Any, _entry: Any, arguments: list[str], _options: Any) -> None:
    """Make the file for its owner alone, and take from all others what an older one let them.

    SQLite gives the files that it makes beside it the same rights. A file that is there is not
    opened: to close it would end SQLite's locks on it
    (https://www.sqlite.org/howtocorrupt.html, section 2.2). What cannot be done here, SQLite says
    itself.
    """
    path = Path(arguments[0])
    with suppress(OSError):
        if not path.exists():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    for each in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        with suppress(OSError):
            if (mode := each.stat().st_mode) & 0o077:
                each.chmod(mode & 0o700)


def _configure(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    if has_app_context() and g.get("reading"):
        _said(connection, "BEGIN")
    else:
        patience = g.get("lock_patience", LOCK_PATIENCE) if has_app_context() else LOCK_PATIENCE
        _begin_writing(connection, patience)


def _begin_writing(connection: Connection, patience: float) -> None:
    deadline = time.monotonic() + patience
    if not _writer.acquire(timeout=patience):
        raise OperationalError("BEGIN IMMEDIATE", None, _writer_busy())
    try:
        while True:
            try:
                _said(connection, "BEGIN IMMEDIATE")
                break
            except OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(LOCK_POLL)
    except BaseException:
        _writer.release()
        raise
    connection.info["writer"] = True


def _writer_busy() -> sqlite3.OperationalError:
    """What SQLite would say if the other writer were not of this very process."""
    error = sqlite3.OperationalError("writer busy")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error


def _said(connection: Connection, statement: str) -> None:
    """Say it to the driver itself: every transaction begins so, and has no parameters or result."""
    try:
        connection.connection.dbapi_connection.execute(statement)  # type: ignore[union-attr]
    except sqlite3.OperationalError as error:
        raise OperationalError(statement, None, error) from error


def _release(connection: Connection) -> None:
    """Let the next writer in.

    SQLAlchemy calls this just before COMMIT or ROLLBACK; nothing yields between the two, and a
    writer of another process that slips in is met by the poll above.
    """
    if connection.info.pop("writer", False):
        _writer.release()
