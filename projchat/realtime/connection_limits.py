"""Bound how many Socket.IO connections an address, and a person, holds in this process.

A session of Engine.IO is a connection, whether it polls or is a websocket. It is counted from when
it is made until it is closed, and refused before it is made: with 429, or, where it is only known
at Socket.IO's own connecting who comes, by `too_many_connections`.

It leans on `eio.handle_request` and `eio.handlers`; tests/hostile/test_connections.py fails if a
new version moves them.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import Any
from urllib.parse import parse_qs

import socketio

from ..rate_limits import network_of

Environ = dict[str, Any]

log = logging.getLogger("projchat.wire")

TOO_MANY_CONNECTIONS = "too_many_connections"
RETRY_SECONDS = 30


class ConnectionLimit:
    """Counts the open connections of each key, of which there may be `most`; None for no bound."""

    def __init__(self, most: int | None = None, name: str = "") -> None:
        self._most = most
        self._name = name
        self._open: Counter[Hashable] = Counter()
        self._reported: set[Hashable] = set()

    def is_reached(self, key: Hashable) -> bool:
        """Whether there are as many as there may be; said in the log once until there are fewer."""
        if self._most is None or self._open[key] < self._most:
            return False
        if key not in self._reported:
            self._reported.add(key)
            log.warning(
                "Refused connections of one %s: %d are open, see %s",
                self._name,
                self._most,
                f"PROJCHAT_SOCKETS_PER_{self._name.upper()}",
            )
        return True

    def add(self, key: Hashable) -> None:
        """Count one more."""
        if self._most is not None:
            self._open[key] += 1

    def remove(self, key: Hashable) -> None:
        """Count one less."""
        if self._most is None:
            return
        self._open[key] -= 1
        self._reported.discard(key)
        if self._open[key] <= 0:
            del self._open[key]


def limit_by_address(server: socketio.Server, limit: ConnectionLimit) -> None:
    """Refuse an address more sessions than there may be of it."""
    eio = server.eio
    handle_request = eio.handle_request
    connect, disconnect = eio.handlers["connect"], eio.handlers["disconnect"]
    addresses: dict[str, str] = {}

    def handle(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if _opens_a_session(environ) and limit.is_reached(_address(environ)):
            return _refuse(start_response)
        return handle_request(environ, start_response)  # type: ignore[no-any-return]

    def connected(eio_sid: str, environ: Environ) -> Any:
        answer = connect(eio_sid, environ)
        addresses[eio_sid] = address = _address(environ)
        limit.add(address)
        return answer

    def disconnected(eio_sid: str, *reason: str) -> Any:
        if (address := addresses.pop(eio_sid, None)) is not None:
            limit.remove(address)
        return disconnect(eio_sid, *reason)

    eio.handle_request = handle
    eio.on("connect", connected)
    eio.on("disconnect", disconnected)


def _opens_a_session(environ: Environ) -> bool:
    """Whether the library would make a session; it reads the query in the same way."""
    query = parse_qs(environ.get("QUERY_STRING", ""))
    return environ["REQUEST_METHOD"] == "GET" and "sid" not in query


def _address(environ: Environ) -> str:
    return network_of(environ.get("REMOTE_ADDR", ""))


def _refuse(start: Callable[..., Any]) -> list[bytes]:
    error = {"code": TOO_MANY_CONNECTIONS, "message": "Too Many Requests", "fields": {}}
    body = json.dumps({"error": error}).encode()
    start(
        "429 TOO MANY REQUESTS",
        [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Retry-After", str(RETRY_SECONDS)),
        ],
    )
    return [body]
