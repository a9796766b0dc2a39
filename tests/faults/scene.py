"""One run: a server, its writers and readers, the faults, and the verdict at the end."""

import itertools
import os
import random
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import requests

from faults.node import Node
from faults.oracle import Message, Receipts, View, judge
from faults.proxy import FaultProxy
from faults.reader import Reader
from faults.writer import Writer
from support.backend import Backend
from support.cast import Cast, Project, done
from support.database import Database
from support.person import Person
from support.server import Server

SABOTEUR = Path(__file__).parent / "saboteur.py"
POLL = 0.1
PAGE = 100


class Way:
    """An address that leads to the server by a detour: a proxy, or nginx."""

    def __init__(self, url: str) -> None:
        self.url = url


class Scene:
    """Everybody who takes part in one run; `seed` decides what chance decides."""

    def __init__(
        self, folder: Path, seed: int, backend: Backend | None = None, **environment: str
    ) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.orders = folder / "orders"
        self.orders.mkdir(parents=True)
        self.stack = ExitStack()
        self.server = Server(
            folder / "server",
            backend,
            **{
                "PROJCHAT_FAILPOINTS": str(SABOTEUR),
                "PROJCHAT_FAULTS": str(self.orders),
                **environment,
            },
        )
        self.stack.callback(self.server.close)
        self.project: Project
        self.cast: Cast
        self.writers: list[Writer] = []
        self.readers: list[Reader] = []
        self.outboxes: dict[str, Receipts] = {}
        self._node: Node | None = None
        self._names = itertools.count(1)

    # Before

    def start(self) -> "Scene":
        """Start the server; Alice has a project."""
        self.server.start()
        self.cast = Cast(self.server)
        self.alice = self.cast.known("alice")
        self.project = self.cast.project(self.alice, name="Faults")
        return self

    def newcomer(self) -> Person:
        """Another member."""
        person = self.cast.newcomer("guest")
        self.project.admit(person)
        return person

    def by(self, person: Person, url: str) -> Person:
        """The same login, coming to the server by another address."""
        same = Person(Way(url), person.username, person.password)  # type: ignore[arg-type]
        same.id, same.name = person.id, person.name
        same.http.cookies.update(person.http.cookies)
        same.csrf_token = person.csrf_token
        return same

    def proxy(self) -> FaultProxy:
        """A bad network in front of the server."""
        made = FaultProxy(self.server.port)
        self.stack.callback(made.close)
        return made

    def writer(self, url: str | None = None, person: Person | None = None) -> Writer:
        """Somebody who writes."""
        person = person or self.newcomer()
        if url:
            person = self.by(person, url)
        name = f"writer {next(self._names)}"
        made = Writer(name, person, self.project.id, random.Random(self.rng.random()))
        self.writers.append(made)
        return made

    def reader(self, url: str | None = None, person: Person | None = None) -> Reader:
        """Somebody who reads, in Python."""
        name = f"python reader {next(self._names)}"
        made = Reader(name, person or self.newcomer(), self.project.id, url)
        self.readers.append(made)
        self.stack.callback(made.close)
        return made.start()

    @property
    def node(self) -> Node:
        """The process of the readers in Node."""
        if self._node is None:
            self._node = Node()
            self.stack.callback(self._node.close)
        return self._node

    def node_readers(
        self, count: int, url: str | None = None, whole: bool = True, person: Person | None = None
    ) -> list[str]:
        """Readers in Node; their names."""
        people = {}
        for _ in range(count):
            each = person or self.newcomer()
            each.get("/api/session")
            people[f"node reader {next(self._names)}"] = (each, url or self.server.url)
        self.node.open(people, self.project.id, whole)
        return list(people)

    def outbox(self, name: str, count: int) -> None:
        """Type messages into the outbox of a reader in Node."""
        receipts = self.outboxes.setdefault(name, Receipts())
        start = len(receipts.tried)
        messages = {
            f"{name}-{self.seed}-{turn}": f"{name} writes {turn}"
            for turn in range(start, start + count)
        }
        self.node.send(name, receipts, messages)

    # Meanwhile

    def order(self, place: str) -> None:
        """Tell the server to end itself at a place; see saboteur.py."""
        (self.orders / place).write_text("")

    def ordered(self, place: str) -> bool:
        """Whether an order waits to be carried out."""
        return (self.orders / place).exists()

    def kill_worker(self, number: int = 9) -> int:
        """Kill one of the workers; its process id."""
        workers = self.server.worker_pids()
        if not workers:
            return 0
        pid = self.rng.choice(workers)
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return 0
        return pid

    def wait_until_served(self, timeout: float = 20.0) -> None:
        """Wait until the server answers."""
        wait(self._serves, timeout, "The server does not answer.")

    def _serves(self) -> bool:
        try:
            return requests.get(f"{self.server.url}/readyz", timeout=2).ok
        except requests.RequestException:
            return False

    # After

    def version(self) -> int:
        """The head, in the database."""
        database = Database(self.server)
        try:
            query = "SELECT version FROM projects WHERE id = :id"
            return int(database.value(query, id=self.project.id))
        finally:
            database.close()

    def behind(self) -> list[str]:
        """Who is not there yet, and why."""
        head = self.version()
        late = [
            f"{reader.name} at {reader.cursor} of {head}, {reader.refused}"
            for reader in self.readers
            if not reader.green or reader.cursor != head
        ]
        if self._node is not None:
            late += [
                f"{name} at {status['cursor']} of {head}, {status['state']}"
                for name, status in self._node.status().items()
                if not status["green"] or status["cursor"] != head or status["waiting"]
            ]
        return late

    def converge(self, within: float) -> float:
        """Wait until everybody is green and at the head; how many seconds it took."""
        began = time.monotonic()
        while late := self.behind():
            seconds = time.monotonic() - began
            assert seconds < within, f"After {seconds:.1f} s: " + "; ".join(late[:5])
            time.sleep(POLL)
        return time.monotonic() - began

    def fresh(self) -> list[Message]:
        """What somebody sees who comes now."""
        messages: list[Message] = []
        while True:
            last = messages[-1]["number"] if messages else 0
            page = done(self.alice.get(f"{self.project.api}/messages?after={last}&limit={PAGE}"))
            messages += page["messages"]
            if not page["hasMore"]:
                return messages

    def judge(self, extra: Iterable[View] = (), strangers: bool = True) -> int:
        """Ask the oracle; how many messages there are."""
        for name, receipts in self.outboxes.items():
            self.node.collect(name, receipts)
        views = [reader.view() for reader in self.readers]
        views += self._node.views() if self._node is not None else []
        receipts_ = [writer.receipts for writer in self.writers] + list(self.outboxes.values())
        fresh = self.fresh()
        database = Database(self.server)
        try:
            judge(
                database,
                self.project.id,
                fresh,
                receipts_ if strangers else (),
                [*views, *extra],
            )
        finally:
            database.close()
        return len(fresh)

    def judge_in_brief(self, names: list[str], fresh: str) -> int:
        """As `judge`, but a crowd of readers is compared by what their lists hash to."""
        digests = self.node.order("digests", names)
        one = self.node.order("digests", [fresh])[fresh]
        for name, digest in digests.items():
            assert digest == one, f"{name} shows something else: {digest} instead of {one}"
        self.node.order("close", names)
        return self.judge()

    def close(self) -> None:
        """End everything."""
        for writer in self.writers:
            writer.stopped.set()
        self.stack.close()


def wait(ready: Callable[[], Any], timeout: float, complaint: str) -> float:
    """Wait until something is so; how many seconds it took."""
    began = time.monotonic()
    while not ready():
        assert time.monotonic() - began < timeout, complaint
        time.sleep(0.02)
    return time.monotonic() - began
