"""Telling a room, at most a few times a second, who is in it."""

from ..extensions import socketio
from ..presence import present
from .fanout import Fanout

GATHER_SECONDS = 0.3


class Crier:
    """Gathers changes of presence, then tells the rooms here and the other workers."""

    def __init__(self, fanout: Fanout) -> None:
        self._fanout = fanout
        self._changed: set[str] = set()

    def changed(self, room: str) -> None:
        """The people of a room have changed; the room hears of it in a moment."""
        if not self._changed:
            socketio.start_background_task(self._cry)
        self._changed.add(room)

    def _cry(self) -> None:
        socketio.sleep(GATHER_SECONDS)
        rooms, self._changed = self._changed, set()
        self._fanout.tell_presence()
        for room in rooms:
            self._tell(room)

    def _tell(self, room: str) -> None:
        project_id = int(room.removeprefix("project:"))
        news = {"projectId": project_id, "users": present.users(room)}
        self._fanout.emit_here("presence", news, room)
