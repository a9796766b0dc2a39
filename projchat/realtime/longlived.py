"""What lives long is not looked through again and again.

A full collection looks at every object, and ten thousand connections have more than a million: the
loop would stand for a third of a second, some times a minute. So what has survived a collection
that took long is set aside (`gc.freeze`). It still goes when nothing refers to it; only cycles that
have become garbage since then wait until everything is looked through, which is done seldom.
"""

import gc
import time

LONG_SECONDS = 0.03
EVERYTHING_EACH = 1800.0


class LongLived:
    """Watches the collector of this process; `watch` is one of `gc.callbacks`."""

    def __init__(self) -> None:
        self._began = 0.0
        self._everything_at: float | None = None

    def watch(self, phase: str, info: dict[str, int]) -> None:
        """Set aside what a long collection has left, and from then on what any full one leaves."""
        if info["generation"] < 2:
            return
        now = time.monotonic()
        if phase == "start":
            self._began = now
            if self._everything_at is not None and now > self._everything_at:
                self._everything_at = None
                gc.unfreeze()
            return
        if self._everything_at is None and now - self._began > LONG_SECONDS:
            self._everything_at = now + EVERYTHING_EACH
        if self._everything_at is not None:
            gc.freeze()


def install() -> None:
    """Begin to watch, once in a process."""
    if not any(isinstance(getattr(each, "__self__", None), LongLived) for each in gc.callbacks):
        gc.callbacks.append(LongLived().watch)
