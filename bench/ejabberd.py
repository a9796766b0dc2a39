"""ejabberd, a server of XMPP: Debian's package, in a process of our own."""

import base64
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from bench.contenders import HERE, REFERENCE, Reference, Seat

CONFIGURATION = REFERENCE / "ejabberd.yml"
PASSWORD = "of-everybody"  # noqa: S105 - accounts that live for one measurement.


class Ejabberd(Reference):
    """A room for each project, whose archive is in SQLite as projchat's messages are.

    ejabberdctl would start it as another account, which may not write in our folder, so Erlang
    is started as that does it: with the same switches, and one scheduler for the one core.
    """

    load = HERE / "xmpp.c"
    load_words = ("localhost", "room%d@conference.localhost")

    def __init__(self, folder: Path) -> None:
        self._database = folder / "chat.sqlite3"
        machine = ["erl", "+S", "1:1", "+K", "true", "+P", "250000", "-noinput"]
        super().__init__(
            folder, [*machine, "-mnesia", "dir", f'"{folder / "mnesia"}"', "-s", "ejabberd"]
        )

    def seats(self, count: int, projects: int = 1) -> list[Seat]:
        """People with accounts of their own; rooms come into being when somebody enters."""
        names = [f"person{place}" for place in range(count)]
        with closing(sqlite3.connect(self._database)) as database, database:
            database.executemany(
                "INSERT OR IGNORE INTO users (username, password) VALUES (?, ?)",
                [(name, PASSWORD) for name in names],
            )
        return [
            Seat(1 + place % projects, "-", _credentials(name)) for place, name in enumerate(names)
        ]

    def _prepare(self) -> dict[str, str]:
        """Write the configuration and the tables; the journal is as projchat has it."""
        library = _library()
        configuration = self.folder / CONFIGURATION.name
        configuration.write_text(
            CONFIGURATION.read_text().format(port=self.port, database=self._database)
        )
        with closing(sqlite3.connect(self._database)) as database:
            database.executescript((library / "priv" / "sql" / "lite.sql").read_text())
            database.execute("PRAGMA journal_mode = WAL")
        return {
            "ERL_LIBS": str(library.parent),
            "ERL_CRASH_DUMP": str(self.folder / "crash.dump"),
            "EJABBERD_CONFIG_PATH": str(configuration),
            "EJABBERD_LOG_PATH": str(self.folder / "ejabberd.log"),
        }


def version() -> str:
    """What is installed, with the version of the package."""
    query = ["dpkg-query", "--show", "--showformat", "${Version}", "ejabberd"]
    return f"ejabberd {subprocess.run(query, capture_output=True, text=True, check=True).stdout}"


def _library() -> Path:
    for application in Path("/usr/lib").glob("*/ejabberd-*/ebin/ejabberd.app"):
        return application.parents[1]
    raise RuntimeError("ejabberd is not here; `make bench-ejabberd` installs it.")


def _credentials(name: str) -> str:
    """A name and its password as SASL PLAIN sends them."""
    return base64.b64encode(f"\0{name}\0{PASSWORD}".encode()).decode()
