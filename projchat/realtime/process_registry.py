"""Which other processes serve the same database, and whether they are on the same Redis.

Each worker keeps a row of itself in the database, beside the requests. Of two that do not meet in
Redis, the people on one hear those on the other only when the relay looks, seconds later; so a
worker that sees such another one says so, once.
"""

import hashlib
import logging
import os
import socket
import uuid
from datetime import datetime

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from ..addresses import is_loopback, redis
from ..extensions import db, socketio
from ..models import Process
from ..models.types import now

log = logging.getLogger(__name__)

TICK_SECONDS = 10.0
# A row may be left by a process that has just ended: alive is who has been seen anew so often.
SIGHTINGS = 3


class ProcessRegistry:
    """One per worker; `unheard` are the others that it does not meet in Redis."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._id = uuid.uuid4().hex
        self._host = socket.gethostname()[:255]
        self._master = os.getppid()
        self._started_at = now()
        self._bus = _digest(app.config["REDIS_URL"])
        self._seen: dict[str, list[datetime]] = {}
        self.unheard: list[str] = []

    def run(self) -> None:
        """Look every few seconds until the process ends."""
        while True:
            socketio.sleep(TICK_SECONDS)
            try:
                with self._app.app_context():
                    self.tick()
            except SQLAlchemyError:
                # The relay says that the database does not answer.
                log.debug("The processes were not looked at", exc_info=True)

    def tick(self) -> None:
        """Say that this process lives, and look at the others."""
        db.session.merge(self._row())
        Process.forget_gone()
        others = Process.others(self._host, self._master)
        db.session.commit()
        self._seen = {each.id: self._sightings(each) for each in others}
        living = [each for each in others if len(self._seen[each.id]) > SIGHTINGS]
        self._tell(
            [
                f"{each.host}, process {each.pid}"
                for each in living
                if each.bus != self._bus or not each.bus
            ]
        )

    def _row(self) -> Process:
        return Process(
            id=self._id,
            host=self._host,
            pid=self._master,
            started_at=self._started_at,
            seen_at=now(),
            bus=self._bus,
        )

    def _sightings(self, other: Process) -> list[datetime]:
        """The different times at which it was seen by itself while we looked."""
        times = self._seen.get(other.id, [])
        return times if other.seen_at in times else [*times[-SIGHTINGS:], other.seen_at]

    def _tell(self, unheard: list[str]) -> None:
        """Say which processes are not heard, when they are others than before."""
        if unheard and unheard != self.unheard:
            ours = "REDIS_URL is not set here" if not self._bus else "its REDIS_URL is not ours"
            log.warning(
                "Another process serves this database and %s: what is said on one reaches the "
                "other seconds late. Give all of them the same REDIS_URL. It is %s",
                ours,
                "; ".join(unheard),
            )
        self.unheard = unheard


def _digest(redis_url: str | None) -> str:
    if not redis_url:
        return ""
    address = redis(redis_url, production=False)
    host = "localhost" if is_loopback(address.host) else address.host
    return hashlib.sha256(f"{host}:{address.port}".encode()).hexdigest()
