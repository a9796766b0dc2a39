"""Who is in which room now, on this worker and on the others.

Each worker counts its own sockets and tells the others who it has; what it heard of a worker
that has been silent for `SILENCE` seconds is forgotten, so the people of a killed worker are
gone within 10 s. Nothing of this is stored.
"""

import time
from collections import Counter
from dataclasses import dataclass, field

SILENCE = 8.0

People = dict[int, str]


@dataclass
class _Neighbour:
    """What another worker last said."""

    heard: float = 0.0
    rooms: dict[str, People] = field(default_factory=dict)


class Presence:
    """The people of every project's room."""

    def __init__(self) -> None:
        self._sockets: dict[str, Counter[int]] = {}
        self._names: dict[int, str] = {}
        self._neighbours: dict[str, _Neighbour] = {}

    def entered(self, room: str, user_id: int, name: str) -> bool:
        """Count a socket in; True if it is the person's first in this room here."""
        sockets = self._sockets.setdefault(room, Counter())
        sockets[user_id] += 1
        self._names[user_id] = name
        return sockets[user_id] == 1

    def left(self, room: str, user_id: int) -> bool:
        """Count a socket out; True if it was the person's last in this room here."""
        sockets = self._sockets.get(room)
        if not sockets or user_id not in sockets:
            return False
        sockets[user_id] -= 1
        if sockets[user_id] > 0:
            return False
        del sockets[user_id]
        if not sockets:
            del self._sockets[room]
        return True

    def rooms(self) -> list[str]:
        """The rooms that have sockets on this worker."""
        return list(self._sockets)

    def here(self) -> dict[str, People]:
        """The people on this worker, by room: what the other workers are told."""
        return {room: self._people(room) for room in self._sockets}

    def heard(self, worker: str, rooms: dict[str, People]) -> set[str]:
        """Take in what another worker says of itself; the rooms whose people changed."""
        before = self._neighbours.get(worker, _Neighbour()).rooms
        self._neighbours[worker] = _Neighbour(time.monotonic(), rooms)
        return {
            room for room in before.keys() | rooms.keys() if before.get(room) != rooms.get(room)
        }

    def forget_silent(self) -> set[str]:
        """Drop workers not heard of for `SILENCE` seconds; the rooms whose people changed."""
        bound = time.monotonic() - SILENCE
        silent = [worker for worker, one in self._neighbours.items() if one.heard < bound]
        return {room for worker in silent for room in self._neighbours.pop(worker).rooms}

    def users(self, room: str) -> list[dict[str, int | str]]:
        """The people in a room on all workers, by id: `[{"id": …, "name": …}]`."""
        people: People = {}
        for neighbour in self._neighbours.values():
            people |= neighbour.rooms.get(room, {})
        people |= self._people(room)
        return [{"id": key, "name": people[key]} for key in sorted(people)]

    def everybody(self) -> set[int]:
        """Everybody who is in any room of any worker."""
        elsewhere = (room for one in self._neighbours.values() for room in one.rooms.values())
        return set().union(*self._sockets.values(), *elsewhere)

    def _people(self, room: str) -> People:
        return {user_id: self._names[user_id] for user_id in self._sockets.get(room, ())}


present = Presence()
