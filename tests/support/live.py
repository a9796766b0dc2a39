"""A live connection that remembers everything it heard."""

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import requests
import socketio

PATH = "api/socket"
TIMEOUT = 5.0
QUIET = 0.5


class Heard(NamedTuple):
    """One event from the server."""

    event: str
    data: Any
    at: float


def anything(_data: Any) -> bool:
    """Match every event of a name."""
    return True


class Live:
    """A Socket.IO client of one person; `heard` lists every event in the order it came."""

    def __init__(
        self,
        url: str,
        cookie: str = "",
        *,
        origin: str | None = None,
        transports: tuple[str, ...] = ("websocket",),
        reconnection: bool = False,
        session: requests.Session | None = None,
    ) -> None:
        self.heard: list[Heard] = []
        self.reasons: list[str] = []
        self._changed = threading.Condition()
        self.client = socketio.Client(
            reconnection=reconnection,
            reconnection_delay=0.1,
            reconnection_delay_max=0.5,
            handle_sigint=False,
            http_session=session,
            websocket_extra_options={"origin": origin} if origin else {},
        )
        self.client.on("*", self._hear)
        self.client.on("disconnect", self._leave)
        headers = {"Cookie": cookie} if cookie else {}
        if "polling" in transports:
            # A websocket's library says it by itself.
            headers["Origin"] = origin or url
        try:
            self.client.connect(
                url,
                headers=headers,
                socketio_path=PATH,
                transports=list(transports),
                wait_timeout=int(TIMEOUT),
            )
        except socketio.exceptions.ConnectionError:
            self.close()
            raise

    @property
    def connected(self) -> bool:
        """Whether the connection stands."""
        return bool(self.client.connected)

    def call(self, event: str, *data: Any, timeout: float = TIMEOUT) -> Any:
        """Send an event and return its acknowledgement."""
        payload = data[0] if len(data) == 1 else data or None
        return self.client.call(event, payload, timeout=int(timeout))

    def emit(self, event: str, *data: Any) -> None:
        """Send an event and ask for no answer."""
        self.client.emit(event, data[0] if len(data) == 1 else data or None)

    def join(self, project_id: int, since: int | None = None) -> Any:
        """Enter a project's room and return the acknowledgement."""
        request = {"projectId": project_id}
        return self.call("join_room", request if since is None else {**request, "since": since})

    def events(self, event: str) -> list[Any]:
        """The payloads of all events of one name, so far."""
        with self._changed:
            return [each.data for each in self.heard if each.event == event]

    def wait_for(
        self, event: str, matches: Callable[[Any], bool] = anything, timeout: float = TIMEOUT
    ) -> Any:
        """Return the first event that matches, whether it came before or is yet to come."""
        with self._changed:
            found = self._changed.wait_for(lambda: self._find(event, matches), timeout)
            if not found:
                names = [each.event for each in self.heard]
                raise AssertionError(f"No {event} came within {timeout} s, only {names}.")
            return found[0].data

    def hears_nothing(
        self, event: str, matches: Callable[[Any], bool] = anything, within: float = QUIET
    ) -> None:
        """Assert that no such event came, nor comes in a while."""
        with self._changed:
            found = self._changed.wait_for(lambda: self._find(event, matches), within)
            assert not found, f"{found[0]} should not have come."

    def wait_until_disconnected(self, timeout: float = TIMEOUT) -> None:
        """Wait until the server has closed the connection."""
        deadline = time.monotonic() + timeout
        while self.client.connected:
            assert time.monotonic() < deadline, f"Still connected after {timeout} s."
            time.sleep(0.01)

    def forget(self) -> None:
        """Start listening afresh."""
        with self._changed:
            self.heard.clear()

    def close(self) -> None:
        """Leave politely."""
        self.client.shutdown()

    def _find(self, event: str, matches: Callable[[Any], bool]) -> list[Heard]:
        return [each for each in self.heard if each.event == event and matches(each.data)][:1]

    def _hear(self, event: str, *data: Any) -> None:
        with self._changed:
            payload = data[0] if len(data) == 1 else data
            self.heard.append(Heard(event, payload, time.monotonic()))
            self._changed.notify_all()

    def _leave(self, reason: str = "") -> None:
        with self._changed:
            self.reasons.append(reason)
            self._changed.notify_all()
