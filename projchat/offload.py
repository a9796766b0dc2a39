"""CPU-heavy calls on a native thread, so that one of them does not stall every greenlet."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import eventlet.semaphore
from eventlet import patcher, tpool

P = ParamSpec("P")
T = TypeVar("T")
HEAVY_AT_ONCE = 2

_gate = eventlet.semaphore.Semaphore(HEAVY_AT_ONCE)


def offload(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call `function` on a native thread while this greenlet waits.

    At most two run at once: each argon2 hash takes 64 MiB. Outside the server (command line,
    tests) the call is made directly. The caller must not hold a transaction.
    """
    if not patcher.is_monkey_patched("thread"):
        return function(*args, **kwargs)
    with _gate:
        return tpool.execute(function, *args, **kwargs)  # type: ignore[no-any-return]
