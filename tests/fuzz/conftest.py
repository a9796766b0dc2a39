"""A server that is fuzzed, for as many seconds as are asked for, and what is said of it after."""

import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hostile.blocking import MOST_SECONDS, Bystanders, wait_beside
from support.backend import Backend
from support.cast import Cast, Project
from support.server import Server

SECONDS = float(os.environ.get("PROJCHAT_FUZZ_SECONDS") or 4)
SEED = int(os.environ.get("PROJCHAT_FAULTS_SEED") or random.SystemRandom().randrange(10**6))
# What the first requests of each kind load and keep, which no later one does.
MEMORY_BYTES = 96 * 1024 * 1024
FILES = 8
SETTLING_SECONDS = 10.0

Fuzz = Callable[[Callable[[random.Random], object]], int]


@pytest.fixture(scope="package")
def target(tmp_path_factory: pytest.TempPathFactory, backend: Backend) -> Iterator[Cast]:
    """Everybody on the server that is fuzzed; its limits would answer for it."""
    server = Server(tmp_path_factory.mktemp("fuzzed"), backend, PROJCHAT_LIMITS="off")
    try:
        yield Cast(server.start())
    finally:
        server.close()


@pytest.fixture
def server(target: Cast) -> Server:
    """The fuzzed server, whose log no test may leave a traceback in."""
    return target.server


@pytest.fixture
def arena(target: Cast) -> Project:
    """A project of the fuzzed server, new for each test."""
    return target.project(target.administrator())


@pytest.fixture(scope="package")
def bystanders(target: Cast) -> Bystanders:
    """Two people of the fuzzed server who talk meanwhile."""
    return Bystanders(target)


@pytest.fixture
def fuzz(server: Server, target: Cast, arena: Project, bystanders: Bystanders) -> Iterator[Fuzz]:
    """Repeat something with one source of chance until the time is over; how often it was done.

    Meanwhile /healthz is asked. Afterwards a message still reaches a member and nobody else, no
    worker was killed, and memory and open files are about what they were.
    """
    done: list[int] = []
    member, outsider = target.newcomer(), target.newcomer()
    arena.admit(member)
    other = target.project(outsider)
    inside, outside = member.live(), outsider.live()
    inside.join(arena.id)
    outside.join(other.id)

    def repeat(act: Callable[[random.Random], object]) -> None:
        chance, deadline = random.Random(SEED), time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            act(chance)
            done.append(1)

    def run(act: Callable[[random.Random], object]) -> int:
        print(f"seed {SEED}")
        act(random.Random(0))
        memory, files = _memory(server), _files(server)
        wait = wait_beside(server, lambda: repeat(act), bystanders)
        assert wait.worst < MOST_SECONDS
        deadline = time.monotonic() + SETTLING_SECONDS
        while _files(server) > files + FILES:
            assert time.monotonic() < deadline, f"{_files(server)} files are open, not {files}."
            time.sleep(0.1)
        grown = _memory(server) - memory
        print(f"{len(done):,} times, {grown / 2**20:+.0f} MB")
        assert grown < MEMORY_BYTES
        return len(done)

    yield run
    sent = arena.post(arena.owner, "still here")
    inside.wait_for("new-message", lambda message: message["id"] == sent["id"])
    assert not [each for each in outside.events("new-message") if each["projectId"] == arena.id]
    assert done
    for live in (inside, outside):
        live.close()


def _files(server: Server) -> int:
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in server.worker_pids())


def _memory(server: Server) -> int:
    pages = [Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in server.worker_pids()]
    return sum(map(int, pages)) * os.sysconf("SC_PAGE_SIZE")
