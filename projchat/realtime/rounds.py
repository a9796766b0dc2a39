"""What may wait a little is said to many wires in groups.

Told all at once, the heads of all rooms, or all the tabs that look elsewhere, would keep those who
talk waiting: a write takes some 10 µs, and people leave many tabs open. A few are told at once; to
tell two thousand takes a second, ten thousand two and a half, and what is said meanwhile to a wire
that still waits goes with what it waits for.
"""

from collections import OrderedDict
from collections.abc import Iterable

from ..extensions import socketio
from .wires import Wire

GROUP = 50
# However many wait, all have been told after this many groups.
MOST_GROUPS = 100
REST_SECONDS = 0.025


class Rounds:
    """One per worker; what is told first reaches a wire first."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[Wire, list[bytes]] = OrderedDict()
        self._group = GROUP
        self._is_on_its_way = False

    def tell(self, wires: Iterable[Wire], frame: bytes) -> None:
        """Say something to all these wires, each in its turn."""
        for wire in wires:
            self._waiting.setdefault(wire, []).append(frame)
        self._group = max(self._group, len(self._waiting) // MOST_GROUPS)
        if not self._is_on_its_way:
            self._is_on_its_way = True
            socketio.start_background_task(self._go_round)

    def pass_over(self, wire: Wire) -> None:
        """Say nothing more of what waits: who is behind the wire may not hear it any longer."""
        self._waiting.pop(wire, None)

    def _go_round(self) -> None:
        try:
            while self._waiting:
                self._tell_group()
                socketio.sleep(REST_SECONDS)
        finally:
            self._group = GROUP
            self._is_on_its_way = False

    def _tell_group(self) -> None:
        for _ in range(min(len(self._waiting), self._group)):
            wire, frames = self._waiting.popitem(last=False)
            wire.write_at_once(b"".join(frames), len(frames))
