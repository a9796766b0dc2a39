"""A look into the server's database, to see what is there and that nothing has changed."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, inspect, text

from support.server import Server

# The time of the last request is written there, whatever it was, and that of the last look.
UNSTEADY = ("sessions", "processes")
# The words of what was said before are noted beside the requests: the tables of the index, and the
# column that says how far it has come.
INDEX = "message_index"
# What is noted beside the requests, whenever there is time.
UNSTEADY_COLUMNS = ("indexed_count", "last_seen_at")


class Database:
    """Read-only access to the database of a server."""

    def __init__(self, server: Server) -> None:
        self._engine = _engine(server)

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """The rows of a query."""
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(query), values).mappings()]

    def value(self, query: str, **values: Any) -> Any:
        """The first column of the first row of a query."""
        with self._engine.connect() as connection:
            return connection.execute(text(query), values).scalar()

    def contents(self, besides: Iterable[str] = UNSTEADY) -> dict[str, list[str]]:
        """Every row of every table, besides those named and the index of words."""
        with self._engine.connect() as connection:
            names = set(inspect(connection).get_table_names()) - set(besides)
            tables = sorted(name for name in names if not name.startswith(INDEX))
            return {table: sorted(_rows(connection, table)) for table in tables}

    @contextmanager
    def unchanged(self, besides: Iterable[str] = UNSTEADY) -> Iterator[None]:
        """Assert that what happens inside changes nothing."""
        before = self.contents(besides)
        yield
        after = self.contents(besides)
        for table in before.keys() | after.keys():
            assert before.get(table) == after.get(table), f"{table} has changed."

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def _rows(connection: Connection, table: str) -> Iterator[str]:
    for row in connection.execute(text(f'SELECT * FROM "{table}"')).mappings():
        yield str({name: value for name, value in row.items() if name not in UNSTEADY_COLUMNS})


def _engine(server: Server) -> Engine:
    url = server.environment.get("DATABASE_URL")
    if url:
        address = url.replace("postgres://", "postgresql://", 1)
        return create_engine(
            address.replace("postgresql://", "postgresql+psycopg2://", 1),
            connect_args={"options": "-c default_transaction_read_only=on"},
        )
    path = server.instance / "projchat.sqlite3"
    return create_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
