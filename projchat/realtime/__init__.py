"""The live side: Socket.IO at /api/socket, bound to the application here."""

import logging
from typing import Any

from engineio.payload import Payload
from flask import Flask

from ..auth import host_allowed, origin_allowed
from ..bell import bell
from ..config import PACKET_BYTES
from ..extensions import socketio
from ..history_watch import history_watch
from ..login_upkeep import login_upkeep
from ..loop_delay import loop_delay
from ..presence import present
from ..webpush import Pusher
from . import longlived, rooms, typing, websockets
from .connection_limits import ConnectionLimit, limit_by_address
from .events import on_unknown
from .fanout import Fanout
from .guard import guard, quiet_logger
from .neighbours import Neighbours
from .notices import Notices
from .packets import Packet
from .polling import guard_http
from .presence import Crier
from .process_registry import ProcessRegistry
from .relay import Relay

log = logging.getLogger("projchat")

__all__ = ["init_app", "rooms", "typing"]

PATH = "api/socket"
PING_SECONDS = 5
PONG_SECONDS = 5
TRANSPORTS = ["polling", "websocket"]
PACKETS_PER_POLL = 64


def init_app(app: Flask) -> None:
    """Bind Socket.IO, its client manager, and what runs beside the requests."""
    neighbours = Neighbours(app.config["REDIS_URL"], app.config["SECRET_KEY"])
    fanout = Fanout(present, neighbours)
    crier = Crier(fanout)
    relay = Relay(app, fanout, present)
    history_watch.on_change = lambda history: _meet(history, neighbours, relay)
    fanout.on_people = fanout.polls.on_people = crier.changed
    app.extensions["projchat_processes"] = registry = ProcessRegistry(app)
    fanout.on_start = lambda: _start(app, relay, registry)
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
        transports=TRANSPORTS if app.config["POLLING"] else ["websocket"],
        allow_upgrades=app.config["POLLING"],
        ping_interval=PING_SECONDS,
        ping_timeout=PONG_SECONDS,
        serializer=Packet,
        logger=logger,
        engineio_logger=logger,
    )
    is_limited = app.config["RATELIMIT_ENABLED"]
    guard(socketio.server)
    if is_limited:
        fanout.connection_limit = ConnectionLimit(app.config["SOCKETS_PER_PERSON"], "person")
        by_address = ConnectionLimit(app.config["SOCKETS_PER_ADDRESS"], "address")
        limit_by_address(socketio.server, by_address)
    guard_http(socketio.server, _host_allowed(app), app.config["SESSION_COOKIE_NAME"], is_limited)
    fanout.press = websockets.install(socketio.server, is_limited)


def _meet(history: str, neighbours: Neighbours, relay: Relay) -> None:
    """Serve a history; if there was another one before, all readers are told to come in anew."""
    if neighbours.is_met:
        log.warning("Another history begins: all readers start afresh")
        relay.start_afresh()
    neighbours.meet(history)


def _start(app: Flask, relay: Relay, registry: ProcessRegistry) -> None:
    """Start what runs beside the requests."""
    longlived.install()
    socketio.start_background_task(relay.run)
    socketio.start_background_task(loop_delay.run)
    socketio.start_background_task(registry.run)
    login_upkeep.start()
    app.extensions["projchat_readiness"].add("relay", relay.check)


def _origin_allowed(app: Flask) -> Any:
    def allowed(origin: str | None, environ: dict[str, Any]) -> bool:
        with app.app_context():
            return origin_allowed(origin, environ.get("HTTP_HOST"))

    return allowed


def _host_allowed(app: Flask) -> Any:
    """Whether the Host of a request is one of ours; Flask, which would ask, does not see it."""

    def allowed(environ: dict[str, Any]) -> bool:
        with app.app_context():
            return host_allowed(environ.get("HTTP_HOST"))

    return allowed
