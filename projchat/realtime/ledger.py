"""Which changes this worker has sent to each of its rooms."""


class Ledger:
    """Per room: all versions up to the cursor were sent, and some beyond it.

    A room is kept from its first listener, whose join answered everything up to `version`, to
    its last.
    """

    def __init__(self) -> None:
        self._cursors: dict[str, int] = {}
        self._early: dict[str, set[int]] = {}

    def watch(self, room: str, version: int) -> None:
        """Begin a room; what came before `version` is known to its listeners."""
        if room not in self._cursors:
            self._cursors[room] = version
            self.advance(room, version)

    def note(self, room: str, version: int) -> None:
        """A change was sent."""
        self._early.setdefault(room, set()).add(version)
        if room in self._cursors:
            self.advance(room, self._cursors[room])

    def cursor(self, room: str) -> int | None:
        """Everything up to here was sent; None for a room that is not watched."""
        return self._cursors.get(room)

    def was_sent(self, room: str, version: int) -> bool:
        """Whether this very change was sent."""
        return version <= self._cursors.get(room, 0) or version in self._early.get(room, ())

    def advance(self, room: str, version: int) -> None:
        """Everything up to `version` was sent, and what follows it without a gap."""
        early = self._early.get(room, set())
        while version + 1 in early:
            version += 1
        self._cursors[room] = max(version, self._cursors.get(room, 0))
        self._early[room] = {one for one in early if one > version}

    def forget(self, room: str) -> None:
        """End a room that has lost its last listener."""
        self._cursors.pop(room, None)
        self._early.pop(room, None)
