"""Whether this process can serve: what /readyz answers, and a line in the log when it changes."""

import logging
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from flask import Flask, current_app, g
from sqlalchemy import text

from .config import newest_revision
from .database import probe
from .errors import trouble
from .eventloop import deadline
from .extensions import db, limiter

log = logging.getLogger(__name__)

OK, DEGRADED, DOWN = "ok", "degraded", "down"
#: A report is shared by all who ask within this time.
KEPT_SECONDS = 1.0
DATABASE_SECONDS = 2.0
LOCK_SECONDS = 1.0


class Finding(NamedTuple):
    """What one check has found: how much can be done, and what is the matter."""

    status: str = OK
    reason: str = OK


class Report(NamedTuple):
    """The worst status, and the reason of each check."""

    status: str
    checks: dict[str, str]


class Readiness:
    """The checks of one process."""

    def __init__(self) -> None:
        self._checks: dict[str, Callable[[], Finding]] = {}
        self._lock = threading.Lock()
        self._report = Report(OK, {})
        self._made_at = float("-inf")

    def add(self, name: str, check: Callable[[], Finding]) -> None:
        """Look at one more thing, under a name that the report shows."""
        self._checks[name] = check

    def report(self) -> Report:
        """Look at everything; for as long as a second one look answers all who ask."""
        with self._lock:
            if time.monotonic() - self._made_at > KEPT_SECONDS:
                before, self._report = self._report, self._look()
                self._made_at = time.monotonic()
                _log_change(before, self._report)
            return self._report

    def _look(self) -> Report:
        found = {name: check() for name, check in self._checks.items()}
        worst = max((each.status for each in found.values()), key=(OK, DEGRADED, DOWN).index)
        return Report(worst, {name: each.reason for name, each in found.items()})


def init_app(app: Flask) -> None:
    """Check the database, its revision, and Redis where it is set."""
    readiness = app.extensions["projchat_readiness"] = Readiness()
    readiness.add("database", _check_database)
    readiness.add("migrations", _check_migrations)
    if app.config["REDIS_URL"]:
        readiness.add("redis", _check_redis)


def readiness() -> Readiness:
    """The checks of this application."""
    found: Readiness = current_app.extensions["projchat_readiness"]
    return found


def _check_database() -> Finding:
    g.reading, g.lock_patience = False, LOCK_SECONDS
    try:
        with deadline(DATABASE_SECONDS):
            return Finding() if probe(db.engine) else Finding(DOWN, "read_only")
    except TimeoutError:
        return Finding(DOWN, "unavailable")
    except Exception as error:
        if not (reason := trouble(error)):
            raise
        return Finding(DEGRADED if reason == "busy" else DOWN, reason)
    finally:
        g.reading = True


def _check_migrations() -> Finding:
    try:
        with deadline(DATABASE_SECONDS):
            found = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    except Exception:
        # That the database is away is said by its own check.
        return Finding(DOWN, "unknown")
    finally:
        db.session.rollback()
    newest = newest_revision()
    if found == newest:
        return Finding()
    # Beside a newer version the older one may serve until it is its turn to be replaced.
    return Finding(DEGRADED, "newer") if found and found > newest else Finding(DOWN, "older")


def _check_redis() -> Finding:
    return Finding() if limiter.storage.ping() else Finding(DEGRADED, "unreachable")


def _log_change(before: Report, after: Report) -> None:
    if before.checks == after.checks or (before.status == after.status == OK):
        return
    if after.status == OK:
        log.info("Readiness: ok again")
        return
    matters = ", ".join(
        f"{name}: {reason}" for name, reason in after.checks.items() if reason != OK
    )
    log.warning("Readiness: %s (%s)", after.status, matters)
