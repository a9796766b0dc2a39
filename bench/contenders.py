"""Who is measured: projchat as in production, and the servers of bench/reference/."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

import requests

from bench.meter import family
from support.backend import Backend
from support.cast import Cast
from support.person import Person
from support.server import ROOT, Server, free_port

HERE = Path(__file__).parent
REFERENCE = HERE / "reference"
PROGRAMS = Path(sys.prefix) / "bench"
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it.
ROOM_BYTES = 1 << 30
START_SECONDS = 60


class Seat(NamedTuple):
    """Somebody in a project, as run.h reads it."""

    project: int
    token: str
    cookie: str

    def __str__(self) -> str:
        return " ".join(map(str, self))


class Contender(ABC):
    """A server under measurement, with a folder of its own."""

    port: int
    folder: Path
    # The load that speaks its language, and what that has to know beside the port.
    load = HERE / "load.c"
    load_words: tuple[str, ...] = (
        "/api/socket/",
        "/api/projects/%d/messages",
        '420["join_room",{"projectId":%d}]',
    )

    @property
    @abstractmethod
    def pid(self) -> int:
        """The process, or the one that watches over the others."""

    @abstractmethod
    def seats(self, count: int, projects: int = 1) -> list[Seat]:
        """People who are in; they take turns over that many projects."""

    @abstractmethod
    def stop(self) -> None:
        """End it."""

    @property
    def pids(self) -> list[int]:
        """All its processes."""
        return family(self.pid)


class Ours(Contender):
    """projchat, by `projchat run` as in production, but without limits for each person."""

    def __init__(
        self,
        folder: Path,
        backend: Backend | None = None,
        tree: Path = ROOT,
        **environment: str,
    ) -> None:
        self.folder = folder
        self.server = Server(folder, backend, **environment)
        self.server.tree = tree
        self.server.start()
        self.port = self.server.port
        self.cast = Cast(self.server)
        self._people: list[Person] = []
        self._seats: dict[tuple[int, int], list[Seat]] = {}

    @property
    def pid(self) -> int:
        """The process that was started."""
        return self.server.pid

    def seats(self, count: int, projects: int = 1) -> list[Seat]:
        """People with accounts of their own, all of them members of each of the projects."""
        if (count, projects) not in self._seats:
            self._seats[count, projects] = self._new_seats(count, projects)
        return self._seats[count, projects]

    def people(self, count: int) -> list[Person]:
        """The first so many people, with accounts of their own."""
        while len(self._people) < count:
            self._people.append(self.cast.newcomer())
        return self._people[:count]

    def stop(self) -> None:
        """End it."""
        self.server.close()

    def _new_seats(self, count: int, projects: int) -> list[Seat]:
        owner, *others = self.people(count)
        rooms = [self.cast.project(owner, others).id for _ in range(projects)]
        return [
            Seat(rooms[place % projects], _token(person), person.cookie_header())
            for place, person in enumerate([owner, *others])
        ]


class Reference(Contender):
    """A server of bench/reference/, which gets its port and the file of its database."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True)
        self.port = free_port()
        environment = {
            **os.environ,
            "PORT": str(self.port),
            "DATABASE": str(folder / "chat.sqlite3"),
            "NODE_ENV": "production",
            "NEXT_TELEMETRY_DISABLED": "1",
            "PYTHONWARNINGS": "ignore",
            **self._prepare(),
        }
        self._log = (folder / "server.log").open("wb")
        self._process = subprocess.Popen(
            command, cwd=REFERENCE, env=environment, stdout=self._log, stderr=self._log
        )
        self._wait_until_ready()

    @property
    def pid(self) -> int:
        """The process that was started."""
        return self._process.pid

    def seats(self, count: int, projects: int = 1) -> list[Seat]:
        """They know nobody by name, or only one person."""
        cookie = self._login()
        return [Seat(1 + place % projects, "-", cookie) for place in range(count)]

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _prepare(self) -> dict[str, str]:
        """Lay out what it needs to start; return what else its environment says."""
        return {}

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        log = (self.folder / "server.log").read_text(errors="replace")
        raise RuntimeError(f"{self._process.args} did not start.\n{log[-2000:]}")

    def _login(self) -> str:
        return "none=0"


class Flask(Reference):
    """A reference in Flask, which has logins."""

    def _login(self) -> str:
        answer = requests.post(f"http://127.0.0.1:{self.port}/api/session", timeout=10)
        return "; ".join(f"{name}={value}" for name, value in answer.cookies.items())


@contextmanager
def data_folder() -> Iterator[Path]:
    """A folder for the databases, in memory where there is room.

    There the disk's time is nobody's: on a disk everybody waits for it at each message, and how
    long tells more of the disk than of the server. PROJCHAT_BENCH_FOLDER names another place.
    """
    place = os.environ.get("PROJCHAT_BENCH_FOLDER")
    if not place and IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > ROOM_BYTES:
        place = str(IN_MEMORY)
    with tempfile.TemporaryDirectory(prefix="projchat-bench-", dir=place) as name:
        yield Path(name)


@cache
def build(source: Path) -> Path:
    """Compile a program of one file beside what else is installed for this project."""
    PROGRAMS.mkdir(exist_ok=True)
    program = PROGRAMS / source.stem
    flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra"]
    subprocess.run(["cc", *flags, "-o", program, source], check=True)
    return program


def _token(person: Person) -> str:
    person.get("/api/session")
    return person.csrf_token


def _python(name: str) -> list[str]:
    return [sys.executable, str(REFERENCE / name)]


def _node(name: str) -> list[str]:
    return [shutil.which("node") or "node", str(REFERENCE / name)]


NAMES = {
    "ours": "projchat",
    "naive": "naive Flask-SocketIO",
    "original": "original stack (Next.js)",
    "node": "plain Node",
    "floor": "floor (Python)",
    "bare": "bare Flask",
    "null": "null server",
    "ejabberd": "ejabberd",
    "one": "one worker",
    "two": "two workers",
    "empty": "before the crowd came",
    "storm": "while it came",
    "crowded": "among the crowd",
    "held": "in silence",
    "calm": "without the burden",
    "burdened": "beside the burden",
    "before": "the version before",
    "before_calm": "the version before, without the burden",
    "before_burdened": "the version before, beside the burden",
}
START: dict[str, Callable[[Path], Contender]] = {
    "ours": Ours,
    "naive": lambda folder: Flask(folder, _python("naive.py")),
    "original": lambda folder: Reference(folder, _node("next/server.mjs")),
    "node": lambda folder: Reference(folder, _node("plain.mjs")),
    "bare": lambda folder: Flask(folder, _python("bare.py")),
    "floor": lambda folder: Reference(folder, _python("floor.py")),
    "null": lambda folder: Reference(folder, [str(build(REFERENCE / "null.c"))]),
    "one": lambda folder: Ours(folder, Backend.from_environment()),
    "two": lambda folder: Ours(folder, Backend.from_environment(), WEB_CONCURRENCY="2"),
}
