"""One websocket, written to without a greenlet of its own.

python-engineio gives each connection a reader, a writer and a pinging greenlet, and wakes the
writer for every packet. Here a frame goes onto the wire's backlog, all backlogs are written once
the loop has handled what was ready, and so the frames of several events leave in one system
call. A wire whose client does not keep up gets a greenlet that waits for it, until the backlog
passes its bound and the client is hung up on: catching up later is harmless.

It leans on these internals, and `fits()` says whether they are still there: python-engineio's
`Socket` (`queue` with `put`, `get` and `join`, `schedule_ping`, `_send_ping`, `last_ping`,
`receive`, `_websocket_handler`), its `Server` (`_async["websocket"]`, `handlers["connect"]`), and
eventlet's websocket (`wait`, `send`, `socket`, `Message`) and hub. If not, the library's own path
serves.
"""

import inspect
import logging
import socket as sockets
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

import eventlet
from engineio import exceptions, packet, socket
from eventlet import hubs, websocket

log = logging.getLogger("projchat.wire")

BACKLOG_FRAMES = 500
BACKLOG_BYTES = 4 * 1024 * 1024
TEXT_FRAME = 0x81


def text_frame(payload: bytes) -> bytes:
    """A server's unmasked text frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((TEXT_FRAME, size)) + payload
    if size < 65536:
        return bytes((TEXT_FRAME, 126)) + size.to_bytes(2, "big") + payload
    return bytes((TEXT_FRAME, 127)) + size.to_bytes(8, "big") + payload


class Wire:
    """The outgoing side of one websocket; it stands where the library keeps its packet queue."""

    __slots__ = ("_backlog", "_closing", "_draining", "_press", "_size", "_socket")

    def __init__(self, raw: sockets.socket, press: "Press") -> None:
        raw.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
        self._socket = raw
        self._press = press
        self._backlog: list[bytes] = []
        self._size = 0
        self._draining = False
        self._closing = False

    def write(self, frame: bytes) -> None:
        """Put a frame on the backlog; a client too far behind is hung up on."""
        if not self._backlog and not self._draining:
            self._press.add(self)
        self._backlog.append(frame)
        self._size += len(frame)
        if len(self._backlog) > BACKLOG_FRAMES or self._size > BACKLOG_BYTES:
            log.warning("A client that does not read was hung up on")
            self.cut()

    def flush(self) -> None:
        """Write what the kernel takes at once; a greenlet waits with the rest."""
        if self._draining or not self._backlog:
            return
        data = self._backlog[0] if len(self._backlog) == 1 else b"".join(self._backlog)
        self._backlog, self._size = [], 0
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.cut()
            return
        if sent < len(data):
            self._draining = True
            eventlet.spawn_n(self._drain, data[sent:])
        elif self._closing:
            self.cut()

    def cut(self) -> None:
        """Shut the socket; the reader wakes and ends the connection."""
        self._backlog, self._size, self._closing = [], 0, True
        with suppress(OSError):  # It may have gone already.
            self._socket.shutdown(sockets.SHUT_RDWR)

    # The library's side: what it does with a queue.

    def put(self, pkt: packet.Packet | None) -> None:
        """Send a packet; None, as the library has it, means that nothing follows."""
        if pkt is None:
            self._closing = True
            if not self._backlog and not self._draining:
                self.cut()
        elif not self._closing:
            self.write(text_frame(pkt.encode().encode()))

    def join(self) -> None:
        """Nothing waits in here that anybody should wait for."""

    def _drain(self, data: bytes) -> None:
        try:
            while data:
                hubs.trampoline(self._socket.fileno(), write=True)
                data = data[self._socket.send(data) :]
                if not data and self._backlog:
                    data = b"".join(self._backlog)
                    self._backlog, self._size = [], 0
        except (OSError, ValueError):
            self.cut()
        self._draining = False
        if self._closing:
            self.cut()


class Press:
    """Writes all wires that have something to say, once per turn of the loop."""

    def __init__(self) -> None:
        self._wires: list[Wire] = []

    def add(self, wire: Wire) -> None:
        """A wire has begun a backlog."""
        if not self._wires:
            hubs.get_hub().schedule_call_global(0, self._run)
        self._wires.append(wire)

    def _run(self) -> None:
        wires, self._wires = self._wires, []
        for wire in wires:
            wire.flush()


class Heart:
    """Sends everybody's pings from one greenlet; all wait equally long, so a queue will do."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._due: deque[tuple[float, socket.Socket]] = deque()
        self._beating = False

    def schedule(self, connection: socket.Socket) -> None:
        """Ping a connection after the interval, unless a ping is under way already."""
        if connection.last_ping:
            connection.last_ping = None
            self._due.append((time.monotonic() + self._interval, connection))
            if not self._beating:
                self._beating = True
                eventlet.spawn_n(self._beat)

    def _beat(self) -> None:
        while self._due:
            moment, connection = self._due[0]
            wait = moment - time.monotonic()
            if wait > 0:
                eventlet.sleep(wait)
                continue
            self._due.popleft()
            if not connection.closing and not connection.closed:
                connection.last_ping = time.time()
                connection.send(packet.Packet(packet.PING))
        self._beating = False


