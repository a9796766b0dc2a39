"""Where a server under test keeps its data: SQLite by default, PostgreSQL and Redis when told."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

REDIS_LEASE = "projchat:tests"
REDIS_LEASE_SECONDS = 4 * 3600


@dataclass(frozen=True)
class Backend:
    """The services that this run of the tests may use."""

    database_url: str | None
    redis_url: str | None

    @classmethod
    def from_environment(cls) -> "Backend":
        """Read PROJCHAT_TEST_DATABASE_URL and PROJCHAT_TEST_REDIS_URL."""
        return cls(
            os.environ.get("PROJCHAT_TEST_DATABASE_URL") or None,
            os.environ.get("PROJCHAT_TEST_REDIS_URL") or None,
        )

    @property
    def complete(self) -> bool:
        """Whether both services are there."""
        return bool(self.database_url and self.redis_url)

    @property
    def name(self) -> str:
        """Say in words what the tests run on."""
        database = "PostgreSQL" if self.database_url else "SQLite"
        return f"{database} and Redis" if self.redis_url else database

    @contextmanager
    def lent(self) -> Iterator[dict[str, str]]:
        """Lend a fresh database and a Redis database of its own, as a server's environment."""
        with _fresh_database(self.database_url) as database, _own_redis(self.redis_url) as broker:
            yield {**database, **broker}


@contextmanager
def _fresh_database(url: str | None) -> Iterator[dict[str, str]]:
    if not url:
        yield {}
        return
    name = f"projchat_test_{secrets.token_hex(6)}"
    admin = create_engine(
        make_url(url).set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    # The server may be restarted before the end.
    admin.dispose()
    try:
        yield {"DATABASE_URL": make_url(url).set(database=name).render_as_string(False)}
    finally:
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        admin.dispose()


@contextmanager
def _own_redis(url: str | None) -> Iterator[dict[str, str]]:
    """Take the first of Redis's numbered databases that is empty or was left by tests."""
    if not url:
        yield {}
        return
    base = url.rstrip("/")
    for number in range(15, 0, -1):
        client = redis.Redis.from_url(f"{base}/{number}")
        foreign = client.dbsize() > 0 and not client.exists(REDIS_LEASE)
        if not foreign and client.set(REDIS_LEASE, "taken", nx=True, ex=REDIS_LEASE_SECONDS):
            break
        client.close()
    else:
        raise RuntimeError("Every numbered database of Redis is in use.")
    try:
        yield {"REDIS_URL": f"{base}/{number}"}
    finally:
        client.flushdb()
        client.close()
