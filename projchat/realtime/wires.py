"""The outgoing side of a websocket, written to without a greenlet of its own.

python-engineio gives each connection a writer greenlet and wakes it for every packet. Here what is
said to a room after a silence is written at once. Otherwise it waits until the loop has handled
what was ready, and then leaves in one system call for each socket, so the frames of several events
go together; it waits once for all wires of the room. A wire whose client does not keep up gets a
greenlet that waits for it, until its backlog passes the bound and the client is hung up on:
catching up later is harmless.
"""

import logging
import socket as sockets
import time
from contextlib import suppress

import eventlet
from engineio import packet
from eventlet import hubs

log = logging.getLogger("projchat.wire")

BACKLOG_FRAMES = 500
BACKLOG_BYTES = 4 * 1024 * 1024
TEXT_FRAME = 0x81
# A silence is this many times as long as the last writing took: so whatever is written at once
# instead of together with what follows costs a twentieth of the time at the most.
SILENCE = 20


def text_frame(payload: bytes) -> bytes:
    """A server's unmasked text frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((TEXT_FRAME, size)) + payload
    if size < 65536:
        return bytes((TEXT_FRAME, 126)) + size.to_bytes(2, "big") + payload
    return bytes((TEXT_FRAME, 127)) + size.to_bytes(8, "big") + payload


class Wire:
    """One websocket; it stands where python-engineio keeps a connection's queue of packets."""

    __slots__ = ("_backlog", "_closing", "_frames", "_press", "_size", "_socket", "is_draining")

    def __init__(self, raw: sockets.socket, press: "Press") -> None:
        self._socket = raw
        self._press = press
        self._backlog: list[bytes] = []
        self._frames = 0
        self._size = 0
        self._closing = False
        self.is_draining = False

    def write(self, frame: bytes) -> None:
        """Put a frame on the backlog, behind what was said to its room before."""
        self._press.part()
        self.add(frame, 1)

    def write_at_once(self, data: bytes, frames: int) -> None:
        """Write some frames now, or behind what was said to its room and waits."""
        self._press.part()
        self.pass_on(data, frames)

    def add(self, data: bytes, frames: int) -> None:
        """Put some frames on the backlog; a client too far behind is hung up on."""
        if not self._backlog and not self.is_draining:
            self._press.expect(self)
        self._backlog.append(data)
        self._frames += frames
        self._size += len(data)
        if self._frames > BACKLOG_FRAMES or self._size > BACKLOG_BYTES:
            log.warning("A client that does not read was hung up on")
            self.cut()

    def pass_on(self, data: bytes, frames: int) -> None:
        """Write some frames at once, unless others wait before them."""
        if self._backlog or self.is_draining:
            self.add(data, frames)
        else:
            self._send(data)

    def flush(self) -> None:
        """Write what the kernel takes at once; a greenlet waits with the rest."""
        if self._backlog and not self.is_draining:
            self._send(self._taken())

    def cut(self) -> None:
        """Shut the socket; whoever reads from it notices and ends the connection."""
        self._taken()
        self._closing = True
        with suppress(OSError):  # It may have gone already.
            self._socket.shutdown(sockets.SHUT_RDWR)

    # The library's side: what it does with a queue.

    def put(self, pkt: packet.Packet | None) -> None:
        """Send a packet; None, as the library has it, means that nothing follows."""
        if pkt is None:
            self.end()
        elif not self._closing:
            self.write(text_frame(pkt.encode().encode()))

    def join(self) -> None:
        """Nothing waits in here that anybody should wait for."""

    def end(self) -> None:
        """Shut the socket once all is written."""
        self._press.part()
        self._closing = True
        if not self._backlog and not self.is_draining:
            self.cut()

    def _taken(self) -> bytes:
        data = self._backlog[0] if len(self._backlog) == 1 else b"".join(self._backlog)
        self._backlog, self._frames, self._size = [], 0, 0
        return data

    def _send(self, data: bytes) -> None:
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.cut()
            return
        if sent < len(data):
            self.is_draining = True
            eventlet.spawn_n(self._drain, data[sent:])
        elif self._closing:
            self.cut()

    def _drain(self, data: bytes) -> None:
        try:
            while data:
                hubs.trampoline(self._socket.fileno(), write=True)
                data = data[self._socket.send(data) :] or self._taken()
        except (OSError, ValueError):
            self.cut()
        self.is_draining = False
        if self._closing:
            self.cut()


class Press:
    """Writes all wires that have something to say, once per turn of the loop at the most."""

    def __init__(self) -> None:
        self._wires: list[Wire] = []
        self._rooms: dict[int, tuple[tuple[Wire, ...], list[bytes]]] = {}
        self._scheduled = False
        self._silent_at = 0.0

    def expect(self, wire: Wire) -> None:
        """A wire has begun a backlog."""
        self._wires.append(wire)
        self._schedule()

    def tell(self, wires: tuple[Wire, ...], frame: bytes) -> None:
        """Say something to all these wires; more that is said to the same ones costs nothing."""
        room = self._rooms.get(id(wires))
        if room is None:
            room = self._rooms[id(wires)] = (wires, [])
        room[1].append(frame)
        if time.monotonic() > self._silent_at:
            self._run()
        else:
            self._schedule()

    def part(self) -> None:
        """Give each wire of the rooms its own copy of what waits, so that order is kept."""
        rooms, self._rooms = self._rooms, {}
        for wires, frames in rooms.values():
            data = b"".join(frames)
            for wire in wires:
                wire.add(data, len(frames))

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            hubs.get_hub().schedule_call_global(0, self._end_turn)

    def _end_turn(self) -> None:
        self._scheduled = False
        self._run()

    def _run(self) -> None:
        began = time.monotonic()
        rooms, self._rooms = self._rooms, {}
        for wires, frames in rooms.values():
            data = b"".join(frames)
            for wire in wires:
                wire.pass_on(data, len(frames))
        several, self._wires = self._wires, []
        for wire in several:
            wire.flush()
        ended = time.monotonic()
        self._silent_at = max(self._silent_at, ended + SILENCE * (ended - began))
