"""Starting the server: look at the database, greet, and become gunicorn.

A start waits for this, so it asks the database with the bare driver: loading the application only
to find that there is nothing to migrate would take as long as the server's own start.
"""

import gettext
import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import psycopg2

from .config import DEFAULT_PORT, ROOT, UnsafeConfiguration, from_environment

VERSIONS = ROOT / "migrations" / "versions"
TRANSLATIONS = ROOT / "projchat" / "translations"
CONNECT_SECONDS = 3
# A copy leaves its notes in this table until it is whole; see copying.py.
UNFINISHED = "SELECT 1 FROM pg_tables WHERE tablename = 'data_copy'"


class State(NamedTuple):
    """What a start finds."""

    up_to_date: bool
    has_people: bool


def look() -> State:
    """Look at the database. Raises `UnsafeConfiguration` if it must not be served."""
    url = from_environment()["SQLALCHEMY_DATABASE_URI"]
    newest = max(path.name.split("_")[0] for path in VERSIONS.glob("*.py"))
    try:
        with closing(_connect(url)) as connection:
            revision = _first(connection, "SELECT version_num FROM alembic_version")
            has_people = _first(connection, "SELECT 1 FROM users LIMIT 1") is not None
            half_copied = not _is_sqlite(url) and _first(connection, UNFINISHED) is not None
    except (sqlite3.Error, psycopg2.Error):
        return State(up_to_date=False, has_people=False)
    if half_copied:
        raise UnsafeConfiguration(
            "The database is only half copied: start `projchat data copy` again, it goes on."
        )
    return State(up_to_date=revision == newest, has_people=has_people)


def greeting(state: State) -> list[str]:
    """What the person who starts it reads first."""
    _ = _words()
    address = f"http://localhost:{os.environ.get('PORT') or DEFAULT_PORT}"
    lines = [_("projchat is at %s") % address]
    if not state.has_people:
        lines.append(_("Open it and make the first account: it is the administrator's."))
    return [*lines, _("Stop it with Ctrl-C.")]


def hand_over() -> NoReturn:
    """Go on as gunicorn, in this very process."""
    os.chdir(ROOT)
    gunicorn = ["-m", "gunicorn", "--config", str(ROOT / "projchat" / "gunicorn_conf.py")]
    os.execv(sys.executable, [sys.executable, *gunicorn])  # noqa: S606 - our own interpreter.


def _connect(url: str) -> Any:
    if _is_sqlite(url):
        path = Path(url.removeprefix("sqlite:///"))
        return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    plain = url.replace("postgresql+psycopg2://", "postgresql://", 1)
    return psycopg2.connect(plain, connect_timeout=CONNECT_SECONDS)


def _is_sqlite(url: str) -> bool:
    return url.startswith("sqlite:///")


def _first(connection: Any, query: str) -> Any:
    cursor = connection.cursor()
    cursor.execute(query)
    row = cursor.fetchone()
    return row and row[0]


def _words() -> Callable[[str], str]:
    return gettext.translation("messages", str(TRANSLATIONS), fallback=True).gettext
