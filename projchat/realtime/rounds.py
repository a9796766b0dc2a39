"""What may wait a little is said to many wires in groups.

Told all at once, those whose tabs look elsewhere would keep those who talk waiting: a write takes
some 10 µs, and people leave many tabs open.
"""

from collections import deque
from collections.abc import Iterable

from ..extensions import socketio
from .wires import Wire

GROUP = 50
# However many wait, a round is not cut in more groups than this: it has to end before the next.
MOST_GROUPS = 40
REST_SECONDS = 0.005


class Rounds:
    """One per worker; what is told first reaches a wire first."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[list[Wire], bytes]] = deque()
        self._left = 0
        self._is_on_its_way = False

    def tell(self, wires: Iterable[Wire], frame: bytes) -> None:
        """Say something to all these wires, each in its turn."""
        told = list(wires)
        told.reverse()
        self._waiting.append((told, frame))
        self._left += len(told)
        if not self._is_on_its_way:
            self._is_on_its_way = True
            socketio.start_background_task(self._go_round)

    def _go_round(self) -> None:
        try:
            while self._waiting:
                self._tell_group(max(GROUP, self._left // MOST_GROUPS))
                socketio.sleep(REST_SECONDS)
        finally:
            self._is_on_its_way = False

    def _tell_group(self, size: int) -> None:
        while self._waiting and size:
            wires, frame = self._waiting[0]
            for _ in range(min(size, len(wires))):
                wires.pop().pass_on(frame, 1)
                size -= 1
                self._left -= 1
            if not wires:
                self._waiting.popleft()
