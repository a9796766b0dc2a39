"""From one event to every socket of a room, on this worker and on the others.

A Socket.IO client manager (https://python-socketio.readthedocs.io/, "client managers"). An event
is encoded once and framed once, then put on the wire of every socket in the room (see wires.py),
and only then told to the other workers. What does not arrive, the relay repairs.

It leans on these internals of python-socketio: `BaseManager.rooms`, `basic_enter_room`,
`basic_leave_room`, `connect`, `callbacks`, `pending_connect` and `pending_disconnect`;
tests/realtime fails if a new version moves them.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

from engineio import packet as engineio_packet
from socketio import packet
from socketio.manager import Manager

from ..document import encode, text_of
from ..extensions import socketio
from ..models import Login, User
from ..presence import Presence, with_ids
from .connection_limits import ConnectionLimit
from .doorstep import Doorstep
from .ledger import Ledger
from .neighbours import Neighbours
from .order import Order
from .polling import send_packet
from .polls import LongPolls
from .rounds import Rounds
from .wires import Press, Wire, text_frame

log = logging.getLogger(__name__)

NAMESPACE = "/"
ANSWER_SECONDS = 0.1
DURABLE = ("new-message", "message-updated")
# What the handlers of events are told of the request that opened their socket.
KEPT = ("flask.app", "HTTP_HOST", "SERVER_NAME", "SERVER_PORT", "wsgi.url_scheme")


class Person(NamedTuple):
    """Who is behind a socket."""

    user_id: int
    name: str
    login_id: int
    locale: str

    @property
    def rooms(self) -> tuple[str, str]:
        """The rooms that all sockets of this person, and of this login, are in."""
        return User.room_of(self.user_id), Login.room_of(self.login_id)


class Fanout(Manager):  # type: ignore[misc]
    """Knows who is behind each socket of this worker, and delivers."""

    def __init__(self, presence: Presence, neighbours: Neighbours) -> None:
        super().__init__()
        self.people: dict[str, Person] = {}
        self.ledger = Ledger()
        self.doorstep = Doorstep()
        self.presence = presence
        self.on_start: Callable[[], Any] = lambda: None
        self.on_people: Callable[[str], None] = lambda room: None
        self.polls = LongPolls(presence)
        self.press: Press | None = None
        self.connection_limit = ConnectionLimit()
        self._neighbours = neighbours
        self._rounds = Rounds()
        self._is_asked = False
        self._rooms_of: dict[str, set[str]] = {}
        self._order = Order(self.ledger, self._deliver_now)
        self._wires: dict[str | None, tuple[Wire, ...]] = {}

    # Lifecycle

    def initialize(self) -> None:
        """Start what runs beside the requests; called at the first connection."""
        self._neighbours.listen(self._hear, self._introduce)
        self.on_start()

    def ensure_started(self) -> None:
        """Start the same for somebody who comes by HTTP, perhaps before any connection."""
        if not self.server.manager_initialized:
            self.server.manager_initialized = True
            self.initialize()

    def welcome(self, sid: str, person: Person) -> bool:
        """Remember who is behind a socket, and of its first request only what we need.

        False, and nothing is remembered, if there are as many of this person as there may be.

        Nothing is said to it before it has heard that it is connected: it stands at the door of
        the person's rooms until then.
        """
        if self.connection_limit.is_reached(person.user_id):
            return False
        self.people[sid] = person
        self.connection_limit.add(person.user_id)
        for room in person.rooms:
            self.doorstep.stand(sid, room)
        eio_sid = self.eio_sid_from_sid(sid, NAMESPACE)
        environ = self.server.environ[eio_sid]
        self.server.environ[eio_sid] = _kept(*map(environ.get, KEPT))
        return True

    def connect(self, sid: str, namespace: str) -> str:
        """Let a socket, which has just been told that it is connected, into the person's rooms."""
        super().connect(sid, namespace)
        rooms = self.people[sid].rooms
        kept = [self.doorstep.leave(sid, room) for room in rooms]
        if self.eio_sid_from_sid(sid, namespace) not in self.server.environ:
            self.basic_disconnect(sid, namespace)  # It has hung up meanwhile.
        elif None in kept:
            self.server.disconnect(sid, namespace=namespace, ignore_queue=True)
        else:
            for room in rooms:
                self.basic_enter_room(sid, namespace, room)
            for event, data in chain.from_iterable(filter(None, kept)):
                self.emit_here(event, data, sid)
        return sid

    def person(self, sid: str) -> Person:
        """Who is behind a socket. Raises `KeyError` for one that has gone."""
        return self.people[sid]

    def is_in(self, sid: str, room: str) -> bool:
        """Whether a socket of this worker is in a room."""
        return room in self._rooms_of.get(sid, ())

    # Rooms

    def enter(self, sid: str, room: str, version: int) -> bool:
        """Let a socket in from the doorstep, with what was kept for it there.

        `version` is how far it has read. False if it was evicted, or has gone, meanwhile.
        """
        kept = self.doorstep.leave(sid, room)
        if kept is None or not self.is_connected(sid, NAMESPACE):
            return False
        if not self.is_in(sid, room):
            self.basic_enter_room(sid, NAMESPACE, room)
            self.ledger.watch(room, version)
            for event, data in kept:
                self.emit_here(event, data, sid)
                if event in DURABLE:
                    self.ledger.note(room, data["version"])
        return True

    def basic_enter_room(
        self, sid: str, namespace: str, room: str | None, eio_sid: str | None = None
    ) -> None:
        """Put a socket in a room, and the person behind it among those who are there."""
        entered = room is not None and not self.is_in(sid, room)
        self._wires.pop(room, None)
        super().basic_enter_room(sid, namespace, room, eio_sid=eio_sid)
        if room is None or not entered:
            return
        self._rooms_of.setdefault(sid, set()).add(room)
        if room.startswith("project:"):
            person = self.people[sid]
            if self.presence.entered(room, person.user_id, person.name):
                self.on_people(room)

    def basic_leave_room(self, sid: str, namespace: str, room: str | None) -> None:
        """Take a socket out of a room, and the person with their last one."""
        was_in = room is not None and self.is_in(sid, room)
        self._wires.pop(room, None)
        super().basic_leave_room(sid, namespace, room)
        if room is None or not was_in:
            return
        self._rooms_of[sid].discard(room)
        if room.startswith("project:"):
            if self.presence.left(room, self.people[sid].user_id):
                self.on_people(room)
            if room not in self._rooms_here():
                self.ledger.forget(room)

    def basic_disconnect(self, sid: str, namespace: str, **_kwargs: Any) -> None:
        """Forget a socket that has gone (the library would look through every room for it)."""
        for room in list(self._rooms_of.get(sid, ())):
            self.basic_leave_room(sid, namespace, room)
        self._rooms_of.pop(sid, None)
        self.basic_leave_room(sid, namespace, None)
        self.callbacks.pop(sid, None)
        person = self.people.pop(sid, None)
        if person:
            self.connection_limit.remove(person.user_id)
            for room in person.rooms:
                self.doorstep.leave(sid, room)
        for pending in (self.pending_connect, self.pending_disconnect):
            if sid in pending.get(namespace, ()):
                pending[namespace].remove(sid)

    def evict(self, person_room: str, room: str) -> None:
        """Take one person's sockets out of a room on every worker, telling them first."""
        self.evict_here(person_room, room)
        self._neighbours.tell("evict", person_room=person_room, room=room)

    def evict_here(self, person_room: str, room: str) -> None:
        """Take one person's sockets out of a room on this worker, telling them first."""
        self.polls.evict(person_room, room)
        for sid, eio_sid in list(self.get_participants(NAMESPACE, person_room)):
            self._forget_rounds(eio_sid)
            self.doorstep.leave(sid, room)
            if self.is_in(sid, room):
                project_id = int(room.removeprefix("project:"))
                self.emit_here("room-closed", {"projectId": project_id}, sid)
                self.basic_leave_room(sid, NAMESPACE, room)

    def disconnect_room(self, room: str) -> None:
        """Disconnect every socket of a room, such as `login:7`, on every worker."""
        self.disconnect_room_here(room)
        self._neighbours.tell("disconnect_room", room=room)

    def disconnect_room_here(self, room: str) -> None:
        """Disconnect every socket of a room on this worker."""
        self.polls.evict(room)
        self.doorstep.send_away(room)
        for sid, eio_sid in list(self.get_participants(NAMESPACE, room)):
            self._forget_rounds(eio_sid)
            self.server.disconnect(sid, namespace=NAMESPACE, ignore_queue=True)

    def strangers(self) -> set[str]:
        """The connections of this worker that belong to nobody: refused, or never introduced."""
        everybody = self._rooms_here().get(None, {})
        return set(self.server.eio.sockets) - set(everybody.values())

    def hang_up(self, connection: str) -> None:
        """Close a connection that belongs to nobody."""
        self.server.eio.disconnect(connection)  # It waits for nobody, see polling.py.

    def _rooms_here(self) -> dict[str | None, Any]:
        return self.rooms.get(NAMESPACE, {})  # type: ignore[no-any-return]

    # Events

    def emit(
        self,
        event: str,
        data: Any,
        namespace: str = NAMESPACE,
        room: str | None = None,
        skip_sid: str | None = None,
        callback: Callable[..., Any] | None = None,
        to: str | None = None,
        **_kwargs: Any,
    ) -> None:
        """Emit to a room on every worker. Nobody asks for acknowledgements of what we emit."""
        room = to or room
        if callback is not None or room is None or namespace != NAMESPACE:
            raise ValueError("projchat emits to rooms of the default namespace.")
        self._deliver(event, data, room, skip_sid)
        self._neighbours.tell("emit", event=event, data=data, room=room, skip_sid=skip_sid)

    def emit_here(self, event: str, data: Any, room: str, skip_sid: str | None = None) -> None:
        """Emit to the sockets of this worker: one encoding, one frame, as many wires."""
        self.doorstep.keep(room, event, data)
        members = self._rooms_here().get(room)
        if not members:
            return
        text, frame = _encoded(event, data)
        wires = self._wires_of(room) if skip_sid is None else None
        if wires is not None and self.press is not None:
            self.press.tell(wires, frame)
            return
        for sid, connection in self._connections(members):
            if sid == skip_sid:
                continue
            if type(connection.queue) is Wire:
                connection.queue.write(frame)
            else:
                send_packet(connection, engineio_packet.Packet(engineio_packet.MESSAGE, text))

    def _wires_of(self, room: str) -> tuple[Wire, ...] | None:
        """The wires of a room, the same object until somebody comes or goes; None if one polls."""
        wires = self._wires.get(room)
        if wires is None:
            queues = [one.queue for _, one in self._connections(self._rooms_here()[room])]
            if any(type(queue) is not Wire for queue in queues):
                return None
            wires = self._wires[room] = tuple(queues)
        return wires

    def _connections(self, members: Any) -> Iterator[tuple[str, Any]]:
        connections = self.server.eio.sockets
        for sid, eio_sid in list(members._fwdm.items()) if members else ():
            connection = connections.get(eio_sid)
            if connection is not None:
                yield sid, connection

    def emit_to_people(self, event: str, data: Any, user_ids: list[int], besides: str) -> None:
        """Emit on every worker to these people's sockets that are not in the room `besides`."""
        self.emit_to_people_here(event, data, user_ids, besides)
        self._neighbours.tell(
            "emit_to_people", event=event, data=data, user_ids=user_ids, besides=besides
        )

    def emit_to_people_here(self, event: str, data: Any, user_ids: list[int], besides: str) -> None:
        """The same on this worker. Most people have no socket here, so nothing is made for them."""
        rooms = self._rooms_here()
        theirs = [User.room_of(user_id) for user_id in user_ids]
        for room in theirs:
            self.doorstep.keep(room, event, data)
        connections = [
            connection
            for room in theirs
            for sid, connection in self._connections(rooms.get(room))
            if not self.is_in(sid, besides)
        ]
        self._tell_in_rounds(event, data, connections)

    def emit_in_rounds_here(self, event: str, data: Any, room: str) -> int:
        """Emit to a room's sockets of this worker what may come a little later; bytes in all."""
        members = self._rooms_here().get(room)
        connections = [connection for _, connection in self._connections(members)]
        return self._tell_in_rounds(event, data, connections)

    def _tell_in_rounds(self, event: str, data: Any, connections: list[Any]) -> int:
        if not connections:
            return 0
        text, frame = _encoded(event, data)
        self._rounds.tell([one.queue for one in connections if type(one.queue) is Wire], frame)
        for connection in connections:
            if type(connection.queue) is not Wire:
                send_packet(connection, engineio_packet.Packet(engineio_packet.MESSAGE, text))
        return len(frame) * len(connections)

    def _forget_rounds(self, eio_sid: str) -> None:
        connection = self.server.eio.sockets.get(eio_sid)
        if connection is not None and type(connection.queue) is Wire:
            self._rounds.pass_over(connection.queue)

    def tell_presence(self) -> None:
        """Tell the other workers who came and who went; if nobody did, that we are still here."""
        self._neighbours.tell("came-and-went", **self.presence.news())

    def _introduce(self) -> None:
        """Exchange with the other workers who is where: what was said until now has been missed."""
        self._tell_everybody()
        self._neighbours.tell("who-is-there", of=None)

    def _tell_everybody(self) -> None:
        self._is_asked = False
        self._neighbours.tell("everybody", **self.presence.everybody_here())

    def _deliver(self, event: str, data: Any, room: str, skip_sid: str | None = None) -> None:
        if event in DURABLE:
            self.polls.wake_behind(room, data["version"])
        if event in DURABLE and room in self._rooms_here():
            self._order.take(event, data, room)
        else:
            self.emit_here(event, data, room, skip_sid)

    def _deliver_now(self, event: str, data: Any, room: str) -> None:
        self.emit_here(event, data, room)
        if room in self._rooms_here():
            self.ledger.note(room, data["version"])

    # Other workers

    def _hear(self, message: dict[str, Any]) -> None:
        what = message["what"]
        if what == "emit":
            self._deliver(message["event"], message["data"], message["room"], message["skip_sid"])
        elif what == "emit_to_people":
            self.emit_to_people_here(
                message["event"], message["data"], message["user_ids"], message["besides"]
            )
        elif what == "evict":
            self.evict_here(message["person_room"], message["room"])
        elif what == "disconnect_room":
            self.disconnect_room_here(message["room"])
        elif what == "came-and-went":
            self._hear_news(message["from"], message["turn"], message["changes"])
        elif what == "everybody":
            rooms = with_ids(message["rooms"])
            self._changed(self.presence.heard_everybody(message["from"], message["turn"], rooms))
        elif what == "who-is-there" and message["of"] in (None, self._neighbours.me):
            self._answer_in_a_moment()

    def _hear_news(self, worker: str, turn: int, changes: dict[str, dict[str, Any]]) -> None:
        rooms = self.presence.heard(worker, turn, with_ids(changes))
        if rooms is None:
            self._neighbours.tell("who-is-there", of=worker)
        else:
            self._changed(rooms)

    def _answer_in_a_moment(self) -> None:
        """Several may ask at once; all hear the one answer."""
        if not self._is_asked:
            self._is_asked = True
            socketio.start_background_task(self._answer)

    def _answer(self) -> None:
        socketio.sleep(ANSWER_SECONDS)
        self._tell_everybody()

    def _changed(self, rooms: Iterable[str]) -> None:
        for room in rooms:
            self.on_people(room)


def _encoded(event: str, data: Any) -> tuple[str, bytes]:
    """An event as Socket.IO's text, and as the frame of a websocket."""
    text = f"{packet.EVENT}[{encode(event)},{text_of(data)}]"
    return text, text_frame(f"4{text}".encode())


@lru_cache(64)
def _kept(*values: Any) -> dict[str, Any]:
    """A request like many: most sockets share one, which costs each of them nothing."""
    request = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SCRIPT_NAME": "", "QUERY_STRING": ""}
    return {**request, **dict(zip(KEPT, values, strict=True))}
