"""Hold the long polls of this worker until something changes in their project.

A poll listens as a socket does: it counts as presence, the relay looks at its project, eviction
and the end of a login reach it. It is only ever woken: whoever holds it asks the database what
has changed, and whether the person may still hear it.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..errors import ApiError
from ..extensions import socketio
from ..models import Login, User
from ..presence import Presence

MAX_POLLS_PER_PERSON = 10
RETRY_SECONDS = 5
#: For how long somebody is still here after a poll: the next one is on its way.
GRACE_SECONDS = 5.0
# Each poll that is woken asks the database. A crowd does so in groups, between which the loop
# serves everybody else.
WOKEN_AT_ONCE = 10
REST_SECONDS = 0.005


class Poll:
    """One request that waits for changes after version `since` in a room."""

    def __init__(self, user: User, room: str, since: int) -> None:
        self.user_id = user.id
        self.name = user.name
        self.login_id = user.login.id
        self.room = room
        self.since = since
        self._woken = socketio.server.eio.create_event()

    @property
    def rooms(self) -> tuple[str, str]:
        """The rooms of the person and of the login, by which sockets are found as well."""
        return User.room_of(self.user_id), Login.room_of(self.login_id)

    def wake(self) -> None:
        """End the wait."""
        self._woken.set()

    def wait(self, seconds: float) -> None:
        """Wait until woken, at most for `seconds`; the caller holds no transaction."""
        self._woken.wait(seconds)


class _Departure(NamedTuple):
    """A poll that has been answered; its person leaves the room unless another one comes."""

    at: float
    poll: Poll


class LongPolls:
    """One per worker."""

    def __init__(self, presence: Presence) -> None:
        self.on_people: Callable[[str], Any] = lambda room: None
        self._presence = presence
        self._waiting: dict[str, set[Poll]] = {}
        self._held: Counter[int] = Counter()
        self._departures: deque[_Departure] = deque()
        self._due: list[Poll] = []

    @contextmanager
    def open(self, user: User, room: str, since: int) -> Iterator[Poll]:
        """Let a poll listen to a room while the block runs.

        Raises `ApiError` 429 for a person who holds too many.
        """
        if self._held[user.id] >= MAX_POLLS_PER_PERSON:
            raise ApiError(429, "rate_limited", retry_after=RETRY_SECONDS)
        poll = Poll(user, room, since)
        self._waiting.setdefault(room, set()).add(poll)
        self._held[user.id] += 1
        self._enter(poll)
        try:
            yield poll
        finally:
            self._let_go(user.id)
            if self._remove(poll):
                self._departures.append(_Departure(time.monotonic() + GRACE_SECONDS, poll))

    def wake_behind(self, room: str, version: int) -> None:
        """Wake the polls of a room that do not know of a change yet."""
        self._wake_gradually(poll for poll in self._of(room) if poll.since < version)

    def wake_unequal(self, room: str, version: int) -> None:
        """Wake the polls of a room whose cursor is not the head; it may have gone back."""
        self._wake_gradually(poll for poll in self._of(room) if poll.since != version)

    def evict(self, whose: str, room: str | None = None) -> None:
        """End the polls of a person or a login, in one room or in all; they are here no more."""
        for poll in [one for one in self._all() if _is_of(one, whose, room)]:
            self._remove(poll)
            self._leave(poll)
            poll.wake()
        gone = [one for one in self._departures if _is_of(one.poll, whose, room)]
        for departure in gone:
            self._departures.remove(departure)
            self._leave(departure.poll)

    def expire(self) -> None:
        """Let those leave who have not polled again."""
        while self._departures and self._departures[0].at <= time.monotonic():
            self._leave(self._departures.popleft().poll)

    def login_ids(self) -> set[int]:
        """The logins that the waiting polls belong to."""
        return {poll.login_id for poll in self._all()}

    def _let_go(self, user_id: int) -> None:
        self._held[user_id] -= 1
        if not self._held[user_id]:
            del self._held[user_id]

    def _all(self) -> Iterator[Poll]:
        return (poll for polls in self._waiting.values() for poll in polls)

    def _of(self, room: str) -> set[Poll]:
        return self._waiting.get(room, set())

    def _remove(self, poll: Poll) -> bool:
        """Take a poll from those that wait; False if that was done before."""
        polls = self._of(poll.room)
        if poll not in polls:
            return False
        polls.remove(poll)
        if not polls:
            del self._waiting[poll.room]
        return True

    def _enter(self, poll: Poll) -> None:
        if self._presence.entered(poll.room, poll.user_id, poll.name):
            self.on_people(poll.room)

    def _leave(self, poll: Poll) -> None:
        if self._presence.left(poll.room, poll.user_id):
            self.on_people(poll.room)

    def _wake_gradually(self, polls: Iterable[Poll]) -> None:
        is_waking = bool(self._due)
        self._due += polls
        if self._due and not is_waking:
            socketio.start_background_task(self._wake_in_groups)

    def _wake_in_groups(self) -> None:
        while self._due:
            for poll in self._due[:WOKEN_AT_ONCE]:
                poll.wake()
            del self._due[:WOKEN_AT_ONCE]
            if self._due:
                socketio.sleep(REST_SECONDS)


def _is_of(poll: Poll, whose: str, room: str | None) -> bool:
    return whose in poll.rooms and room in (None, poll.room)
