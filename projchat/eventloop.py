"""What the event loop does for everybody: at present, end what takes too long."""

from collections.abc import Iterator
from contextlib import contextmanager

import eventlet


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise `TimeoutError` if the block waits longer than this, whatever it waits for.

    Timeouts of sockets do not bound the look-up of a host name; this does. Outside the server
    (command line, tests) nothing is interrupted, for there is no loop.
    """
    timeout = eventlet.Timeout(seconds)
    try:
        yield
    except eventlet.Timeout as expired:
        if expired is not timeout:
            raise
        raise TimeoutError(f"no answer within {seconds} s") from None
    finally:
        timeout.cancel()
