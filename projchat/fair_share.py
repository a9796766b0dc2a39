"""Hold a kind of work to its share of a worker, so that no chat waits for it.

Everything a worker does for its clients runs on one thread, in turn. Work that comes in many
pieces, like searches and the bytes of files, would take nearly all turns for a few people who ask
for it without a pause. So before each piece it waits until its kind is within its share, and
people take turns. This is the generic cell rate algorithm (ITU-T I.371) with a queue.
"""

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary


class Turns:
    """A queue in which a person has one place, however much they ask for at once."""

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._places: WeakValueDictionary[Hashable, threading.Lock] = WeakValueDictionary()

    @contextmanager
    def take(self, person: Hashable) -> Iterator[None]:
        """Wait for this person's turn and keep it; no transaction may be open."""
        place = self._places.setdefault(person, threading.Lock())
        with place, self._gate:
            yield


class FairShare:
    """What one kind of work may take: `rate` of some unit a second, and `burst` of it at once.

    The unit may be seconds of the event loop, of which a rate of 0.25 is a quarter, or bytes.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._tolerance = burst / rate
        self._paid_until = 0.0
        self._turns = Turns()

    def wait(self, person: Hashable) -> None:
        """Wait for the next turn; no transaction may be open."""
        with self._turns.take(person):
            time.sleep(max(0.0, self._paid_until - self._tolerance - time.monotonic()))

    def charge(self, amount: float) -> None:
        """Count what has been taken."""
        self._paid_until = max(self._paid_until, time.monotonic()) + amount / self._rate


class WorkBudget:
    """How many seconds of the loop a request may take of a share, in pieces with a turn for each.

    `release` ends whatever must not be held while others have their turn, such as a transaction.
    """

    def __init__(
        self,
        share: FairShare,
        person: Hashable,
        release: Callable[[], None],
        seconds: float,
        piece: float,
    ) -> None:
        self._share = share
        self._person = person
        self._release = release
        self._left = seconds
        self._piece = piece
        self._used = 0.0
        share.wait(person)

    @contextmanager
    def work(self) -> Iterator[None]:
        """Count the processor's time of some work on the loop, which must not wait for anything."""
        began = time.thread_time()
        try:
            yield
        finally:
            seconds = time.thread_time() - began
            self._share.charge(seconds)
            self._left -= seconds
            self._used += seconds

    def goes_on(self) -> bool:
        """Say whether anything is left; between two pieces the others have their turn first."""
        if self._left <= 0:
            return False
        self.pause()
        return True

    def pause(self) -> None:
        """Let the others have their turn if a piece is full, whether or not anything is left."""
        if self._used >= self._piece:
            self._used = 0.0
            self._release()
            self._share.wait(self._person)
