"""What is looked at before the server starts: the database, Redis and the port.

A start waits for this, so it asks the database with the bare driver: loading the application only
to find that there is nothing to migrate would take as long as the server's own start.
"""

import difflib
import errno
import importlib
import os
import re
import socket
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import psycopg2
from psycopg2.errors import UndefinedTable

from . import addresses
from .config import UnsafeConfiguration, from_environment, newest_revision, revisions

CONNECT_SECONDS = 3
REDIS_SECONDS = 2.0
# A copy leaves its notes in this table until it is whole; see copying.py.
UNFINISHED = "SELECT 1 FROM pg_tables WHERE tablename = 'data_copy'"
# Settings without our prefix: a name much like one of these, which is not set, is a slip.
COMMON_NAMES = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS")
LIKENESS = 0.85


class State(NamedTuple):
    """What a start finds."""

    settings: dict[str, Any]
    up_to_date: bool
    has_people: bool


class Tables(NamedTuple):
    """What a database holds."""

    revision: str | None = None
    has_people: bool = False
    half_copied: bool = False


def look(environ: Mapping[str, str] = os.environ) -> State:
    """Look at the settings and the database. Raises `UnsafeConfiguration` for a bad one."""
    settings = from_environment(environ)
    tables = _tables(settings["SQLALCHEMY_DATABASE_URI"])
    if tables.half_copied:
        raise UnsafeConfiguration(
            "The database is only half copied: start `projchat data copy` again, it goes on."
        )
    newest = newest_revision()
    if tables.revision and tables.revision not in revisions():
        raise UnsafeConfiguration(
            f"The database is of a later version (its tables are at {tables.revision}, this code "
            f"knows {newest}). Start the later version, or let it take the tables back first: "
            f"projchat db downgrade {newest}"
        )
    return State(settings, tables.revision == newest, tables.has_people)


def refuse_taken_port(host: str, port: int) -> None:
    """Raise `UnsafeConfiguration` if we cannot listen there; a socket that is given is fine."""
    if addresses.are_sockets_given(os.environ):
        return
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in found[:1]:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except OSError as error:
        raise UnsafeConfiguration(_why_not_listening(error, host, port)) from None


def notices(settings: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Tell what does not keep the server from starting, but is hardly meant."""
    yield from _misspelt(environ)
    if not addresses.is_loopback(settings["HOST"]):
        yield from _open_door(settings)
    if settings["REDIS_URL"]:
        yield from _redis_trouble(settings["REDIS_URL"])


def database_name(url: str) -> str:
    """What may be shown of the database: its kind and where it is."""
    if _is_sqlite(url):
        return f"SQLite, {_file(url)}"
    parts = urlsplit(url)
    where = f" at {addresses.in_brackets(parts.hostname)}" if parts.hostname else ""
    port = f":{parts.port}" if parts.port else ""
    return f"PostgreSQL, {parts.path[1:] or 'the default'}{where}{port}"


# --- The database ---


def _tables(url: str) -> Tables:
    try:
        return _tables_of_file(_file(url)) if _is_sqlite(url) else _tables_of_service(url)
    except (sqlite3.Error, psycopg2.Error) as error:
        raise UnsafeConfiguration(
            f"The database ({database_name(url)}) cannot be used: {reason_of(error)}."
        ) from None


def _tables_of_file(path: Path) -> Tables:
    if path.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise sqlite3.OperationalError("no file can be made there")
    if not path.exists():
        return Tables()
    if not os.access(path, os.R_OK | os.W_OK):
        raise sqlite3.OperationalError("the file is not ours to write to; give it to this user")
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        try:
            return Tables(*_revision_and_people(connection))
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
            return Tables()


def _tables_of_service(url: str) -> Tables:
    plain = url.replace("postgresql+psycopg2://", "postgresql://", 1)
    with closing(psycopg2.connect(plain, connect_timeout=CONNECT_SECONDS)) as connection:
        try:
            return Tables(
                *_revision_and_people(connection),
                half_copied=_first(connection, UNFINISHED) is not None,
            )
        except UndefinedTable:
            return Tables()


def _revision_and_people(connection: Any) -> tuple[str | None, bool]:
    revision = _first(connection, "SELECT version_num FROM alembic_version")
    return revision, _first(connection, "SELECT 1 FROM users LIMIT 1") is not None


def _first(connection: Any, query: str) -> Any:
    cursor = connection.cursor()
    cursor.execute(query)
    row = cursor.fetchone()
    return row and row[0]


def reason_of(error: BaseException) -> str:
    """The driver's own words in short; of an address that it cannot read, nothing is repeated."""
    text = str(getattr(error, "orig", None) or error).strip()
    if "dsn" in text or "URI" in text:
        return f"its address cannot be read. {addresses.ENCODED}".rstrip(".")
    lines = [line for line in text.splitlines() if not re.match(r"\s|LINE |DETAIL:|HINT:", line)]
    last = (lines or text.splitlines() or [type(error).__name__])[-1]
    return re.sub(r"^.*?(failed|error): (FATAL: +)?", "", last).strip().rstrip(".")[:200]


def _is_sqlite(url: str) -> bool:
    return url.startswith("sqlite:///")


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


# --- The port ---


def _why_not_listening(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"PORT: {port} is taken, another server listens there. Stop it, or take another port: "
            f"PORT={port % 65535 + 1}."
        )
    if error.errno == errno.EACCES:
        return f"PORT: {port} is only for root; take one above 1023, with a proxy in front."
    return f"HOST: {host!r} is no address of this machine."


# --- What is only said ---


def _misspelt(environ: Mapping[str, str]) -> Iterator[str]:
    unset = [name for name in COMMON_NAMES if not environ.get(name)]
    for name in sorted(environ.keys() - {*COMMON_NAMES}):
        for meant in difflib.get_close_matches(name, unset, n=1, cutoff=LIKENESS):
            yield f"{name} is set, but projchat reads {meant}, which is not."


def _open_door(settings: Mapping[str, Any]) -> Iterator[str]:
    host = settings["HOST"]
    if settings["PRODUCTION"]:
        yield (
            f"HOST={host}: whoever reaches this port gets past the proxy and its TLS; "
            "let a firewall keep it to the proxy."
        )
    elif not settings["ORIGINS"]:
        yield (
            f"HOST={host}: the network reaches this port, but only localhost is answered; "
            "name the site in PROJCHAT_ORIGINS."
        )


def _redis_trouble(url: str) -> Iterator[str]:
    """Ask Redis for a sign of life. The chat starts without it, so nobody waits long."""
    where = addresses.redis(url, production=False)
    # Only where there is one: to load this takes longer than all the rest.
    library = importlib.import_module("redis")
    found: list[str] = ["it does not answer"]
    asking = threading.Thread(target=_ask_redis, args=(library, url, found), daemon=True)
    asking.start()
    asking.join(REDIS_SECONDS)
    if found:
        yield (
            f"Redis at {where} (REDIS_URL) cannot be used: {found[0]}. The chat is served; until "
            "Redis is there, processes hear of each other after some seconds only."
        )


def _ask_redis(redis: Any, url: str, found: list[str]) -> None:
    options = {"socket_timeout": REDIS_SECONDS, "socket_connect_timeout": REDIS_SECONDS}
    try:
        with redis.Redis.from_url(url, **options) as connection:
            connection.ping()
        found.clear()
    except redis.TimeoutError:
        pass
    except (redis.RedisError, OSError, ValueError) as error:
        reason = getattr(error.__context__, "strerror", None) or str(error)
        found[0] = reason.strip().rstrip(".")[:200]
