"""Bound how many frames a client may send: a token bucket that is filled when it is empty.

A frame costs an integer subtraction and a comparison, and the clock is read once in a few hundred,
so after a silence twice as many may come at once. Our clients send an answer to a ping every five
seconds, and a few events; what the limits of events allow together, 60 a second, fits in.
"""

import logging
import sys
import time

log = logging.getLogger("projchat.wire")

TOO_MANY = "Disconnected client: more than %d frames a second"
FRAMES_PER_SECOND = 100
FRAMES_AT_ONCE = 256


class FrameBudget:
    """How many more frames one client may send now."""

    __slots__ = ("_filled_at", "_left")

    def __init__(self, is_limited: bool = True) -> None:
        self._left = FRAMES_AT_ONCE if is_limited else sys.maxsize
        self._filled_at = time.monotonic()

    def spend(self) -> bool:
        """Count one more frame; False if it is too many."""
        self._left -= 1
        return self._left >= 0 or self._fill()

    def report(self) -> None:
        """Log that a client was disconnected for it."""
        log.warning(TOO_MANY, FRAMES_PER_SECOND)

    def _fill(self) -> bool:
        now = time.monotonic()
        earned = int((now - self._filled_at) * FRAMES_PER_SECOND)
        if earned == 0:
            return False
        self._filled_at += earned / FRAMES_PER_SECOND
        self._left = min(earned, FRAMES_AT_ONCE) - 1
        return True
