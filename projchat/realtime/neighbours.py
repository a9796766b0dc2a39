"""The other workers, reached through Redis.

What is said here goes to all of them, or to none while Redis is away: nobody waits for it, and
nothing that must arrive depends on it. The relay of each worker reads the truth in the database.
"""

import json
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ..document import text_of_members
from ..extensions import socketio
from ..failpoints import hit

log = logging.getLogger(__name__)

OUTBOX_MESSAGES = 10_000
CONNECT_SECONDS = 1.0
PUBLISH_SECONDS = 1.0
LISTEN_SECONDS = 5.0
RETRY_SECONDS = 1.0


class Neighbours:
    """Tells the other workers, and hears what they say; without Redis there are none."""

    def __init__(self, redis_url: str | None) -> None:
        self._url = redis_url
        self.me = uuid.uuid4().hex
        self._outbox: Any = None
        self._channel = _channel(redis_url) if redis_url else ""

    def tell(self, what: str, **details: Any) -> None:
        """Say something to all; the oldest words are the first to go if Redis is slow."""
        if not self._url:
            return
        if self._outbox is None:
            self._outbox = socketio.server.eio.create_queue(OUTBOX_MESSAGES)
            socketio.start_background_task(self._publish_all)
        if self._outbox.full():
            self._outbox.get()
        self._outbox.put(text_of_members({"from": self.me, "what": what, **details}))

    def listen(self, hear: Callable[[dict[str, Any]], None], joined: Callable[[], None]) -> None:
        """Call `hear` with all that the others say, and `joined` at each (re)connection."""
        if self._url:
            socketio.start_background_task(self._listen, hear, joined)

    def _publish_all(self) -> None:
        connection = self._connect(socket_timeout=PUBLISH_SECONDS)
        while True:
            text = self._outbox.get()
            try:
                connection.publish(self._channel, text)
                hit("after-publish")
            except redis.RedisError as error:
                log.warning("Redis does not take events: %s", error)
                time.sleep(RETRY_SECONDS)
            except Exception:
                log.exception("Something could not be told to the other workers")

    def _listen(self, hear: Callable[[dict[str, Any]], None], joined: Callable[[], None]) -> None:
        while True:
            try:
                for message in self._messages(joined):
                    if message.get("from") != self.me:
                        hear(message)
            except (redis.RedisError, OSError) as error:
                log.warning("Redis does not deliver events: %s", error)
            except Exception:
                log.exception("What another worker said was not understood")
            time.sleep(RETRY_SECONDS)

    def _messages(self, joined: Callable[[], None]) -> Iterator[dict[str, Any]]:
        connection = self._connect(health_check_interval=LISTEN_SECONDS)
        with connection.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call]
            channel.subscribe(self._channel)
            joined()
            while True:
                message = channel.get_message(timeout=LISTEN_SECONDS)
                if message is not None:
                    yield json.loads(message["data"])

    def _connect(self, **options: Any) -> redis.Redis:
        return redis.Redis.from_url(
            self._url or "",
            socket_connect_timeout=CONNECT_SECONDS,
            retry=Retry(NoBackoff(), 0),
            **options,
        )


def _channel(redis_url: str) -> str:
    """Redis publishes to all its numbered databases alike; two chats on one Redis must not mix."""
    options = redis.connection.parse_url(redis_url)  # type: ignore[no-untyped-call]
    return f"projchat:{options.get('db', 0)}"
