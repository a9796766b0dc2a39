"""What may come over the wire: text packets that keep to the protocol.

python-engineio and python-socketio assume well-meaning clients in a few places; everything that
would make them raise, gather without a bound, or call a handler that is not for clients is
stopped here, without a word about its contents. It leans on `eio.handlers` and
`server._handle_event`; tests/realtime/test_wire.py fails if a new version moves them.
"""

import logging
from typing import Any

import socketio

log = logging.getLogger("projchat.wire")

# CONNECT, DISCONNECT, EVENT and ACK of the Socket.IO protocol; nobody sends us binary events,
# and their attachments would be gathered without a bound.
TEXT_PACKETS = ("0", "1", "2", "3")
RESERVED = ("connect", "disconnect")
# The library's name for the handler of all events that have none; as a client's it is unknown too.
CATCH_ALL = "*"
UNKNOWN = "unknown"


def guard(server: socketio.Server) -> None:
    """Put the checks in front of a Socket.IO server."""
    _check_messages(server)
    _check_events(server)


def quiet_logger() -> logging.Logger:
    """A logger for the libraries: what a client does wrong is told in one line."""
    log.setLevel(logging.WARNING)
    log.addFilter(_without_traceback)
    return log


def _check_messages(server: socketio.Server) -> None:
    handle = server.eio.handlers["message"]

    def handle_text(eio_sid: str, data: Any) -> None:
        if isinstance(data, str) and data.startswith(TEXT_PACKETS):
            handle(eio_sid, data)
        else:
            log.warning("A malformed packet was dropped")

    server.eio.on("message", handle_text)


def _check_events(server: socketio.Server) -> None:
    """A client's event must have a name, and not that of the library's own events."""
    handle = server._handle_event

    def handle_event(eio_sid: str, namespace: str, key: int | None, data: Any) -> None:
        named = isinstance(data, list) and data and isinstance(data[0], str)
        if named and data[0] == CATCH_ALL:
            data[0] = UNKNOWN
        if named and data[0] not in RESERVED:
            handle(eio_sid, namespace, key, data)
        else:
            log.warning("A malformed event was dropped")

    server._handle_event = handle_event


def _without_traceback(record: logging.LogRecord) -> bool:
    if record.exc_info:
        record.exc_info = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True
