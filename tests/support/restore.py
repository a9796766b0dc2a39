"""A database that is put back to an earlier state, as an administrator does it with a backup."""

import shutil
import sqlite3
import uuid
from pathlib import Path

from support.server import Server
from support.surgery import execute

NAME = "projchat.sqlite3"


class Backup:
    """A copy of the SQLite database of a server, and of its witness, made while it serves."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._path = server.folder / f"{uuid.uuid4()}.sqlite3"
        # Taken first, so that it is not ahead of the copy.
        self._mark = self._witness.read_text()
        with sqlite3.connect(self._database) as connection:
            connection.execute("VACUUM INTO ?", (str(self._path),))
        connection.close()

    def put_back(self, declared: bool = False, history: bool = True) -> None:
        """Stop the server and put the copy in the place of its database.

        If `declared`, it is said by the command. If not, the witness went back as well, so that
        nobody notices: ids are given out again and logins go on, which is the worst that a page can
        meet. What it is shown then is another history, or with `history=False` not even that.
        """
        self._server.stop()
        for ending in ("", "-wal", "-shm"):
            self._database.with_name(NAME + ending).unlink(missing_ok=True)
        shutil.copy(self._path, self._database)
        self._witness.write_text(self._mark)
        if declared:
            ended = self._server.command("data", "restored")
            assert ended.returncode == 0, ended.stderr
        elif history:
            renew = "UPDATE installation SET history = :history"
            execute(self._server, renew, history=uuid.uuid4().hex)

    @property
    def _database(self) -> Path:
        return self._server.instance / NAME

    @property
    def _witness(self) -> Path:
        return self._database.with_name(f"{NAME}-witness")
