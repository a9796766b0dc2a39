"""Begin another history after the database went back in time.

Nothing that was given away before, and is not known any more, may be given away again: all ids and
all versions leap further than anybody has come since the backup. Whoever knows of no history is
told by the leap that they are too far behind. All logins end, also those that had ended already.
"""

import secrets
from typing import Any, NamedTuple

import sqlalchemy
from sqlalchemy import Connection, Table, cast, column, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import REGCLASS

from ..extensions import db
from .installation import LEAP, ONLY, Installation
from .login import Login
from .project import Project
from .types import now

# An address takes fifteen digits; see routes.
MAX_ID = 10**15 - 1


class OutOfIds(Exception):
    """The ids have leapt so often that another leap would lead out of what an address can hold."""


class Renewal(NamedTuple):
    """What was done."""

    former: str
    history: str
    projects: int
    logins: int


def renew_history(connection: Connection, source: str | None = None) -> Renewal:
    """Do it, in the transaction of `connection`. Raises `OutOfIds`."""
    former = read_installation(connection, lock=True).history
    counters = [_last_id(connection, table) for table in numbered_tables()]
    counters.append(connection.scalar(select(func.max(Project.version))) or 0)
    if max(counters) + LEAP > MAX_ID:
        raise OutOfIds(
            f"The counters have come to {max(counters)} and cannot leap by {LEAP} again."
        )
    for table in numbered_tables():
        _leap(connection, table)
    projects = connection.execute(update(Project).values(version=Project.version + LEAP)).rowcount
    logins = connection.execute(delete(Login)).rowcount
    history = secrets.token_hex(16)
    values = {"history": history, "began_at": now(), "source": source}
    connection.execute(update(Installation).values(values).where(Installation.id == ONLY))
    return Renewal(former, history, projects, logins)


def read_installation(connection: Connection, lock: bool = False) -> "Row":
    """The row; if locked, whoever comes second sees what the first has done."""
    query = select(Installation.history, Installation.source).where(Installation.id == ONLY)
    return Row(*connection.execute(query.with_for_update() if lock else query).one())


def note_source(connection: Connection, history: str, source: str | None) -> None:
    """Say where the database is at home, unless it is known or there is another history."""
    connection.execute(
        update(Installation)
        .values(source=source)
        .where(Installation.history == history, Installation.source.is_(None))
    )


class Row(NamedTuple):
    """What the installation says of itself."""

    history: str
    source: str | None


def numbered_tables() -> list[Table]:
    """The tables whose ids the database gives away."""
    return [each for each in db.metadata.sorted_tables if each.autoincrement_column is not None]


def _last_id(connection: Connection, table: Table) -> int:
    """The last id that was given away, as far as is known here."""
    largest = connection.scalar(select(func.max(table.autoincrement_column))) or 0
    if connection.dialect.name == "sqlite":
        given = select(_given.c.seq).where(_given.c.name == table.name)
    else:
        given = select(func.pg_sequence_last_value(cast(_sequence(connection, table), REGCLASS)))
    return max(largest, connection.scalar(given) or 0)


def _leap(connection: Connection, table: Table) -> None:
    last = _last_id(connection, table) + LEAP
    if connection.dialect.name == "sqlite":
        connection.execute(delete(_given).where(_given.c.name == table.name))
        connection.execute(insert(_given).values(name=table.name, seq=last))
    else:
        connection.execute(select(func.setval(_sequence(connection, table), last)))


def _sequence(connection: Connection, table: Table) -> str:
    key: Any = table.autoincrement_column
    name = connection.scalar(select(func.pg_get_serial_sequence(table.name, key.name)))
    return str(name)


# SQLite's own table of what AUTOINCREMENT has given away.
_given = sqlalchemy.table("sqlite_sequence", column("name"), column("seq"))
