"""The backup of a server's database, and putting it back by hand."""

import shutil
import sqlite3
from pathlib import Path
from typing import Protocol

import psycopg2

from support.server import Server


class Backup(Protocol):
    """Both while the server stands still."""

    def take(self) -> None:
        """Keep what is there now."""

    def put_back(self) -> None:
        """Let it be as it was kept; the backup may be put back once."""


def backup_of(server: Server) -> Backup:
    """The backup as this server's database has it."""
    if "DATABASE_URL" in server.environment:
        return DatabaseBackup(server.environment["DATABASE_URL"])
    return FileBackup(server.instance / "projchat.sqlite3")


class FileBackup:
    """SQLite: another file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = path.with_suffix(".backup")

    def take(self) -> None:
        """VACUUM INTO."""
        self._kept.unlink(missing_ok=True)
        connection = sqlite3.connect(self._path)
        connection.execute("VACUUM INTO ?", (str(self._kept),))
        connection.close()

    def put_back(self) -> None:
        """Copy it over."""
        for end in ("-wal", "-shm"):
            self._path.with_name(self._path.name + end).unlink(missing_ok=True)
        shutil.copy(self._kept, self._path)

    def forget_all_traces(self) -> None:
        """Take away what shows that it was put back, as nobody does by mistake."""
        self._path.with_name(f"{self._path.name}-witness").unlink()
        connection = sqlite3.connect(self._path, isolation_level=None)
        connection.execute("UPDATE installation SET source = NULL")
        connection.close()


class DatabaseBackup:
    """PostgreSQL: another database, made from the first."""

    def __init__(self, url: str) -> None:
        self._base, _, self._name = url.rpartition("/")

    def take(self) -> None:
        """Make it."""
        self._say(
            'DROP DATABASE IF EXISTS "{0}_backup"', 'CREATE DATABASE "{0}_backup" TEMPLATE "{0}"'
        )

    def put_back(self) -> None:
        """Let it take the other's place."""
        self._say('DROP DATABASE "{0}" WITH (FORCE)', 'ALTER DATABASE "{0}_backup" RENAME TO "{0}"')

    def _say(self, *statements: str) -> None:
        connection = psycopg2.connect(f"{self._base}/postgres")
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement.format(self._name))
        connection.close()
