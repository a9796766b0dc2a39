"""Sockets that want into a room while the database is asked whether they may."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Emitted = tuple[str, Any]


class Doorstep:
    """Keeps for each of them what is emitted meanwhile.

    So one look at the database is enough: what was committed before it is in the answer, what
    came after it is kept, and whoever was evicted meanwhile does not stand here any more.
    """

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, list[Emitted]]] = {}

    @contextmanager
    def knock(self, sid: str, room: str) -> Iterator[None]:
        """Stand at the door of a room until it opens, or the block ends."""
        self.stand(sid, room)
        try:
            yield
        finally:
            self.leave(sid, room)

    def stand(self, sid: str, room: str) -> None:
        """Stand at the door of a room until `leave`."""
        self._kept.setdefault(room, {})[sid] = []

    def send_away(self, room: str) -> None:
        """Let nobody in who stands at the door of a room now."""
        self._kept.pop(room, None)

    def keep(self, room: str, event: str, data: Any) -> None:
        """Keep an event for those who stand at the door of its room."""
        for kept in self._kept.get(room, {}).values():
            kept.append((event, data))

    def leave(self, sid: str, room: str) -> list[Emitted] | None:
        """Leave the door, with what was kept; None for a socket that does not stand there."""
        waiting = self._kept.get(room, {})
        kept = waiting.pop(sid, None)
        if not waiting:
            self._kept.pop(room, None)
        return kept
