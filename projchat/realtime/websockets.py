"""How python-engineio's websockets are served: a wire and an ear each, and no greenlet.

The library gives each connection a reader, a writer and a pinging greenlet. Here the server's
reader leaves when the websocket is open (`projchat.stay` in the environment, see `worker.py`), and
all are pinged from one greenlet.

It leans on these internals, and `fits()` says whether they are still there: python-engineio's
`Socket` (`queue` with `put` and `join`, `schedule_ping`, `last_ping`, `receive`, `close`,
`_websocket_handler`), its `Server` (`_async["websocket"]`, `handlers["connect"]`, `sockets`), and
eventlet's `WebSocketWSGI` (`handler`, and of the websocket `environ` and `websocket_closed`). If
not, the library's own path serves.
"""

import inspect
import logging
import socket as sockets
import time
from collections import deque
from typing import Any, NamedTuple

import eventlet
from engineio import exceptions, packet, socket
from eventlet import websocket

from .ears import Ear, Said
from .frame_budget import FrameBudget
from .wires import Press, Wire, text_frame

log = logging.getLogger("projchat.wire")

STAY = "projchat.stay"
UPGRADE_SECONDS = 10.0
# So many websockets of one session may wait for their probe at once.
MOST_UPGRADES = 2
PING, PONG = text_frame(b"2"), "3"
# After a moment in which the loop was busy many are due. Pinged all at once they would answer all
# at once, and be due together ever after: so they go in groups.
PINGED_AT_ONCE = 10
TOGETHER_SECONDS = 0.05
REST_SECONDS = 0.002


def fits() -> bool:
    """Whether the internals that this module leans on are where it expects them."""
    names = ("schedule_ping", "receive", "_websocket_handler", "close", "send")
    return (
        all(hasattr(socket.Socket, name) for name in names)
        and "last_ping" in inspect.getsource(socket.Socket.schedule_ping)
        and "self.queue.put(pkt)" in inspect.getsource(socket.Socket.send)
        and "self.queue.put(None)" in inspect.getsource(socket.Socket.close)
        and "self.handler(ws)" in inspect.getsource(websocket.WebSocketWSGI.__call__)
        and "self.environ" in inspect.getsource(websocket.WebSocket.__init__)
        and "websocket_closed" in inspect.getsource(websocket.RFC6455WebSocket._send_closing_frame)
    )


def install(server: Any, is_limited: bool = True) -> Press | None:
    """Serve the websockets of a Socket.IO server; None if the library must.

    `is_limited` says whether a client may send so many frames a second only.
    """
    if not fits():
        log.warning("This python-engineio is not the one that the fan-out knows: going slower")
        return None
    press, heart = Press(), Heart(server.eio.ping_interval, server.eio.ping_timeout)
    _ping_from_one_greenlet(server.eio, heart)
    library = server.eio._async["websocket"]

    class LightWebSocket(library):  # type: ignore[misc, valid-type]
        def __init__(self, handler: Any, eio: Any) -> None:
            self._connection = connection = handler.__self__
            budget = FrameBudget(is_limited)
            super().__init__(lambda ws: _open(connection, ws, press, budget), eio)

        def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
            connection = self._connection
            if getattr(connection, "upgrades", 0) >= MOST_UPGRADES:
                start_response("400 BAD REQUEST", [("Content-Length", "0")])
                return ()
            answer = super().__call__(environ, start_response)
            if not connection.connected:  # It was no handshake: nobody else would end the session.
                connection.close(wait=False, abort=True)
            return tuple(answer)  # A list would be taken for packets.

    server.eio._async = {**server.eio._async, "websocket": LightWebSocket}
    return press


class Heart:
    """Pings everybody from one greenlet; all wait equally long, so two queues will do.

    Who is due at about the same moment waits together: an object for each of ten thousand, young
    again every few seconds, would be looked through by Python's collector each time it comes.
    """

    def __init__(self, interval: float, timeout: float) -> None:
        self._interval = interval
        self._timeout = timeout
        self._due: deque[Group] = deque()
        self._awaited: deque[Group] = deque()
        self._is_beating = False

    def schedule(self, connection: socket.Socket) -> None:
        """Ping a connection after the interval, unless a ping is under way already."""
        if connection.last_ping:
            connection.last_ping = None
            self._group_that_is_due_at(time.monotonic() + self._interval).append(connection)
            if not self._is_beating:
                self._is_beating = True
                eventlet.spawn_n(self._beat)

    def _group_that_is_due_at(self, moment: float) -> list[socket.Socket]:
        last = self._due[-1] if self._due else None
        if last and moment - last.at < TOGETHER_SECONDS and len(last.connections) < PINGED_AT_ONCE:
            return last.connections
        self._due.append(Group(moment, []))
        return self._due[-1].connections

    def _beat(self) -> None:
        while self._due or self._awaited:
            try:
                self._ping_the_due()
                self._give_up_the_silent()
            except Exception:
                log.exception("A ping failed")  # The heart goes on for all others.
            moments = [queue[0].at for queue in (self._due, self._awaited) if queue]
            if moments:
                eventlet.sleep(max(REST_SECONDS, min(moments) - time.monotonic()))
        self._is_beating = False

    def _ping_the_due(self) -> None:
        """Ping one group; the next has its turn after a rest."""
        if not self._due or self._due[0].at > time.monotonic():
            return
        pinged, open_ones = time.time(), []
        for connection in self._due.popleft().connections:
            if not connection.closing and not connection.closed:
                connection.last_ping = pinged
                if isinstance(connection.queue, Wire):
                    connection.queue.write_at_once(PING, 1)
                else:
                    connection.send(packet.Packet(packet.PING))
                open_ones.append(connection)
        self._awaited.append(Group(time.monotonic() + self._timeout, open_ones, pinged))

    def _give_up_the_silent(self) -> None:
        """Whoever does not answer is hung up on; a client that polls is the library's affair."""
        while self._awaited and self._awaited[0].at <= time.monotonic():
            group = self._awaited.popleft()
            for connection in group.connections:
                if connection.last_ping == group.pinged and isinstance(connection.queue, Wire):
                    connection.queue.cut()


