"""The page's own logic in Node: starts node_readers.mjs and gives it orders."""

import itertools
import json
import subprocess
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from faults.oracle import Receipts, View
from support.person import Person
from support.server import ROOT

SCRIPT = Path(__file__).parent / "node_readers.mjs"
ANSWER_SECONDS = 120


class Node:
    """A process that holds many readers."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._answers: dict[int, Any] = {}
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            [str(ROOT / "scripts" / "with-node"), "node", str(SCRIPT)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def open(
        self, people: dict[str, tuple[Person, str]], project_id: int, whole: bool = True
    ) -> None:
        """Open readers by name: each has a person and the address through which it comes."""
        clients = [
            {
                "name": name,
                "url": url,
                "cookie": person.cookie_header(),
                "csrfToken": person.csrf_token,
                "userId": person.id,
                "projectId": project_id,
            }
            for name, (person, url) in people.items()
        ]
        self.order("open", clients=clients, whole=whole)

    def order(self, order: str, names: Iterable[str] | None = None, **values: Any) -> Any:
        """Give an order to some readers, or to all, and wait for the answer."""
        number = next(self._numbers)
        if names is not None:
            values["names"] = list(names)
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": number, "order": order, **values}) + "\n")
        self._process.stdin.flush()
        with self._changed:
            arrived = self._changed.wait_for(lambda: number in self._answers, ANSWER_SECONDS)
            assert arrived, f"Node does not answer to {order}."
            answer = self._answers.pop(number)
        assert "error" not in answer, answer["error"]
        return answer["answer"]

    def status(self) -> dict[str, dict[str, Any]]:
        """How far each reader is."""
        return self.order("status")  # type: ignore[no-any-return]

    def views(self) -> list[View]:
        """What each reader shows."""
        return [
            View(
                name,
                one["messages"],
                one["applied"],
                one["complaints"],
                [(number, id_, client_id) for number, id_, client_id in one["heard"]],
            )
            for name, one in self.order("view").items()
        ]

    def send(self, name: str, receipts: Receipts, messages: dict[str, str]) -> None:
        """Put messages in a reader's outbox."""
        receipts.tried |= messages
        listed = [
            {"clientId": client_id, "content": content} for client_id, content in messages.items()
        ]
        self.order("send", name=name, messages=listed)

    def collect(self, name: str, receipts: Receipts) -> None:
        """Take the acknowledgements of a reader's outbox into its receipts."""
        for message in self.order("view", names=[name])[name]["sent"]:
            receipts.acknowledged[message["clientId"]] = message

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                answer = json.loads(line)
                with self._changed:
                    self._answers[answer["id"]] = answer
                    self._changed.notify_all()
        except ValueError:
            # The pipe was closed while it was read: the end.
            return
