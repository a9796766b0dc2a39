"""What others ask of a server while people chat: files, logins and searches.

A burden runs in a process of its own, at a lower priority than the load, whose clock is read.
"""

import itertools
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import NamedTuple

import requests

from bench.contenders import Ours
from support import files
from support.cast import Project
from support.history import lengthen, replace_texts
from support.person import Person
from support.surgery import ask

UPLOADS = 20
UPLOAD_CHUNKS = 20
LOGINS_PER_MINUTE = 600
# Enough browsers that the pace is kept although each waits for its answer.
BROWSERS = 30
SEARCHERS = 4
ARCHIVED = 200
CYRILLIC = ("съешь ещё этих мягких французских булок да выпей чаю " * 200)[:9990]
# One word that is everywhere, and one whose parts are.
QUERIES = ("французских", "мягкихфранцузскихбулок")
NICENESS = 10
LONGEST_SECONDS = 120


class Shift(NamedTuple):
    """When the clients began, and whether they shall stop."""

    began: float
    stopped: threading.Event


# What one client does without end: True for each piece that was done, False for one refused.
Client = Iterator[bool]
Clients = list[Callable[[Shift], Client]]


class Done(NamedTuple):
    """What has come of a burden: pieces a second, and how many were refused."""

    per_second: float
    refused: int


@contextmanager
def burdened(clients: Clients, cores: set[int]) -> Iterator[Callable[[], Done]]:
    """Burden a server inside the context; what is given says then, once, what has come of it."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=_carry, args=(clients, cores, ours, theirs), daemon=True
    )
    process.start()
    theirs.close()
    done: list[Done] = []
    try:
        yield lambda: done[0]
    finally:
        ours.send("stop")
        done.append(Done(*ours.recv()))
        process.join()


def _carry(clients: Clients, cores: set[int], theirs: Connection, ours: Connection) -> None:
    """Let all clients work until the other end says so, or is gone, or has forgotten us."""
    theirs.close()
    os.sched_setaffinity(0, cores)
    os.nice(NICENESS)
    shift = Shift(time.monotonic(), threading.Event())
    done: list[bool] = []
    threads = [threading.Thread(target=_work, args=(each, shift, done)) for each in clients]
    for thread in threads:
        thread.start()
    ours.poll(LONGEST_SECONDS)
    shift.stopped.set()
    seconds = time.monotonic() - shift.began
    told = list(done)
    for thread in threads:
        thread.join()
    ours.send((sum(told) / seconds, told.count(False)))


def _work(client: Callable[[Shift], Client], shift: Shift, done: list[bool]) -> None:
    while not shift.stopped.is_set():
        try:
            for was_done in client(shift):
                if shift.stopped.is_set():
                    break
                done.append(was_done)
        except requests.RequestException:
            done.append(False)


# --- Files ---


def _uploads(server: Ours) -> Clients:
    """As many people as there are files, each sending one after the other."""
    people = server.people(UPLOADS)
    project = server.cast.project(people[0], people[1:])
    return [lambda _, person=person: _send_files(person, project) for person in people]


def _send_files(person: Person, project: Project) -> Client:
    chunk = b"\0" * files.CHUNK
    while True:
        made = files.begin(person, project, "x.bin", UPLOAD_CHUNKS * files.CHUNK)
        try:
            for turn in range(UPLOAD_CHUNKS):
                answer = files.send(person, project, made["id"], turn * files.CHUNK, chunk)
                yield answer.ok
        finally:
            person.delete(f"{project.api}/uploads/{made['id']}")


# --- Logins ---


def _logins(server: Ours) -> Clients:
    """Browsers that log in at an even pace, whether or not the answers keep up."""
    people = [server.cast.newcomer() for _ in range(BROWSERS)]
    turns = itertools.count(0, 60 / LOGINS_PER_MINUTE)
    return [lambda shift, person=person: _log_in(person, turns, shift) for person in people]


def _log_in(person: Person, turns: Iterator[float], shift: Shift) -> Client:
    while True:
        shift.stopped.wait(max(0.0, shift.began + next(turns) - time.monotonic()))
        yield not shift.stopped.is_set() and person.login().ok


# --- Searches ---


def _searches(server: Ours) -> Clients:
    """People who ask again as soon as they are answered, in long messages."""
    people = server.people(SEARCHERS)
    archive = server.cast.project(people[0], people[1:])
    lengthen(server.server, archive.id, people[0].id, ARCHIVED)
    replace_texts(server.server, archive.id, CYRILLIC)
    noted = "SELECT indexed_count FROM projects WHERE id = :id"
    while ask(server.server, noted, id=archive.id) < ARCHIVED:
        _search(people[0], archive, "no-such-word")
        time.sleep(0.1)
    return [lambda _, person=person: _search_all(person, archive) for person in people]


def _search_all(person: Person, archive: Project) -> Client:
    for query in itertools.cycle(QUERIES):
        yield _search(person, archive, query).ok


def _search(person: Person, archive: Project, query: str) -> requests.Response:
    return person.get(f"{archive.api}/search", params={"q": query}, timeout=60)


BURDENS: dict[str, Callable[[Ours], Clients]] = {
    "uploads": _uploads,
    "logins": _logins,
    "searches": _searches,
}