class Group(NamedTuple):
    """Connections that are pinged, or given up, at one moment of the monotonic clock."""

    at: float
    connections: list[socket.Socket]
    pinged: float = 0.0


def _ping_from_one_greenlet(eio: Any, heart: Heart) -> None:
    connect = eio.handlers["connect"]

    def connected(eio_sid: str, environ: dict[str, Any]) -> Any:
        connection = eio.sockets[eio_sid]
        connection.schedule_ping = lambda: heart.schedule(connection)
        return connect(eio_sid, environ)

    eio.on("connect", connected)


def _open(connection: socket.Socket, ws: Any, press: Press, budget: FrameBudget) -> None:
    """Take the websocket over from the server, and let its reader go."""
    ws.websocket_closed = True  # The closing frame is ours to send.
    guest = ws.environ.pop(STAY)()
    guest.socket.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
    wire = Wire(guest.socket, press)
    line = Upgrade if connection.connected else Line
    line(connection, wire, guest, budget)


class Line:
    """One websocket of a connection, from its opening to its end."""

    __slots__ = ("connection", "guest", "wire")

    def __init__(
        self, connection: socket.Socket, wire: Wire, guest: Any, budget: FrameBudget
    ) -> None:
        self.connection = connection
        self.wire = wire
        self.guest = guest
        self.begin()
        limit = connection.server.max_http_buffer_size
        Ear(guest.socket, wire, self.hear, self.is_brief, self.has_ended, limit, budget)

    def begin(self) -> None:
        """Carry what the connection has to say from now on."""
        connection = self.connection
        connection.connected = connection.upgraded = True
        waiting, connection.queue = connection.queue, self.wire
        while not waiting.empty():
            self.wire.put(waiting.get())

    def is_brief(self, said: Said) -> bool:
        """An answer to a ping only makes the next one due."""
        return said == PONG

    def hear(self, said: Said) -> bool:
        """Take in a packet; False if the connection must end."""
        if self.connection.closed:
            return False
        try:
            self.connection.receive(packet.Packet(encoded_packet=said))
        except (ValueError, IndexError, exceptions.UnknownPacketError):
            log.warning("A malformed packet ended its connection")
            return False
        except exceptions.SocketIsClosedError:
            return False
        except Exception:
            log.exception("A packet could not be handled")
            return False
        return True

    def has_ended(self) -> None:
        """Give the connection up."""
        server = self.connection.server
        try:
            self.connection.close(wait=False, abort=True, reason=server.reason.TRANSPORT_CLOSE)
        finally:
            server.sockets.pop(self.connection.sid, None)
            self.guest.leave()


class Upgrade(Line):
    """A websocket that is to take over from polling, by the probe of the Engine.IO protocol."""

    __slots__ = ("has_probed", "is_through")

    def begin(self) -> None:
        """Wait for the probe, but not for ever."""
        self.has_probed = self.is_through = False
        self.connection.upgrading = True
        self._count(1)
        eventlet.spawn_after(UPGRADE_SECONDS, self._give_up)

    def is_brief(self, said: Said) -> bool:
        """Until it is through, everything comes in its turn."""
        return self.is_through and super().is_brief(said)

    def hear(self, said: Said) -> bool:
        """Take in a packet; False if the websocket must end."""
        if self.is_through:
            return super().hear(said)
        if not self.has_probed and said == "2probe":
            self.has_probed = True
            self.wire.write(text_frame(b"3probe"))
            # This ends the poll that waits.
            self.connection.queue.put(packet.Packet(packet.NOOP))
            return True
        if self.has_probed and said == "5" and not self.connection.upgraded:
            self.connection.upgrading = False
            self.is_through = True
            super().begin()
            return True
        return False

    def has_ended(self) -> None:
        """Give the connection up, unless it goes on by polling."""
        self._count(-1)
        if self.is_through:
            super().has_ended()
        else:
            self.connection.upgrading = False
            self.guest.leave()

    def _count(self, more: int) -> None:
        self.connection.upgrades = getattr(self.connection, "upgrades", 0) + more

    def _give_up(self) -> None:
        if not self.is_through:
            self.wire.cut()
