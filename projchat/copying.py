"""Moving house: everything from SQLite to PostgreSQL, compared at the end.

The rows go in batches, in the order of their keys, and each batch is committed together with the
note of how far it went (the table `data_copy`). Whoever kills the copy starts it again and it goes
on from there; as long as the note is there, the server does not start on that database.

SQLite's write lock is held all the while, so nothing can be written that would be left behind.
"""

import hashlib
import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    func,
    inspect,
    select,
    text,
    tuple_,
)
from sqlalchemy.exc import OperationalError

from . import database
from .extensions import db
from .models import Installation, word_index

BATCH = 2000
LOCK = 7061727
DIGEST_BYTES = 16

# Made with the tables, so that a database that nobody has used has its one row already.
installation: Table = Installation.__table__  # type: ignore[assignment]
progress = Table(
    "data_copy",
    MetaData(),
    Column("table_name", String(64), primary_key=True),
    Column("source", Text, nullable=False),
    Column("last_key", JSON(none_as_null=True)),
    Column("row_count", BigInteger, nullable=False),
)


class Refused(Exception):
    """The copy cannot begin, or what was copied is not the same; the sentence says why."""


class Content(NamedTuple):
    """What a table holds, in brief: two tables with the same rows have the same."""

    rows: int
    digest: int


class Copy:
    """One copy: `begin`, then `copied`, `compared` and `finish`, each in full."""

    def __init__(self, source: Connection, target: Engine) -> None:
        self._source = source
        self._target = target
        self._name = source.engine.url.render_as_string()
        self.tables = db.metadata.sorted_tables
        self.total = 0

    def target_is_bare(self) -> bool:
        """Whether there is no table yet."""
        return not inspect(self._target).get_table_names()

    def begin(self) -> int:
        """Begin, or go on; how many rows are there already. Raises `Refused`."""
        with self._target.begin() as target:
            self._require_one_schema(target)
            self.total = sum(_count(self._source, table) for table in self.tables)
            if not inspect(target).has_table(progress.name):
                self._require_empty(target)
                target.execute(installation.delete())
                progress.create(target)
                target.execute(progress.insert(), [self._first_note(each) for each in self.tables])
            notes = target.execute(select(progress.c.source, progress.c.row_count)).all()
        if others := {note.source for note in notes} - {self._name}:
            raise Refused(f"A copy from {others.pop()} was begun there and is not finished.")
        return sum(note.row_count for note in notes)

    def copied(self) -> Iterator[int]:
        """Copy what is not there yet; the number of rows of each batch."""
        for table in self.tables:
            key = self._last_key(table)
            while batch := self._batch(table, key):
                key = [batch[-1][column.name] for column in table.primary_key]
                with self._target.begin() as target:
                    target.execute(table.insert(), batch)
                    target.execute(
                        progress.update()
                        .where(progress.c.table_name == table.name)
                        .values(last_key=key, row_count=progress.c.row_count + len(batch))
                    )
                yield len(batch)

    def compared(self) -> Iterator[int]:
        """Read both sides; the number of rows read meanwhile. Raises `Refused` if they differ."""
        different = []
        for table in self.tables:
            here = yield from _content(self._source, table)
            with self._target.connect() as target:
                there = yield from _content(target, table)
            if here != there:
                different.append(f"{table.name} ({here.rows} rows here, {there.rows} there)")
        if different:
            raise Refused(
                f"What was copied is not the same: {', '.join(different)}. Something was written "
                "to one of the databases meanwhile; begin again with an empty one."
            )

    def finish(self) -> None:
        """Make what follows from the rows, and open the database to the server.

        New rows are numbered after the copied ones, in the same history, which is at home here from
        now on; the index of words is made anew, since each database keeps its own.
        """
        with self._target.begin() as target:
            word_index.fill(target)
            target.execute(text("UPDATE projects SET indexed_count = message_count"))
            target.execute(installation.update().values(source=None))
            for table in self.tables:
                self._set_sequence(target, table)
            progress.drop(target)
            target.execute(text("ANALYZE"))

    def _require_one_schema(self, target: Connection) -> None:
        here, there = _revision(self._source), _revision(target)
        if here != there:
            raise Refused(
                f"The tables here are of revision {here}, there of {there}: "
                "bring both up to date first (projchat db upgrade)."
            )

    def _require_empty(self, target: Connection) -> None:
        used = [table for table in self.tables if table is not installation]
        full = [table.name for table in used if _count(target, table)]
        if full:
            raise Refused(f"The database is in use: there are rows in {', '.join(full)}.")

    def _first_note(self, table: Table) -> dict[str, Any]:
        return {"table_name": table.name, "source": self._name, "row_count": 0}

    def _last_key(self, table: Table) -> list[Any] | None:
        query = select(progress.c.last_key).where(progress.c.table_name == table.name)
        with self._target.connect() as target:
            key: list[Any] | None = target.scalar(query)
        return key

    def _batch(self, table: Table, after: list[Any] | None) -> list[dict[str, Any]]:
        query = select(*_columns(table)).order_by(*table.primary_key).limit(BATCH)
        if after is not None:
            query = query.where(tuple_(*table.primary_key) > tuple_(*after))
        return [dict(row) for row in self._source.execute(query).mappings()]

    def _set_sequence(self, target: Connection, table: Table) -> None:
        """An id that was given away, to a row that is gone too, does not come back."""
        key = table.autoincrement_column
        if key is None or key.default is not None:
            return
        sequence = target.scalar(select(func.pg_get_serial_sequence(table.name, key.name)))
        last = max(self._source.scalar(select(func.max(key))) or 0, self._given_away(table))
        if sequence and last:
            target.execute(select(func.setval(sequence, last)))

    def _given_away(self, table: Table) -> int:
        if not table.dialect_options["sqlite"]["autoincrement"]:
            return 0
        query = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
        return self._source.scalar(query, {"table": table.name}) or 0


