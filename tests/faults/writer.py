"""A writer: types messages, changes some of them, and tries each until the server has answered."""

import random
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import requests

from faults.oracle import Receipts
from support.person import Person

LONGEST_PAUSE = 1.0
TIMEOUT = 15


class Writer:
    """One person's outbox: one request at a time, in the order it was typed."""

    def __init__(self, name: str, person: Person, project_id: int, rng: random.Random) -> None:
        self.name = name
        self.person = person
        self.path = f"/api/projects/{project_id}/messages"
        self.receipts = Receipts()
        self.gave_up: list[str] = []
        # Which version was acknowledged when.
        self.stamps: list[tuple[int, float]] = []
        self.accepted = 0
        # When each message was edited last, as far as its author knows.
        self._edits: dict[str, str | None] = {}
        self.stopped = threading.Event()
        self._rng = rng
        self._thread: threading.Thread | None = None

    # Alone

    def send(self, content: str, client_id: str | None = None) -> dict[str, Any]:
        """Send until it is acknowledged."""
        client_id = client_id or self.new_id()
        self.receipts.tried[client_id] = content
        body = {"content": content, "clientId": client_id}
        message = self._until_answered("POST", self.path, body)
        if message is not None:
            self.receipts.acknowledged[client_id] = message
        return message or {}

    def edit(self, client_id: str, content: str) -> None:
        """Change one of my messages until the change is acknowledged."""
        body = {"content": content, "editedAt": self._edits.get(client_id)}
        self._change("PATCH", client_id, body, content)

    def delete(self, client_id: str) -> None:
        """Delete one of my messages until that is acknowledged."""
        self._change("DELETE", client_id, None, None)

    def new_id(self) -> str:
        """An id that no other message has."""
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    # In a thread

    def write(self, count: int, pause: float = 0.0, changes: float = 0.1) -> "Writer":
        """Begin to write `count` messages; a share of the steps edits or deletes older ones."""
        self._thread = threading.Thread(
            target=self._write, args=(count, pause, changes), name=self.name, daemon=True
        )
        self._thread.start()
        return self

    def wait(self, timeout: float) -> None:
        """Wait until everything is acknowledged."""
        assert self._thread is not None
        self._thread.join(timeout)
        assert not self._thread.is_alive(), f"{self.name} still waits for answers."

    def stop(self) -> None:
        """Write no more; what is under way is finished."""
        self.stopped.set()
        if self._thread is not None:
            self._thread.join(TIMEOUT * 2)

    def _write(self, count: int, pause: float, changes: float) -> None:
        for turn in range(count):
            if self.stopped.is_set():
                return
            self.send(f"{self.name} writes {turn} · привет {self._rng.random():.6f}")
            if self._rng.random() < changes:
                self._change_some(turn)
            if pause:
                self.stopped.wait(self._rng.uniform(0, 2 * pause))

    def _change_some(self, turn: int) -> None:
        living = [
            key
            for key in self.receipts.acknowledged
            if self.receipts.changed.get(key, "") is not None
        ]
        if not living:
            return
        client_id = self._rng.choice(living[-50:])
        if self._rng.random() < 0.3:
            self.delete(client_id)
        else:
            self.edit(client_id, f"{self.name} changed this at {turn}")

    # Internal

    def _change(self, method: str, client_id: str, body: Any, text: str | None) -> None:
        number = self.receipts.acknowledged[client_id]["number"]
        message = self._until_answered(method, f"{self.path}/{number}", body)
        if message is not None:
            self.receipts.changed[client_id] = text
            self._edits[client_id] = message["editedAt"]

    def _until_answered(self, method: str, path: str, body: Any) -> dict[str, Any] | None:
        """The answer; None for a refusal that is final."""
        tries = 0
        while True:
            answer = self._try(
                lambda: self.person.request(method, path, json=body, timeout=TIMEOUT)
            )
            if answer is not None and answer.ok:
                message: dict[str, Any] = answer.json()
                self.accepted += 1
                self.stamps.append((message["version"], time.monotonic()))
                return message
            if answer is not None and answer.status_code in (403, 404, 409, 410, 422):
                self.gave_up.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
                return None
            tries += 1
            time.sleep(self._rng.uniform(0.5, 1.5) * min(LONGEST_PAUSE, 0.05 * 2**tries))

    def _try(self, call: Callable[[], requests.Response]) -> requests.Response | None:
        began = time.monotonic()
        try:
            answer = call()
        except requests.RequestException:
            self.receipts.statuses["cut"] += 1
            return None
        self.receipts.seconds.append(time.monotonic() - began)
        self.receipts.statuses[str(answer.status_code)] += 1
        return answer
