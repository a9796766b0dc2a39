"""The other workers of this installation, reached through Redis.

Their channel is named by the version of what they say, the history and the secret, and each word is
signed: several installations may share one Redis, and none hears another.

What is said here goes to all of them, or to none while Redis is away: nobody waits for it, and
nothing that must arrive depends on it. The relay of each worker reads the truth in the database.
"""

import hmac
import json
import logging
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

# Of what the workers say to each other: those of another version do not hear us, nor we them.
VERSION = 1
SIGNATURE_BYTES = 32
FOREIGN_PER_LINE = 1000
OUTBOX_MESSAGES = 10_000
CONNECT_SECONDS = 1.0
PUBLISH_SECONDS = 1.0
LISTEN_SECONDS = 1.0
HEALTH_SECONDS = 5.0
RETRY_SECONDS = 1.0


class Neighbours:
    """Tells the other workers, and hears what they say; without Redis there are none."""

    def __init__(self, redis_url: str | None, secret: str) -> None:
        self._url = redis_url
        self.me = uuid.uuid4().hex
        self._outbox: Any = None
        self._secret = secret
        self._key = _derived(secret, "signature")
        self._channel = ""
        self.foreign = 0

    def meet(self, history: str) -> None:
        """Speak with those who serve this history, and hear them, from now on."""
        self._channel = f"projchat:{_derived(self._secret, f'{VERSION} {history}').hex()}"

    @property
    def is_met(self) -> bool:
        """Whether the history is known."""
        return bool(self._channel)

    def tell(self, what: str, **details: Any) -> None:
        """Say something to all; the oldest words are the first to go if Redis is slow."""
        if not self._url or not self._channel:
            return
        if self._outbox is None:
            self._outbox = socketio.server.eio.create_queue(OUTBOX_MESSAGES)
            socketio.start_background_task(self._publish_all)
        if self._outbox.full():
            self._outbox.get()
        said = text_of_members({"from": self.me, "what": what, **details}).encode()
        self._outbox.put((self._channel, self._signature(self._channel, said) + said))

    def listen(self, hear: Callable[[dict[str, Any]], None], joined: Callable[[], None]) -> None:
        """Call `hear` with all that the others say, and `joined` at each (re)connection."""
        if self._url:
            socketio.start_background_task(self._listen, hear, joined)

    def _publish_all(self) -> None:
        connection = self._connect(socket_timeout=PUBLISH_SECONDS)
        while True:
            channel, signed = self._outbox.get()
            try:
                connection.publish(channel, signed)
                hit("after-publish")
            except redis.RedisError as error:
                log.warning("Redis does not take events: %s", error)
                socketio.sleep(RETRY_SECONDS)
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
            socketio.sleep(RETRY_SECONDS)

    def _messages(self, joined: Callable[[], None]) -> Iterator[dict[str, Any]]:
        connection = self._connect(health_check_interval=HEALTH_SECONDS)
        with connection.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call]
            name = ""
            while True:
                if name != self._channel:
                    if name:
                        channel.unsubscribe(name)
                    name = self._channel
                    channel.subscribe(name)
                    joined()
                message = channel.get_message(timeout=LISTEN_SECONDS) if name else None
                if message is not None and (said := self._own(message)) is not None:
                    yield json.loads(said)
                elif not name:
                    socketio.sleep(RETRY_SECONDS)

    def _own(self, message: dict[str, Any]) -> bytes | None:
        """What one of us has said; None, and counted, if somebody else did."""
        channel, signed = message["channel"].decode(), message["data"]
        signature, said = signed[:SIGNATURE_BYTES], signed[SIGNATURE_BYTES:]
        if hmac.compare_digest(signature, self._signature(channel, said)):
            return bytes(said)
        self.foreign += 1
        if self.foreign % FOREIGN_PER_LINE == 1:
            log.warning("Somebody else speaks on our channel in Redis: dropped %s", self.foreign)
        return None

    def _signature(self, channel: str, said: bytes) -> bytes:
        return hmac.digest(self._key, channel.encode() + said, "sha256")

    def _connect(self, **options: Any) -> redis.Redis:
        return redis.Redis.from_url(
            self._url or "",
            socket_connect_timeout=CONNECT_SECONDS,
            retry=Retry(NoBackoff(), 0),
            **options,
        )


def _derived(secret: str, about: str) -> bytes:
    return hmac.digest(secret.encode(), f"projchat bus {about}".encode(), "sha256")
