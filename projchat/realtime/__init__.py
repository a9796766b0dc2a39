"""The live side: Socket.IO at /api/socket, bound to the application here."""

from typing import Any

from engineio.payload import Payload
from flask import Flask

from ..auth import origin_allowed
from ..bell import bell
from ..config import PACKET_BYTES
from ..extensions import socketio
from ..presence import present
from ..webpush import Pusher
from . import longlived, rooms, typing, websockets
from .events import on_unknown
from .fanout import Fanout
from .guard import guard, quiet_logger
from .neighbours import Neighbours
from .notices import Notices
from .presence import Crier
from .relay import Relay

__all__ = ["init_app", "rooms", "typing"]

PATH = "api/socket"
PING_SECONDS = 5
PONG_SECONDS = 5
PACKETS_PER_POLL = 64


def init_app(app: Flask) -> None:
    """Bind Socket.IO, its client manager, and what runs beside the requests."""
    fanout = Fanout(present, Neighbours(app.config["REDIS_URL"]))
    crier = Crier(fanout)
    relay = Relay(app, fanout, present)
    fanout.on_people = crier.changed
    fanout.on_start = lambda: _start(relay)
    app.extensions["projchat_pusher"] = pusher = Pusher.of(
        app.config["INSTANCE"], app.config["ORIGINS"], app.config["PUSH_STAND_IN"]
    )
    bell.on_ring = Notices(app, fanout, present, bell, pusher).rung
    # A longer poll than the library's 16 packets, which it would drop and still answer 200.
    Payload.max_decode_packets = PACKETS_PER_POLL
    logger = quiet_logger()
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
        logger=logger,
        engineio_logger=logger,
    )
    guard(socketio.server)
    fanout.press = websockets.install(socketio.server)


def _start(relay: Relay) -> None:
    """Start what runs beside the requests."""
    longlived.install()
    socketio.start_background_task(relay.run)


def _origin_allowed(app: Flask) -> Any:
    def allowed(origin: str | None, environ: dict[str, Any]) -> bool:
        with app.app_context():
            return origin_allowed(origin, environ.get("HTTP_HOST"))

    return allowed
