"""The outgoing side of a websocket, written to without a greenlet of its own.

python-engineio gives each connection a writer greenlet and wakes it for every packet. Here what is
said to a room after a silence is written at once. Otherwise it waits until the loop has handled
what was ready, and then leaves in one system call for each socket, so the frames of several events
go together; it waits once for all wires of the room. A wire whose kernel buffer is full gets a
greenlet that waits for it.

A client is slow, and is disconnected, when it has taken nothing for `STALL_SECONDS` while
something waits, or when more events wait than the bounds allow and it takes none of them.
Catching up later is harmless. What answers a client's own question does not count as events,
however large: its next question is heard once the answer has been taken (`wait_for_answers`).
"""

import logging
import socket as sockets
import struct
import termios
import time
from collections import deque
from contextlib import suppress
from fcntl import ioctl

import eventlet
from engineio import packet
from eventlet import hubs
from eventlet.event import Event

log = logging.getLogger("projchat.wire")

BACKLOG_FRAMES = 500
BACKLOG_BYTES = 4 * 1024 * 1024
# So long a client that is behind by more than that may take nothing; so many times as much may
# wait for one that takes some of it, but not enough.
PATIENCE_SECONDS = 2.0
HARD_FACTOR = 4
STALL_SECONDS = 10.0
# What waits is shared with the other wires of its room; only what is written next is copied.
CHUNK_BYTES = 64 * 1024
TEXT_FRAME = 0x81
# A silence is this many times as long as the last writing took: so whatever is written at once
# instead of together with what follows costs a twentieth of the time at the most.
SILENCE = 20


class Stalled(Exception):
    """A client has taken nothing for `STALL_SECONDS`."""


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

    __slots__ = (
        "_answers",
        "_answers_taken",
        "_backlog",
        "_closing",
        "_frames",
        "_moved_at",
        "_press",
        "_size",
        "_socket",
        "is_draining",
    )

    def __init__(self, raw: sockets.socket, press: "Press") -> None:
        self._socket = raw
        self._press = press
        # Frames, and how many events they are: none for the answer to a question.
        self._backlog: deque[tuple[bytes, int]] = deque()
        self._frames = 0
        self._size = 0
        self._answers = 0
        self._answers_taken: Event | None = None
        self._moved_at = 0.0
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
        """Put the frames of some events on the backlog; a slow client is disconnected."""
        if self._closing:
            return
        self._enqueue(data, frames)
        self._frames += frames
        self._size += len(data)
        if self._frames > BACKLOG_FRAMES or self._size > BACKLOG_BYTES:
            self._check_pace()

    def pass_on(self, data: bytes, frames: int) -> None:
        """Write some frames at once, unless others wait before them."""
        if self._backlog or self.is_draining:
            self.add(data, frames)
        else:
            self._send(data)

    def flush(self) -> None:
        """Write what the kernel takes at once; a greenlet waits with the rest."""
        while self._backlog and not self.is_draining:
            self._send(self._next_chunk())

    def wait_for_answers(self) -> None:
        """Wait as long as answers to what the client has asked are on the backlog."""
        if self._answers and self.is_draining:
            self._answers_taken = self._answers_taken or Event()
            self._answers_taken.wait()

    def cut(self) -> None:
        """Shut the socket; whoever reads from it notices and ends the connection."""
        self._backlog.clear()
        self._frames = self._size = self._answers = 0
        self._closing = True
        with suppress(OSError):  # It may have gone already.
            self._socket.shutdown(sockets.SHUT_RDWR)

    # The library's side: what it does with a queue.

    def put(self, pkt: packet.Packet | None) -> None:
        """Send a packet; None, as the library has it, means that nothing follows."""
        if pkt is None:
            self.end()
        elif not self._closing:
            self._press.part()
            self._enqueue(text_frame(pkt.encode().encode()), 0)
            self._answers += 1

    def join(self) -> None:
        """Nothing waits in here that anybody should wait for."""

    def end(self) -> None:
        """Shut the socket once all is written."""
        self._press.part()
        self._closing = True
        if not self._backlog and not self.is_draining:
            self.cut()

    def _enqueue(self, data: bytes, frames: int) -> None:
        if not self._backlog and not self.is_draining:
            self._press.expect(self)
            self._moved_at = time.monotonic()
        self._backlog.append((data, frames))

    def _next_chunk(self) -> bytes:
        chunk: list[bytes] = []
        size = 0
        while self._backlog and size < CHUNK_BYTES:
            data, frames = self._backlog.popleft()
            chunk.append(data)
            size += len(data)
            self._frames -= frames
            if frames:
                self._size -= len(data)
            else:
                self._answers -= 1
        return chunk[0] if len(chunk) == 1 else b"".join(chunk)

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
            self._moved_at = time.monotonic()
            eventlet.spawn_n(self._drain, memoryview(data)[sent:])
        elif self._closing and not self._backlog:
            self.cut()

    def _drain(self, data: memoryview) -> None:
        try:
            while data:
                self._wait_until_writable()
                data = data[self._socket.send(data) :]
                self._moved_at = time.monotonic()
                data = data or memoryview(self._next_chunk())
                self._tell_answers_taken()
        except Stalled:
            self._disconnect(f"it has taken nothing for {STALL_SECONDS:.0f} s")
        except (OSError, ValueError):
            self.cut()
        self.is_draining = False
        self._tell_answers_taken()
        if self._closing:
            self.cut()

    def _wait_until_writable(self) -> None:
        """Wait as long as the client takes something.

        The kernel tells of room only when there is much of it, so after a while it is asked.
        """
        unsent = self._unsent()
        while True:
            try:
                hubs.trampoline(
                    self._socket.fileno(),
                    write=True,
                    timeout=STALL_SECONDS,
                    timeout_exc=Stalled,
                )
                return
            except Stalled:
                before, unsent = unsent, self._unsent()
                if unsent >= before:
                    raise

    def _unsent(self) -> int:
        """How many bytes the kernel holds that the client has not taken."""
        held = ioctl(self._socket.fileno(), termios.TIOCOUTQ, bytes(4))
        return int(struct.unpack("i", held)[0])

    def _tell_answers_taken(self) -> None:
        if self._answers_taken and not (self._answers and self.is_draining):
            told, self._answers_taken = self._answers_taken, None
            told.send()

    def _check_pace(self) -> None:
        """Disconnect a client that is behind by more than the bounds, unless it is catching up."""
        excess = max(self._frames / BACKLOG_FRAMES, self._size / BACKLOG_BYTES)
        if excess > HARD_FACTOR or time.monotonic() - self._moved_at > PATIENCE_SECONDS:
            self._disconnect(f"{self._frames} events of {self._size} bytes wait for it")

    def _disconnect(self, reason: str) -> None:
        log.warning("Disconnected slow client: %s", reason)
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
