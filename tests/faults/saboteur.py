"""Runs inside the server under test: ends it where it is told to, or breaks a promise on purpose.

The server binds `hit` when PROJCHAT_FAILPOINTS names this file. An order is a file with the name
of a place in the folder PROJCHAT_FAULTS; whoever removes it carries it out, so that of several
workers exactly one does. PROJCHAT_SABOTAGE names the variant that the oracle must find out.
"""

import itertools
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ["PROJCHAT_FAULTS"])
SABOTAGE = os.environ.get("PROJCHAT_SABOTAGE", "")

_prepared = set[str]()


def hit(place: str) -> None:
    """The server has come to this place."""
    if "emit" not in _prepared:
        _prepared.add("emit")
        _tamper_with_emit()
    if "clock" not in _prepared and (FOLDER / "clock").exists():
        _prepared.add("clock")
        _tamper_with_clock()
    if SABOTAGE not in _prepared and (FOLDER / "sabotage").exists():
        _prepared.add(SABOTAGE)
        VARIANTS[SABOTAGE]()
    if _ordered(place):
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)


def _ordered(place: str) -> bool:
    try:
        (FOLDER / place).unlink()
    except FileNotFoundError:
        return False
    return True


def _part(name: str) -> Any:
    return sys.modules[f"projchat.{name}"]


def _tamper_with_emit() -> None:
    """The order `drop` swallows one event on its way to all workers."""
    fanout = _part("realtime.fanout").Fanout
    emit = fanout.emit

    def tampered(self: Any, event: str, *args: Any, **kwargs: Any) -> None:
        if event not in ("new-message", "message-updated") or not _ordered("drop"):
            emit(self, event, *args, **kwargs)

    fanout.emit = tampered


def _tamper_with_clock() -> None:
    """The file `clock` says by how many seconds this machine's clock is wrong."""
    types = _part("models.types")
    right, moment = time.time, types.datetime

    def wrong() -> float:
        return right() + float((FOLDER / "clock").read_text() or 0)

    class Wrong(moment):  # type: ignore[misc]
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return moment.fromtimestamp(wrong(), tz)

    time.time = wrong
    types.datetime = Wrong


def _sequence() -> None:
    """Versions come from a database sequence, which is taken early and knows of no commit."""
    project = _part("models.project")
    database = _part("extensions").db
    count = project.Project._count

    def counted(self: Any, new_message: bool, in_archive: bool = False) -> int:
        with database.engine.connect() as connection:
            version = connection.exec_driver_sql("SELECT nextval('sabotage')").scalar()
            connection.commit()
        time.sleep(random.random() * 0.1)
        count(self, new_message, in_archive)
        table = project.Project.__table__
        newest = project.update(table).where(table.c.id == self.id)
        database.session.execute(newest.values(version=_greatest(table.c.version - 1, version)))
        self.learn(version=version)
        return int(version or 0)

    project.Project._count = counted


def _greatest(*values: Any) -> Any:
    from sqlalchemy import func  # noqa: PLC0415  The server loads this file before its libraries.

    return func.greatest(*values)


def _no_dedupe() -> None:
    """A repeated clientId makes another message; the unique constraint is gone.

    The first place may be one without an application, so it listens to engines of any.
    """
    sqlalchemy = sys.modules["sqlalchemy"]
    careful = "ON CONFLICT (author_id, client_id) DO NOTHING"

    def careless(_connection: Any, _cursor: Any, statement: str, values: Any, *_more: Any) -> Any:
        return statement.replace(careful, ""), values

    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", careless, retval=True)


def _no_beacon() -> None:
    """The relay neither repairs nor tells the head."""
    relay = _part("realtime.relay").Relay
    relay._repair = lambda self, project_id: False
    relay._tell_head = lambda self, project_id: None


def _emit_before_commit() -> None:
    """The room hears of a message before it is stored, and some never are."""
    project = _part("models.project").Project
    socketio = _part("extensions").socketio
    unavailable = _part("errors").OperationalError
    post = project.post
    turns = itertools.count(1)

    def announced(self: Any, *args: Any, **kwargs: Any) -> Any:
        message = post(self, *args, **kwargs)
        socketio.emit("new-message", message.to_dict(), to=self.room)
        if next(turns) % 10 == 0:
            raise unavailable("COMMIT", None, Exception("the disk is full"))
        return message

    project.post = announced


def _endless_page() -> None:
    """A page has no end, and whoever is sent a large frame counts as slow at once."""
    _part("models.page").fill_page.__defaults__ = (2**40,)
    for name in ("newest", "before", "changes_since"):
        method = getattr(_part("models.timeline").Timeline, name)
        method.__defaults__ = (*method.__defaults__[:-1], 2**40)
    _part("models.changes")._max_bytes = lambda _limit: 2**40
    wires = _part("realtime.wires")
    put = wires.Wire.put

    def impatient(self: Any, pkt: Any) -> None:
        put(self, pkt)
        if pkt is not None and len(pkt.encode().encode()) > 1024 * 1024:
            self._disconnect("a large frame")

    wires.Wire.put = impatient


VARIANTS: dict[str, Callable[[], None]] = {
    "sequence": _sequence,
    "no-dedupe": _no_dedupe,
    "no-beacon": _no_beacon,
    "emit-before-commit": _emit_before_commit,
    "endless-page": _endless_page,
}
