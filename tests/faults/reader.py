"""A reader in Python: python-socketio, and nothing but the rules that every client must keep."""

import threading
import time
from collections.abc import Callable
from typing import Any

import socketio
from socketio.exceptions import SocketIOError

from faults.oracle import Identity, Message, View, identity
from support.person import Person

PATH = "api/socket"
ANSWER_SECONDS = 10
PAUSE = 0.2


class Reader:
    """Applies a change only if it is the next one, holds what is early, and asks for what is due.

    All waiting happens in one thread of its own.
    """

    def __init__(self, name: str, person: Person, project_id: int, url: str | None = None) -> None:
        self.name = name
        self.person = person
        self.project_id = project_id
        self.url = url or person.server.url
        self.cursor = 0
        self.head = 0
        self.messages: dict[int, Message] = {}
        self.heard = set[Identity]()
        self.applied: list[int] = []
        self.times: list[tuple[int, float]] = []
        self.resets = 0
        self.events = 0
        self.joined = False
        self._reading = False
        self.refused: str | None = None
        self.last_event_at = 0.0
        self._held: dict[int, Message] = {}
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._ended = threading.Event()
        self._awake = threading.Event()
        self._awake.set()
        self._client = self._make_client()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    # Lifecycle

    def start(self) -> "Reader":
        """Read everything from the first change on, and go on for as long as it takes."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Leave."""
        self._ended.set()
        self._wanted.set()
        self._client.shutdown()
        self._thread.join(ANSWER_SECONDS + 5)

    def sleep(self) -> None:
        """Close the laptop."""
        self._awake.clear()
        self._drop()

    def wake(self) -> None:
        """Open it again."""
        self._awake.set()

    def cut(self) -> None:
        """Lose the connection without a goodbye."""
        eio = self._client.eio
        sock = getattr(getattr(eio, "ws", None), "sock", None)
        if sock is not None:
            sock.close()

    @property
    def green(self) -> bool:
        """Connected, in the room, caught up with what was heard, and with the whole history."""
        caught_up = self.cursor >= self.head and not self._reading
        return self.joined and self._client.connected and caught_up

    def view(self) -> View:
        """What it shows."""
        with self._lock:
            shown = [self.messages[number] for number in sorted(self.messages)]
            return View(self.name, shown, list(self.applied), heard=set(self.heard))

    # Events

    def _make_client(self) -> socketio.Client:
        client = socketio.Client(
            reconnection=False, handle_sigint=False, websocket_extra_options={"timeout": 5}
        )
        client.on("new-message", self._locked(self._apply))
        client.on("message-updated", self._locked(self._apply))
        client.on("head", self._locked(lambda news: self._hear(news["version"])))
        client.on("room-closed", self._locked(self._leave))
        client.on("disconnect", self._disconnected)
        return client

    def _locked(self, handle: Callable[[Any], None]) -> Callable[[Any], None]:
        def locked(news: Any) -> None:
            if news["projectId"] != self.project_id:
                return
            with self._lock:
                self.events += 1
                self.last_event_at = time.monotonic()
                handle(news)

        return locked

    def _apply(self, message: Message) -> None:
        self.heard.add(identity(message))
        self._hear(message["version"])
        if message["version"] > self.cursor:
            self._held[message["version"]] = message
            self._release()

    def _hear(self, version: int) -> None:
        self.head = max(self.head, version)
        if self.cursor < self.head and self.cursor + 1 not in self._held:
            self._wanted.set()

    def _leave(self, _news: Any) -> None:
        self.joined = False
        self._wanted.set()

    def _disconnected(self, *_reason: Any) -> None:
        self.joined = False
        with self._lock:
            self._held.clear()
        self._wanted.set()

    def _release(self) -> None:
        while message := self._held.pop(self.cursor + 1, None):
            self._put(message)
            self._advance(message["version"])
        self._held = {key: value for key, value in self._held.items() if key > self.cursor}

    def _put(self, message: Message) -> None:
        known = self.messages.get(message["number"])
        if known is None or message["version"] > known["version"]:
            self.messages[message["number"]] = message

    def _advance(self, version: int) -> None:
        self.cursor = version
        self.applied.append(version)
        self.times.append((version, time.monotonic()))

    # Asking

    def _run(self) -> None:
        while not self._ended.is_set():
            if not self._awake.wait(0.2):
                continue
            try:
                if not self._client.connected:
                    self._connect()
                self._catch_up()
            except (SocketIOError, OSError, ValueError) as error:
                self.refused = str(error)
                self._ended.wait(PAUSE)
                self._drop()
                continue
            self._wanted.wait(1.0)

    def _connect(self) -> None:
        with self._lock:
            self._held.clear()
        self._client.connect(
            self.url,
            headers={"Cookie": self.person.cookie_header()},
            socketio_path=PATH,
            transports=["websocket"],
            wait_timeout=ANSWER_SECONDS,
        )
        self.refused = None
        self._wanted.set()

    def _drop(self) -> None:
        if self._client.connected:
            self._client.disconnect()
        # After the server's goodbye the transport below may still stand.
        self._client.eio.disconnect(abort=True)

    def _catch_up(self) -> None:
        while self._wanted.is_set() and not self._ended.is_set():
            self._wanted.clear()
            question = {"projectId": self.project_id, "since": self.cursor}
            answer = self._client.call("join_room", question, timeout=ANSWER_SECONDS)
            if not answer["ok"]:
                self.refused = answer["error"]["code"]
                self._wanted.set()
                self._ended.wait(PAUSE)
            elif answer["reset"]:
                self._start_afresh(answer)
            else:
                self._merge(answer)

    def _merge(self, answer: dict[str, Any]) -> None:
        with self._lock:
            for message in answer["messages"]:
                self._put(message)
            self.joined = True
            self.head = max(self.head, answer["version"])
            if answer["version"] > self.cursor:
                self._advance(answer["version"])
            self._release()
            if answer["hasMore"] or self.cursor < self.head:
                self._wanted.set()

    def _start_afresh(self, answer: dict[str, Any]) -> None:
        """Begin again with the newest page, then read the older ones."""
        with self._lock:
            self._reading = True
            self.resets += 1
            self.messages = {message["number"]: message for message in answer["messages"]}
            self.applied = [answer["version"]]
            self.cursor = self.head = answer["version"]
            self._held = {key: value for key, value in self._held.items() if key > self.cursor}
            self.joined = True
            oldest = min(self.messages, default=1)
            self._release()
        while oldest > 1:
            page = self.person.get(
                f"/api/projects/{self.project_id}/messages?before={oldest}&limit=100"
            ).json()["messages"]
            with self._lock:
                for message in page:
                    self._put(message)
            oldest = page[0]["number"]
        self._reading = False
