"""The order of changes: of two commits the later may be the first to get here.

It waits a moment for the one before it, which another greenlet or another worker has yet to emit.
What is still missing then has to come by the relay, or by the client's own asking.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from ..extensions import socketio
from .ledger import Ledger

PATIENCE_SECONDS = 0.3


class Early(NamedTuple):
    """A change that came before the one that it follows."""

    until: float
    event: str
    data: Any


class Order:
    """Hands the changes of each room on to `deliver`, which notes them in the ledger."""

    def __init__(self, ledger: Ledger, deliver: Callable[[str, Any, str], None]) -> None:
        self._ledger = ledger
        self._deliver = deliver
        self._early: dict[str, dict[int, Early]] = {}

    def take(self, event: str, data: Any, room: str) -> None:
        """Deliver a change and what waited for it, or let it wait itself."""
        version = data["version"]
        watched = self._ledger.cursor(room) is not None
        if watched and not self._ledger.was_sent(room, version - 1):
            self._wait(room, version, Early(time.monotonic() + PATIENCE_SECONDS, event, data))
            return
        self._deliver(event, data, room)
        self._deliver_what_follows(room, version)

    def _wait(self, room: str, version: int, early: Early) -> None:
        if room in self._early:
            self._early[room][version] = early
        else:
            self._early[room] = {version: early}
            socketio.start_background_task(self._lose_patience, room)

    def _deliver_what_follows(self, room: str, version: int) -> None:
        waiting = self._early.get(room, {})
        while early := waiting.pop(version + 1, None):
            version += 1
            self._deliver(early.event, early.data, room)

    def _lose_patience(self, room: str) -> None:
        """Deliver what has waited for too long, and before it whatever waits of the time before."""
        waiting = self._early[room]
        try:
            while waiting:
                soonest = min(early.until for early in waiting.values())
                socketio.sleep(max(0.0, soonest - time.monotonic()))
                now = time.monotonic()
                last = max((key for key, early in waiting.items() if early.until <= now), default=0)
                for version in sorted(key for key in waiting if key <= last):
                    early = waiting.pop(version)
                    self._deliver(early.event, early.data, room)
                self._deliver_what_follows(room, last)
        finally:
            del self._early[room]
