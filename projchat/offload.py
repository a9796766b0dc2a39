"""Calls that take long, on native threads, so that none of them stalls every greenlet.

The threads run at a lower priority than the event loop: whoever chats goes first, and at once.
"""

import ctypes
import os
import platform
import struct
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import eventlet.semaphore
from eventlet import patcher, tpool

P = ParamSpec("P")
T = TypeVar("T")

# A third of what the loop gets of a core that both want, and hashes still end on a busy machine.
NICENESS = 5
LOWEST_PRIORITY = 19
# Linux lets whoever runs finish a slice of some ms, unless he has asked for a longer one than
# whoever wakes up: then the loop goes first without waiting (since Linux 6.12). The most there is.
SLICE_NANOSECONDS = 100_000_000
# sched_setattr(2), which the C library of Debian 12 does not offer, and its struct sched_attr.
SET_ATTRIBUTES = {"x86_64": 314, "aarch64": 274}.get(platform.machine())
ATTRIBUTES = struct.Struct("=IIQiIQQQ")


class Overloaded(Exception):
    """Too many calls of this kind wait already; nothing was done, later it may be."""


class Lane:
    """One kind of calls: how many of them run at once, and how many may wait for that."""

    def __init__(self, at_once: int, most_waiting: int | None = None) -> None:
        self._gate = eventlet.semaphore.Semaphore(at_once)
        self._most_waiting = most_waiting
        self._waiting = 0

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call `function` on a native thread while this greenlet waits.

        Outside the server (command line, tests) the call is made directly. The caller must not
        hold a transaction. Raises `Overloaded` if too many wait.
        """
        if not patcher.is_monkey_patched("thread"):
            return function(*args, **kwargs)
        if self._most_waiting is not None and self._waiting >= self._most_waiting:
            raise Overloaded
        self._waiting += 1
        try:
            with self._gate:
                return tpool.execute(_at_low_priority, function, *args, **kwargs)  # type: ignore[no-any-return]
        finally:
            self._waiting -= 1


def _at_low_priority(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Make the call; on Linux niceness belongs to the thread, and to those that it starts."""
    thread = threading.get_native_id()
    wanted = min(os.getpriority(os.PRIO_PROCESS, os.getpid()) + NICENESS, LOWEST_PRIORITY)
    # Only root may take back what a thread has given up.
    if os.getpriority(os.PRIO_PROCESS, thread) < wanted:
        os.setpriority(os.PRIO_PROCESS, thread, wanted)
        _ask_for_long_slices(wanted)
    return function(*args, **kwargs)


def _ask_for_long_slices(niceness: int) -> None:
    """Ask the scheduler for long slices for this thread: whoever wakes up need not wait for them.

    A batch thread does not interrupt the loop either when it wakes up itself. Where this is
    unknown or forbidden, the priority alone has to do.
    """
    if SET_ATTRIBUTES is None:
        return
    given = (os.SCHED_BATCH, 0, niceness, 0, SLICE_NANOSECONDS, 0, 0)
    ctypes.CDLL(None).syscall(SET_ATTRIBUTES, 0, ATTRIBUTES.pack(ATTRIBUTES.size, *given), 0)


# One at a time: an argon2 hash takes 64 MiB and as many cores as it is given. Those that wait
# have theirs within a few seconds; more than that would only wait to be given up.
hashing = Lane(at_once=1, most_waiting=24)
# Writing and syncing files, which waits for the disk and not for a core.
storage = Lane(at_once=4)
