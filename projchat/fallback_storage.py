"""Counters in Redis that go on in this process while Redis is away.

A circuit breaker: the first call that fails opens it, from then on nobody waits for Redis, and a
background thread closes it when Redis answers again.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import redis
from limits.storage import MemoryStorage, RedisStorage, Storage
from redis.backoff import NoBackoff
from redis.retry import Retry

from .eventloop import deadline

log = logging.getLogger(__name__)

CALL_SECONDS = 0.25
PROBE_SECONDS = 1.0
T = TypeVar("T")


class FallbackStorage(Storage):
    """Count in Redis and in this process at once; answer from Redis when it answers in time.

    So a process whose Redis goes away knows already what it has counted itself.
    """

    STORAGE_SCHEME = None

    def __init__(self, redis_url: str | None) -> None:
        super().__init__()
        self._local = MemoryStorage()
        self._shared = _connect(redis_url) if redis_url else None
        self._closed = self._shared is not None

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a call may raise: nothing that is expected."""
        return ConnectionError

    @property
    def shared(self) -> bool:
        """Whether the counters are those of all processes at the moment."""
        return self._closed

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to a counter that ends `expiry` seconds after it began; answer what it is then."""
        here = self._local.incr(key, expiry, amount)
        return self._ask(lambda shared: shared.incr(key, expiry, amount), here)

    def get(self, key: str) -> int:
        """Answer what a counter is."""
        return self._ask(lambda shared: shared.get(key), self._local.get(key))

    def get_expiry(self, key: str) -> float:
        """Answer when a counter ends, as a time stamp."""
        return self._ask(lambda shared: shared.get_expiry(key), self._local.get_expiry(key))

    def clear(self, key: str) -> None:
        """Forget a counter."""
        self._local.clear(key)
        self._ask(lambda shared: shared.clear(key), None)

    def check(self) -> bool:
        """Answer whether counting works, which it always does."""
        return True

    def reset(self) -> int | None:
        """Refuse to forget everything."""
        raise NotImplementedError

    def _ask(self, question: Callable[[RedisStorage], T], otherwise: T) -> T:
        if self._shared is None or not self._closed:
            return otherwise
        try:
            with deadline(CALL_SECONDS):
                return question(self._shared)
        except (redis.RedisError, OSError) as error:
            self._open(error)
            return otherwise

    def _open(self, error: Exception) -> None:
        if self._closed:
            self._closed = False
            log.warning("Redis is away: each process counts rate limits by itself: %s", error)
            threading.Thread(target=self._wait_for_redis, daemon=True).start()

    def _wait_for_redis(self) -> None:
        while not self.ping():
            time.sleep(PROBE_SECONDS)
        self._closed = True
        log.info("Redis is back: all processes count rate limits together")

    def ping(self) -> bool:
        """Ask Redis whether it is there."""
        try:
            with deadline(PROBE_SECONDS):
                return self._shared is not None and self._shared.check()
        except (redis.RedisError, OSError):
            return False


def _connect(url: str) -> RedisStorage:
    """Make the counters in Redis; nothing is asked of it yet, and nothing ever twice."""
    return RedisStorage(
        url,
        socket_timeout=CALL_SECONDS,
        socket_connect_timeout=CALL_SECONDS,
        retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type]  # It is handed on as it is.
    )
