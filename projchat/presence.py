"""Who is in which room now, on this worker and on the others.

Each worker counts its own sockets and tells the others who came and who went, each time with the
number of the turn. Whoever is new, or has missed a turn, asks for everybody. What was heard of a
worker that has been silent for `SILENCE` seconds is forgotten, so the people of a killed worker
are gone within 10 s. Nothing of this is stored.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, TypeVar

SILENCE = 8.0
#: Of more people than these in a room, those with the lowest ids are named and all are counted.
MAX_NAMED = 500

T = TypeVar("T")
People = dict[int, str]
#: By room and person: the name of who came, None for who went.
Changes = dict[str, dict[int, str | None]]


@dataclass
class _Neighbour:
    """What is known of another worker."""

    heard: float = 0.0
    turn: int = 0
    rooms: dict[str, People] = field(default_factory=dict)


class Presence:
    """The people of every project's room."""

    def __init__(self) -> None:
        self._sockets: dict[str, Counter[int]] = {}
        self._names: dict[int, str] = {}
        # Who came or went since the other workers were told, and how often they were told of some.
        self._moved: set[tuple[str, int]] = set()
        self._turn = 0
        self._neighbours: dict[str, _Neighbour] = {}

    def entered(self, room: str, user_id: int, name: str) -> bool:
        """Count a socket in; True if it is the person's first in this room here."""
        sockets = self._sockets.setdefault(room, Counter())
        sockets[user_id] += 1
        if self._names.get(user_id, name) != name:
            self._moved |= {(each, user_id) for each in self._sockets if self._is_in(each, user_id)}
        self._names[user_id] = name
        if sockets[user_id] > 1:
            return False
        self._moved.add((room, user_id))
        return True

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
        self._moved.add((room, user_id))
        return True

    def rooms(self) -> list[str]:
        """The rooms that have sockets on this worker."""
        return list(self._sockets)

    def here(self) -> dict[str, People]:
        """The people on this worker, by room."""
        return {room: self._people(room) for room in self._sockets}

    @property
    def has_news(self) -> bool:
        """Whether somebody came or went since the other workers were told."""
        return bool(self._moved)

    def news(self) -> dict[str, Any]:
        """Who came and went here since the last news, as the other workers are told: `heard`."""
        moved, self._moved = self._moved, set()
        self._turn += bool(moved)
        changes: Changes = {}
        for room, user_id in moved:
            name = self._names[user_id] if self._is_in(room, user_id) else None
            changes.setdefault(room, {})[user_id] = name
        return {"turn": self._turn, "changes": changes}

    def everybody_here(self) -> dict[str, Any]:
        """Who is here, as another worker is told that asks for it: `heard_everybody`."""
        return {"turn": self._turn, "rooms": self.here()}

    def heard(self, worker: str, turn: int, changes: Changes) -> set[str] | None:
        """Take in the news of another worker; the rooms whose people changed.

        None if it is new here or something was missed: then it must be asked for everybody.
        """
        known = self._neighbours.get(worker)
        if known is None:
            return None
        known.heard = time.monotonic()
        if turn != known.turn + bool(changes):
            return None
        known.turn = turn
        return {room for room, moved in changes.items() if _move(known.rooms, room, moved)}

    def heard_everybody(self, worker: str, turn: int, rooms: dict[str, People]) -> set[str]:
        """Take in whom another worker has; the rooms whose people changed."""
        before = self._neighbours.get(worker, _Neighbour()).rooms
        self._neighbours[worker] = _Neighbour(time.monotonic(), turn, rooms)
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

    def summary(self, room: str) -> dict[str, Any]:
        """Return the people in a room as answers have them: `presence` and `presenceCount`."""
        people = self.users(room)
        return {"presence": people[:MAX_NAMED], "presenceCount": len(people)}

    def everybody(self) -> set[int]:
        """Everybody who is in any room of any worker."""
        elsewhere = (room for one in self._neighbours.values() for room in one.rooms.values())
        return set().union(*self._sockets.values(), *elsewhere)

    def _is_in(self, room: str, user_id: int) -> bool:
        return user_id in self._sockets.get(room, ())

    def _people(self, room: str) -> People:
        return {user_id: self._names[user_id] for user_id in self._sockets.get(room, ())}


def with_ids(rooms: dict[str, dict[str, T]]) -> dict[str, dict[int, T]]:
    """People by room and id, of what another worker says: JSON has no numbers as names."""
    return {room: {int(key): one for key, one in people.items()} for room, people in rooms.items()}


def _move(rooms: dict[str, People], room: str, moved: dict[int, str | None]) -> bool:
    """Let people come into a room and go from it; whether that changes anything."""
    before = rooms.get(room, {})
    came = {user_id: name for user_id, name in moved.items() if name is not None}
    people = {user_id: name for user_id, name in before.items() if user_id not in moved} | came
    if people:
        rooms[room] = people
    else:
        rooms.pop(room, None)
    return people != before


present = Presence()
