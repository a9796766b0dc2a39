"""Does a project with a million messages behave like one with a thousand?

Two servers of one process each, the same but for the length of the history, are asked the same
in turn over HTTP; what is printed is the ratio of their medians within this run. The reader is in
200 projects on both. Run it with `make bench-histories`; PROJCHAT_TEST_DATABASE_URL adds
PostgreSQL.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import requests

from support.backend import Backend
from support.cast import Cast
from support.history import add_projects, lengthen, settle
from support.server import Server

GOAL = 1.3
PROJECTS = 200
BEHIND = 50
WARM_UP = 20


class Place(NamedTuple):
    """A server with a history, and its reader's session."""

    url: str
    http: requests.Session
    messages: str
    length: int


# What is asked, as an address of that place; chance is the same for both lengths.
WORK: dict[str, Callable[[Place, float], str]] = {
    "newest page": lambda place, _: place.messages,
    "`around`": lambda place, lot: f"{place.messages}?around={1 + int(lot * place.length)}",
    "`before`": lambda place, lot: f"{place.messages}?before={1 + int(lot * place.length)}",
    "`since`": lambda place, _: f"{place.messages}?since={place.length - BEHIND}",
    f"list of {PROJECTS} projects": lambda place, _: f"{place.url}/api/projects",
}


def main() -> None:
    """Print a table for each database at hand."""
    options = _options()
    backend = Backend.from_environment()
    databases = {"SQLite": None, "PostgreSQL": backend.database_url}
    print(f"| database | work | {options.short:,} | {options.long:,} | ratio | goal {GOAL} |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, url in databases.items():
        if name == "SQLite" or url:
            for line in _rows(name, Backend(url, None), options):
                print(line, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", type=int, default=1_000)
    parser.add_argument("--long", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=300)
    return parser.parse_args()


def _rows(name: str, backend: Backend, options: argparse.Namespace) -> Iterator[str]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="projchat-bench-")))
        short, long = [
            _place(stack, folder / str(length), backend, length)
            for length in (options.short, options.long)
        ]
        for work, address in WORK.items():
            one, other = _compare(short, long, address, options.rounds)
            ratio = other / one
            verdict = "met" if ratio <= GOAL else "not met"
            yield f"| {name} | {work} | {_ms(one)} | {_ms(other)} | {ratio:.2f} | {verdict} |"


def _place(stack: ExitStack, folder: Path, backend: Backend, length: int) -> Place:
    server = Server(folder, backend)
    stack.callback(server.close)
    server.start()
    reader = Cast(server).known("alice")
    add_projects(server, reader.id, 1001, 1000 + PROJECTS)
    lengthen(server, 1001, reader.id, length)
    settle(server)
    return Place(server.url, reader.http, f"{server.url}/api/projects/1001/messages", length)


def _compare(
    short: Place, long: Place, address: Callable[[Place, float], str], rounds: int
) -> tuple[float, float]:
    """The medians, in seconds, of the same question in turn to both."""
    lots = random.Random(1)
    took: dict[int, list[float]] = {short.length: [], long.length: []}
    for turn in range(WARM_UP + rounds):
        lot = lots.random()
        for place in (short, long) if turn % 2 else (long, short):
            seconds = _ask(place, address(place, lot))
            if turn >= WARM_UP:
                took[place.length].append(seconds)
    return statistics.median(took[short.length]), statistics.median(took[long.length])


def _ask(place: Place, address: str) -> float:
    began = time.perf_counter()
    answer = place.http.get(address, timeout=30)
    seconds = time.perf_counter() - began
    answer.raise_for_status()
    return seconds


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


if __name__ == "__main__":
    main()
