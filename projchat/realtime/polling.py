"""Guard Engine.IO's HTTP side: nothing waits for a client, and what it may ask for is bounded.

python-engineio closes a connection by waiting until its client has fetched what is left
(`queue.join`). A client that never fetches would keep whoever closes it for ever: a background
task, or the request, with its open file, that was refused. It also lets what a client does not
fetch grow without a bound, lets any number of requests wait for the packets of one session, fails
at a request for a websocket that is none, and checks an Origin only where there is one.

It leans on `eio._async["queue"]`, `eio.handle_request`, `eio.handlers`, `eio.sockets` and
`Socket.receive`; tests/hostile/test_polling.py fails if a new version moves them.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

import socketio
from engineio import exceptions
from werkzeug.http import parse_cookie

from .frame_budget import FrameBudget

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
HttpHandler = Callable[[Environ, StartResponse], Iterable[bytes]]
HostAllowed = Callable[[Environ], bool]

log = logging.getLogger("projchat.wire")

MAX_WAITING_PACKETS = 500
NO_ORIGIN = "A cookie needs an Origin beside it"
TOO_LONG_A_WAIT = "A client that does not fetch its packets was disconnected"
# The answers hold what is said in a project: no cache keeps them, no browser guesses their type.
SECURITY_HEADERS = [
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
]


def guard_http(
    server: socketio.Server,
    host_allowed: HostAllowed,
    session_cookie: str,
    is_limited: bool = True,
) -> None:
    """Put the checks in front of an Engine.IO server's HTTP side.

    `session_cookie` is the name of the cookie that says who comes; `is_limited` whether a client
    may send so many packets a second only.
    """
    eio = server.eio
    eio._async = {**eio._async, "queue": _never_joined(eio._async["queue"])}
    handle_request, connect = _one_poll_each(eio.handle_request), eio.handlers["connect"]

    def handle(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, headers + SECURITY_HEADERS, *rest)

        if not host_allowed(environ) or "j" in _query(environ) or not _may_upgrade(environ):
            return _refuse(start)
        if _opens_with(session_cookie, environ) and not _names_its_origin(environ):
            return _refuse(start, NO_ORIGIN)
        try:
            return handle_request(environ, start)
        except KeyError:
            # The library looks for a session that has ended meanwhile.
            return _refuse(start)

    def connected(eio_sid: str, environ: Environ) -> Any:
        if is_limited and _polls(environ):
            _count_packets(eio.sockets[eio_sid])
        return connect(eio_sid, environ)

    eio.handle_request = handle
    eio.on("connect", connected)


def send_packet(connection: Any, packet: Any) -> None:
    """Send a packet to a polling client, unless too many wait for it already: then it must go."""
    if connection.queue.qsize() < MAX_WAITING_PACKETS:
        connection.send(packet)
    elif not connection.closed:
        log.warning(TOO_LONG_A_WAIT)
        connection.close(abort=True)


def _one_poll_each(handle_request: HttpHandler) -> HttpHandler:
    """Refuse a request that would wait for the packets of a session while another one does."""
    waiting: set[str] = set()

    def handle(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        is_poll = environ["REQUEST_METHOD"] == "GET" and not _asks_for_websocket(environ)
        sid = _query(environ).get("sid", [""])[0] if is_poll else ""
        if not sid:
            return handle_request(environ, start_response)
        if sid in waiting:
            return _refuse(start_response)
        waiting.add(sid)
        try:
            return handle_request(environ, start_response)
        finally:
            waiting.discard(sid)

    return handle


def _query(environ: Environ) -> dict[str, list[str]]:
    """What the address asks, read as the library reads it."""
    return parse_qs(environ.get("QUERY_STRING", ""))


def _asks_for_websocket(environ: Environ) -> bool:
    return bool(environ.get("HTTP_UPGRADE", "").lower() == "websocket")


def _may_upgrade(environ: Environ) -> bool:
    """Whether a request, if it is for a websocket, is a handshake (RFC 6455, section 4.2.1).

    For one that is none the library makes a session all the same, and then fails.
    """
    if not _asks_for_websocket(environ):
        return True
    tokens = environ.get("HTTP_CONNECTION", "").lower().split(",")
    names = ("HTTP_SEC_WEBSOCKET_VERSION", "HTTP_SEC_WEBSOCKET_KEY")
    return "upgrade" in map(str.strip, tokens) and all(map(environ.get, names))


def _opens_with(session_cookie: str, environ: Environ) -> bool:
    """Whether a request begins a session as somebody; later ones know its `sid` instead."""
    return "sid" not in _query(environ) and session_cookie in parse_cookie(environ)


def _names_its_origin(environ: Environ) -> bool:
    """Whether a request says which page it comes from.

    A browser leaves the Origin out where a page asks its own site with GET, and says that in
    `Sec-Fetch-Site` (W3C, Fetch Metadata Request Headers), which no page can set.
    """
    return bool(environ.get("HTTP_ORIGIN")) or environ.get("HTTP_SEC_FETCH_SITE") == "same-origin"


def _polls(environ: Environ) -> bool:
    """Whether a session that is made now will poll, as the library decides it."""
    return _query(environ).get("transport", ["polling"])[0] == "polling"


def _count_packets(connection: Any) -> None:
    """End a session that polls when it sends too many packets; a websocket counts its frames."""
    receive, budget = connection.receive, FrameBudget()

    def receive_counted(packet: Any) -> None:
        if not connection.upgraded and not budget.spend():
            budget.report()
            raise exceptions.EngineIOError
        receive(packet)

    connection.receive = receive_counted


def _never_joined(queue_class: type) -> type:
    class PacketQueue(queue_class):  # type: ignore[misc]
        """The packets that a polling client has not fetched."""

        def join(self) -> None:
            """Return at once: nobody waits for a client to fetch what is left."""

    return PacketQueue


def _refuse(start: StartResponse, reason: str = "Invalid request") -> list[bytes]:
    body = f'"{reason}"'.encode()
    start(
        "400 BAD REQUEST",
        [("Content-Type", "application/json"), ("Content-Length", str(len(body)))],
    )
    return [body]
