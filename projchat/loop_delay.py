"""Measure how late the event loop is: what everybody in a worker waits for beside their own work.

A greenlet sleeps and looks how much later than asked it was woken. That is the time for which a
client that is ready has to wait before anything is done for it.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable

import eventlet

INTERVAL_SECONDS = 0.05
SAMPLES = 1200
BLOCKED_SECONDS = 1.0

log = logging.getLogger(__name__)


class LoopDelay:
    """The newest delays of this worker's loop, in seconds; `run` in a greenlet of its own."""

    def __init__(
        self, interval: float = INTERVAL_SECONDS, record: Callable[[float], None] | None = None
    ) -> None:
        self._interval = interval
        self.samples: deque[float] = deque(maxlen=SAMPLES)
        self._record = record or self.samples.append

    def run(self) -> None:
        """Measure for as long as the process lives."""
        while True:
            due = time.monotonic() + self._interval
            # Also where nothing is patched: time.sleep would keep everybody else from running.
            eventlet.sleep(self._interval)
            delay = max(0.0, time.monotonic() - due)
            self._record(delay)
            if delay > BLOCKED_SECONDS:
                log.warning("The event loop was blocked for %.1f s", delay)


def quantile(samples: Iterable[float], fraction: float) -> float:
    """Return the value below which this fraction of the samples lies; 0 if there are none."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))] if ordered else 0.0


loop_delay = LoopDelay()
