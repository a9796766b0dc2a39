"""From one event to every socket of a room, on this worker and on the others.

A Socket.IO client manager (https://python-socketio.readthedocs.io/, "client managers"). Without
Redis it serves one worker; with Redis each event is delivered here first and then published by a
background greenlet, so a slow or dead Redis never holds a request. What Redis loses meanwhile,
the relay of each worker repairs from the database.

It leans on these internals of python-socketio: `BaseManager.rooms`, `basic_enter_room`,
`basic_leave_room`, `basic_disconnect`, `PubSubManager._handle_emit`, `_publish`, `_listen`.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from socketio import PubSubManager
from socketio.manager import Manager

from ..failpoints import hit
from ..presence import Presence
from .ledger import Ledger

log = logging.getLogger(__name__)

NAMESPACE = "/"
CHANNEL = "projchat"
DURABLE = ("new-message", "message-updated")
OUTBOX_MESSAGES = 10_000
PUBLISH_SECONDS = 1.0
RETRY_SECONDS = 1.0
LISTEN_SECONDS = 5.0


class Person(NamedTuple):
    """Who is behind a socket."""

    user_id: int
    name: str
    login_id: int
    locale: str


class Fanout(PubSubManager):  # type: ignore[misc]
    """Knows who is behind each socket of this worker, and tells the other workers."""

    name = "fanout"

    def __init__(self, presence: Presence, redis_url: str | None = None) -> None:
        super().__init__(channel=CHANNEL)
        self.people: dict[str, Person] = {}
        self.ledger = Ledger()
        self.presence = presence
        self.redis_url = redis_url
        self.on_start: Callable[[], None] = lambda: None
        self.on_people: Callable[[str], None] = lambda room: None
        self._outbox: Any = None

    # Lifecycle

    def initialize(self) -> None:
        """Start listening to the other workers; called at the first connection."""
        if self.redis_url:
            super().initialize()
        self.on_start()

    def welcome(self, sid: str, person: Person) -> None:
        """Remember who is behind a socket."""
        self.people[sid] = person

    def person(self, sid: str) -> Person:
        """Who is behind a socket. Raises `KeyError` for one that has gone."""
        return self.people[sid]

    def is_in(self, sid: str, room: str) -> bool:
        """Whether a socket of this worker is in a room."""
        return sid in self.rooms.get(NAMESPACE, {}).get(room, ())

    # Rooms

    def basic_enter_room(
        self, sid: str, namespace: str, room: str | None, eio_sid: str | None = None
    ) -> None:
        """Put a socket in a room, and the person behind it among those who are there."""
        entered = room is not None and not self.is_in(sid, room)
        super().basic_enter_room(sid, namespace, room, eio_sid=eio_sid)
        if entered and room and room.startswith("project:"):
            person = self.people[sid]
            if self.presence.entered(room, person.user_id, person.name):
                self.on_people(room)

    def basic_leave_room(self, sid: str, namespace: str, room: str | None) -> None:
        """Take a socket out of a room, and the person with their last one."""
        was_in = room is not None and self.is_in(sid, room)
        super().basic_leave_room(sid, namespace, room)
        if was_in and room and room.startswith("project:"):
            if self.presence.left(room, self.people[sid].user_id):
                self.on_people(room)
            if room not in self.rooms.get(NAMESPACE, {}):
                self.ledger.forget(room)

    def basic_disconnect(self, sid: str, namespace: str, **kwargs: Any) -> None:
        """Forget a socket that has gone."""
        super().basic_disconnect(sid, namespace, **kwargs)
        self.people.pop(sid, None)

    def evict(self, person_room: str, room: str) -> None:
        """Take one person's sockets out of a room on every worker, telling them first."""
        self.evict_here(person_room, room)
        self._publish({"method": "evict", "person_room": person_room, "room": room})

    def evict_here(self, person_room: str, room: str) -> None:
        """Take one person's sockets out of a room on this worker, telling them first."""
        for sid, _ in list(self.get_participants(NAMESPACE, person_room)):
            if self.is_in(sid, room):
                project_id = int(room.removeprefix("project:"))
                self.emit_here("room-closed", {"projectId": project_id}, sid)
                self.basic_leave_room(sid, NAMESPACE, room)

    def disconnect_room(self, room: str) -> None:
        """Disconnect every socket of a room, such as `login:7`, on every worker."""
        self.disconnect_room_here(room)
        self._publish({"method": "disconnect_room", "room": room})

    def disconnect_room_here(self, room: str) -> None:
        """Disconnect every socket of a room on this worker."""
        for sid, _ in list(self.get_participants(NAMESPACE, room)):
            self.server.disconnect(sid, namespace=NAMESPACE, ignore_queue=True)

    def strangers(self) -> set[str]:
        """The connections of this worker that belong to nobody: refused, or never introduced."""
        everybody = self.rooms.get(NAMESPACE, {}).get(None, {})
        return set(self.server.eio.sockets) - set(everybody.values())

    def hang_up(self, connection: str) -> None:
        """Close a connection that belongs to nobody."""
        self.server.eio.disconnect(connection)

    # Events

    def emit_here(self, event: str, data: Any, room: str) -> None:
        """Emit to the sockets of this worker only."""
        Manager.emit(self, event, data, namespace=NAMESPACE, room=room)

    def tell_presence(self) -> None:
        """Tell the other workers who is here."""
        self._publish({"method": "presence", "rooms": self.presence.here()})

    def _handle_emit(self, message: dict[str, Any]) -> None:
        super()._handle_emit(message)
        if message["event"] in DURABLE and message["room"] in self.rooms.get(NAMESPACE, {}):
            self.ledger.note(message["room"], message["data"][0]["version"])

    # Other workers

    def _publish(self, data: dict[str, Any]) -> None:
        """Hand a message to the publishing greenlet; the oldest news are the first to go."""
        if not self.redis_url:
            return
        if self._outbox is None:
            self._outbox = self.server.eio.create_queue(OUTBOX_MESSAGES)
            self.server.start_background_task(self._publish_all)
        if self._outbox.full():
            self._outbox.get()
        self._outbox.put(json.dumps({**data, "host_id": self.host_id}))

    def _publish_all(self) -> None:
        connection = self._connect(socket_timeout=PUBLISH_SECONDS)
        while True:
            text = self._outbox.get()
            try:
                connection.publish(self.channel, text)
                hit("after-publish")
            except redis.RedisError as error:
                log.warning("Redis does not take events: %s", error)
                time.sleep(RETRY_SECONDS)

    def _listen(self) -> Iterator[dict[str, Any]]:
        """What the other workers publish; our own methods are carried out here."""
        while True:
            try:
                for message in self._subscription():
                    if message.get("host_id") == self.host_id:
                        continue
                    if not self._carry_out(message):
                        yield message
            except (redis.RedisError, OSError) as error:
                log.warning("Redis does not deliver events: %s", error)
                time.sleep(RETRY_SECONDS)

    def _subscription(self) -> Iterator[dict[str, Any]]:
        pubsub = self._connect(health_check_interval=LISTEN_SECONDS).pubsub(  # type: ignore[no-untyped-call]
            ignore_subscribe_messages=True
        )
        pubsub.subscribe(self.channel)
        self.tell_presence()
        while True:
            message = pubsub.get_message(timeout=LISTEN_SECONDS)
            if message is not None:
                yield json.loads(message["data"])

    def _carry_out(self, message: dict[str, Any]) -> bool:
        method = message.get("method")
        if method == "evict":
            self.evict_here(message["person_room"], message["room"])
        elif method == "disconnect_room":
            self.disconnect_room_here(message["room"])
        elif method == "presence":
            self._hear_presence(message["host_id"], message["rooms"])
        else:
            return False
        return True

    def _hear_presence(self, worker: str, rooms: dict[str, dict[str, str]]) -> None:
        people = {
            room: {int(user_id): name for user_id, name in found.items()}
            for room, found in rooms.items()
        }
        for room in self.presence.heard(worker, people):
            self.on_people(room)

    def _connect(self, **options: Any) -> redis.Redis:
        return redis.Redis.from_url(
            self.redis_url or "",
            socket_connect_timeout=PUBLISH_SECONDS,
            retry=Retry(NoBackoff(), 0),
            **options,
        )