def fits() -> bool:
    """Whether the internals that this module leans on are where it expects them."""
    names = ("schedule_ping", "_send_ping", "receive", "_websocket_handler", "close", "send")
    return (
        all(hasattr(socket.Socket, name) for name in names)
        and "last_ping" in inspect.getsource(socket.Socket.schedule_ping)
        and "self.queue.put(pkt)" in inspect.getsource(socket.Socket.send)
        and "self.queue.put(None)" in inspect.getsource(socket.Socket.close)
        and all(hasattr(websocket.RFC6455WebSocket, name) for name in ("wait", "send", "Message"))
    )


def install(server: Any) -> bool:
    """Serve the websockets of a Socket.IO server through wires; False if the library must."""
    if not fits():
        log.warning("This python-engineio is not the one that the fan-out knows: going slower")
        return False
    press, heart = Press(), Heart(server.eio.ping_interval)
    _ping_from_one_greenlet(server.eio, heart)
    library = server.eio._async["websocket"]

    class WireWebSocket(library):  # type: ignore[misc, valid-type]
        def __init__(self, handler: Any, eio: Any) -> None:
            connection = handler.__self__
            super().__init__(lambda ws: _serve(connection, ws, press), eio)

        def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
            # Compression would keep two windows of 32 KiB for each connection.
            environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
            return super().__call__(environ, start_response)

    server.eio._async = {**server.eio._async, "websocket": WireWebSocket}
    return True


def _ping_from_one_greenlet(eio: Any, heart: Heart) -> None:
    connect = eio.handlers["connect"]

    def connected(eio_sid: str, environ: dict[str, Any]) -> Any:
        connection = eio.sockets[eio_sid]
        connection.schedule_ping = lambda: heart.schedule(connection)
        return connect(eio_sid, environ)

    eio.on("connect", connected)


def _serve(connection: socket.Socket, ws: Any, press: Press) -> None:
    """Carry one websocket from its opening to its end (what `_websocket_handler` does)."""
    server = connection.server
    # Whoever neither speaks nor answers pings for this long is gone.
    ws.socket.settimeout(server.ping_interval + server.ping_timeout)
    if connection.connected and not _upgrade(connection, ws):
        return
    connection.connected = connection.upgraded = True
    wire = Wire(ws.socket.fd, press)
    ws.send = _control_sender(ws, wire)
    ws.Message = _bounded(ws.Message, server.max_http_buffer_size)
    waiting, connection.queue = connection.queue, wire
    while not waiting.empty():
        wire.put(waiting.get())
    _read(connection, ws)
    wire.cut()
    connection.close(wait=False, abort=True, reason=server.reason.TRANSPORT_CLOSE)


def _upgrade(connection: socket.Socket, ws: Any) -> bool:
    """Go over from polling, by the probe of the Engine.IO protocol; False if it fails."""
    connection.upgrading = True
    try:
        if ws.wait() != "2probe":
            return False
        ws.send("3probe")
        connection.queue.put(packet.Packet(packet.NOOP))
        return bool(ws.wait() == "5")
    finally:
        connection.upgrading = False


def _read(connection: socket.Socket, ws: Any) -> None:
    limit = connection.server.max_http_buffer_size
    while not connection.closed:
        try:
            data = ws.wait()
        except Exception:
            return  # The connection broke, or what came was no websocket frame.
        if data is None or len(data) > limit:
            return
        try:
            connection.receive(packet.Packet(encoded_packet=data))
        except (ValueError, IndexError, exceptions.UnknownPacketError):
            log.warning("A malformed packet ended its connection")
            return
        except exceptions.SocketIsClosedError:
            return


@cache
def _bounded(message: Any, limit: int) -> Any:
    """eventlet bounds each frame, but not how many of them make up one message.

    One class serves all; one for each connection would cost it 2.4 KiB.
    """

    class BoundedMessage(message):  # type: ignore[misc]
        taken = 0

        def push(self, data: bytes, final: bool = False) -> None:
            self.taken += max(1, len(data))
            if self.taken > limit:
                raise ValueError("The message is too long.")
            super().push(data, final=final)

    return BoundedMessage


def _control_sender(ws: Any, wire: Wire) -> Callable[..., None]:
    """eventlet answers a websocket ping by itself: in turn, never inside another frame."""

    def send(message: bytes, control_code: int | None = None) -> None:
        wire.write(ws._pack_message(message, control_code=control_code))

    return send