@contextmanager
def copying(source_url: str, target_url: str) -> Iterator[Copy]:
    """Hold both databases for a copy. Raises `Refused` if one cannot be had."""
    source, target = (_engine(url) for url in (source_url, target_url))
    try:
        with _held(source) as reading, _reserved(target):
            yield Copy(reading, target)
    finally:
        source.dispose()
        target.dispose()


def _engine(url: str) -> Engine:
    engine = create_engine(url, **database.engine_options(url))
    database.prepare(engine)
    return engine


@contextmanager
def _held(source: Engine) -> Iterator[Connection]:
    """The source in one transaction that keeps every writer out."""
    with source.connect() as connection:
        try:
            connection.begin()
        except OperationalError:
            raise Refused("The database is being written to: stop the server first.") from None
        yield connection


@contextmanager
def _reserved(target: Engine) -> Iterator[None]:
    """The target for us alone; a copy that was killed lets go of it in a moment."""
    try:
        connection = target.connect().execution_options(isolation_level="AUTOCOMMIT")
    except OperationalError as error:
        reason = str(error.orig).splitlines()[0]
        raise Refused(f"PostgreSQL does not let us in: {reason}") from None
    with connection:
        try:
            connection.execute(select(func.pg_advisory_lock(LOCK)))
        except OperationalError:
            raise Refused("Another copy into that database is under way.") from None
        yield


def _columns(table: Table) -> list[Column[Any]]:
    """What is stored; a computed column follows from the others."""
    return [column for column in table.columns if column.computed is None]


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _content(connection: Connection, table: Table) -> Generator[int, None, Content]:
    """Sum up the hashes of the rows, so that the order, a matter of collation, does not count."""
    total, digest = 0, 0
    query = select(*_columns(table)).execution_options(yield_per=BATCH)
    for rows in connection.execute(query).partitions():
        total += len(rows)
        digest += sum(_digest(row) for row in rows)
        yield len(rows)
    return Content(total, digest % 256**DIGEST_BYTES)


def _digest(row: Any) -> int:
    plain = json.dumps([_plain(value) for value in row], sort_keys=True).encode()
    return int.from_bytes(hashlib.blake2b(plain, digest_size=DIGEST_BYTES).digest())


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.hex() if isinstance(value, bytes) else value
