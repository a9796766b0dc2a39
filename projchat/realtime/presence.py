"""Telling a room, at most a few times a second, who is in it."""

import time

from ..extensions import socketio
from ..presence import MAX_NAMED, present
from .fanout import Fanout

GATHER_SECONDS = 0.3
#: Everybody is told of everybody, so telling a room costs the square of its people: two hundred
#: have 1.4 MB, a thousand 35 MB. The more there is to say the less often it is said, up to a bound.
MOST_BYTES_PER_SECOND = 8_000_000
LONGEST_REST = 5.0


class Crier:
    """Gathers changes of presence, then tells the rooms here and the other workers."""

    def __init__(self, fanout: Fanout) -> None:
        self._fanout = fanout
        self._changed: set[str] = set()
        self._is_crying = False
        # When each room that has just been told much may be told again.
        self._rests: dict[str, float] = {}

    def changed(self, room: str) -> None:
        """The people of a room have changed; the room hears of it in a moment."""
        self._changed.add(room)
        if not self._is_crying:
            self._is_crying = True
            socketio.start_background_task(self._cry)

    def _cry(self) -> None:
        try:
            while self._changed:
                socketio.sleep(GATHER_SECONDS)
                if present.has_news:
                    self._fanout.tell_presence()
                self._tell_rooms()
        finally:
            self._is_crying = False

    def _tell_rooms(self) -> None:
        now = time.monotonic()
        self._rests = {room: until for room, until in self._rests.items() if until > now}
        for room in self._changed - self._rests.keys():
            self._changed.remove(room)
            self._tell(room)

    def _tell(self, room: str) -> None:
        project_id = int(room.removeprefix("project:"))
        people = present.users(room)
        news = {"projectId": project_id, "users": people[:MAX_NAMED], "count": len(people)}
        told = self._fanout.emit_in_rounds_here("presence", news, room)
        rest = min(told / MOST_BYTES_PER_SECOND, LONGEST_REST)
        if rest > GATHER_SECONDS:
            self._rests[room] = time.monotonic() + rest
