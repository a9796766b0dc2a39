"""The live side: Socket.IO at /api/socket, bound to the application here."""

import logging
from typing import Any

from engineio.payload import Payload
from flask import Flask

from ..auth import origin_allowed
from ..config import PACKET_BYTES
from ..extensions import socketio
from ..presence import present
from . import rooms, typing
from .events import on_unknown
from .fanout import Fanout
from .presence import Crier
from .relay import Relay

__all__ = ["init_app", "rooms", "typing"]

PATH = "api/socket"
PING_SECONDS = 5
PONG_SECONDS = 5
PACKETS_PER_POLL = 64
TEXT_PACKETS = ("0", "1", "2", "3")

wire = logging.getLogger("projchat.wire")


def init_app(app: Flask) -> None:
    """Bind Socket.IO, its client manager, and what runs beside the requests."""
    fanout = Fanout(present, app.config["REDIS_URL"])
    crier = Crier(fanout)
    relay = Relay(app, fanout, present)
    fanout.on_people = crier.changed
    fanout.on_start = lambda: socketio.start_background_task(relay.run)
    # A longer poll than the library's 16 packets, which it would drop and still answer 200.
    Payload.max_decode_packets = PACKETS_PER_POLL
    wire.addFilter(_without_traceback)
    on_unknown("10/second")
    socketio.init_app(
        app,
        path=PATH,
        client_manager=fanout,
        # A thread for each event would let two events of one client overtake each other.
        async_handlers=False,
        manage_session=False,
        cors_allowed_origins=_origin_allowed(app),
        cors_credentials=False,
        max_http_buffer_size=PACKET_BYTES,
        ping_interval=PING_SECONDS,
        ping_timeout=PONG_SECONDS,
        logger=wire,
        engineio_logger=wire,
    )
    _refuse_binary()


def _origin_allowed(app: Flask) -> Any:
    def allowed(origin: str | None, environ: dict[str, Any]) -> bool:
        with app.app_context():
            return origin_allowed(origin, environ.get("HTTP_HOST"))

    return allowed


def _refuse_binary() -> None:
    """Nobody sends us binary events, and their attachments would be gathered without a bound."""
    server = socketio.server
    handle = server.eio.handlers["message"]

    def handle_text(eio_sid: str, data: Any) -> None:
        if isinstance(data, str) and data.startswith(TEXT_PACKETS):
            handle(eio_sid, data)
        else:
            wire.warning("A malformed packet was dropped")

    server.eio.on("message", handle_text)


def _without_traceback(record: logging.LogRecord) -> bool:
    """What a client sends on the wire is not our fault: one line tells it, without its contents."""
    if record.exc_info:
        record.exc_info = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True
