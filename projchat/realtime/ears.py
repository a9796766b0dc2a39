"""The incoming side of a websocket, heard without a greenlet of its own.

An open websocket is silent nearly always, and a greenlet that waits for it costs 20 KiB and more.
Here the loop calls when something has come; a greenlet is borrowed for as long as there is
something to do. What the bytes mean is wsproto's work (https://wsproto.readthedocs.io/), but for
the one frame that comes from everybody every few seconds, the answer to a ping.

It leans on wsproto's `FrameProtocol._frame_decoder`, `header` and `buffer` of it, to know that
nothing is half received; tests/realtime/test_ears.py fails if a new version moves them.
"""

import socket as sockets
from collections.abc import Callable
from typing import Any

import eventlet
from eventlet import hubs
from wsproto.frame_protocol import CloseReason, Frame, FrameProtocol, Opcode, ParseFailed

from .frame_budget import FrameBudget
from .wires import Wire

READ_BYTES = 64 * 1024
# A client that says more than this before we have listened has to wait.
MOST_WAITING = 64

Said = str | bytes


class Ear:
    """Hears one websocket.

    `hear` is called with each message and says whether to go on; `has_ended` is called once, when
    all that was heard has been worked through. What `is_brief` approves is heard in the loop
    itself: it must not wait for anything.
    """

    __slots__ = (
        "_budget",
        "_has_ended",
        "_hear",
        "_is_brief",
        "_is_over",
        "_is_working",
        "_limit",
        "_listener",
        "_message",
        "_protocol",
        "_size",
        "_socket",
        "_waiting",
        "_wire",
    )

    def __init__(
        self,
        raw: sockets.socket,
        wire: Wire,
        hear: Callable[[Said], bool],
        is_brief: Callable[[Said], bool],
        has_ended: Callable[[], None],
        limit: int,
        budget: FrameBudget,
    ) -> None:
        self._socket = raw
        self._wire = wire
        self._hear = hear
        self._is_brief = is_brief
        self._has_ended = has_ended
        self._limit = limit
        self._budget = budget
        self._protocol = FrameProtocol(client=False, extensions=[])
        self._message: list[Any] = []
        self._size = 0
        self._waiting: list[Said | None] = []
        self._is_working = False
        self._is_over = False
        self._listener: Any = None
        # From the loop itself, since a listener keeps the greenlet that it was made in.
        hubs.get_hub().schedule_call_global(0, self._listen)

    def _listen(self) -> None:
        if not self._is_over and self._listener is None:
            hub = hubs.get_hub()
            self._listener = hub.add(
                hub.READ, self._socket.fileno(), self._has_come, self._is_gone, None
            )

    def _ignore(self) -> None:
        if self._listener is not None:
            hubs.get_hub().remove(self._listener)
            self._listener = None

    # In the loop

    def _has_come(self, _fileno: int) -> None:
        if self._listener is None:
            return
        try:
            data = self._socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._stop()
        elif self._budget.spend():
            self._read(data)
        else:
            self._disconnect()

    def _read(self, data: bytes) -> None:
        sign = _only_sign(data)
        if sign and self._is_between_messages() and self._is_brief(sign):
            self._hear(sign)
            return
        try:
            self._protocol.receive_bytes(data)
            self._take_frames()
        except ParseFailed as error:
            self._refuse(int(error.code))

    def _take_frames(self) -> None:
        """Take what has come; the first frame is paid for by the reading itself."""
        for place, frame in enumerate(self._protocol.received_frames()):
            if place and not self._budget.spend():
                self._disconnect()
            if self._is_over:
                return
            self._take(frame)

    def _is_between_messages(self) -> bool:
        decoder = self._protocol._frame_decoder
        return not (self._is_over or self._size or decoder.header or decoder.buffer)

    def _is_gone(self, _error: BaseException) -> None:
        self._stop()

    def _take(self, frame: Frame) -> None:
        payload: Any = frame.payload
        if frame.opcode is Opcode.PING:
            self._wire.write(bytes(self._protocol.pong(payload)))
        elif frame.opcode is Opcode.CLOSE:
            self._refuse(payload[0])
        elif frame.opcode is not Opcode.PONG:
            self._gather(payload, frame.message_finished)

    def _gather(self, payload: Any, is_last: bool) -> None:
        """Put a message together; its frames are bounded in number, too, for they may be empty."""
        self._size += max(1, len(payload))
        if self._size > self._limit:
            self._refuse(CloseReason.MESSAGE_TOO_BIG)
            return
        self._message.append(payload)
        if is_last:
            message = payload[:0].join(self._message)
            self._message, self._size = [], 0
            self._keep(message)

    def _keep(self, message: Said) -> None:
        if self._is_brief(message):
            self._hear(message)
            return
        self._waiting.append(message)
        if len(self._waiting) > MOST_WAITING:
            self._ignore()
        self._work()

    def _refuse(self, code: int) -> None:
        """Say why, or goodbye, and hear nothing more."""
        self._wire.write(bytes(self._protocol.close(code)))
        self._wire.end()
        self._stop()

    def _disconnect(self) -> None:
        """Hang up on a client that says too much, and drop what it has said last."""
        self._budget.report()
        self._waiting = []
        self._refuse(CloseReason.POLICY_VIOLATION)

    def _stop(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._ignore()
            self._waiting.append(None)
            self._work()

    # In a borrowed greenlet

    def _work(self) -> None:
        if not self._is_working:
            self._is_working = True
            eventlet.spawn_n(self._work_through)

    def _work_through(self) -> None:
        while self._waiting:
            message = self._waiting.pop(0)
            if message is None:
                self._finish()
            elif not self._hear_in_turn(message):
                self._stop()
            if self._waiting:
                # Whoever says much leaves the others their turn.
                eventlet.sleep(0)
        self._is_working = False
        self._listen()

    def _hear_in_turn(self, message: Said) -> bool:
        """Whoever asks on without reading the answers is heard when they have read them."""
        self._wire.wait_for_answers()
        return self._hear(message)

    def _finish(self) -> None:
        self._waiting = []
        self._wire.cut()
        while self._wire.is_draining:
            eventlet.sleep(0)
        self._has_ended()


def _only_sign(data: bytes) -> str | None:
    """The text of a client's frame that is a whole message of one sign (RFC 6455, section 5.3)."""
    if len(data) == 7 and data.startswith(b"\x81\x81"):
        return chr(data[2] ^ data[6])
    return None
