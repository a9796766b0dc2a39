"""Measures the page in Chromium: `make bench-browser` prints it all and ends by itself.

The first message's paint in a project of 50 messages and in one of 100,000, in turn in one run;
then a minute of 50 messages a second: how long the tasks of the page's own thread were, by the
clock and by the processor (on a busy machine the clock also counts what others do meanwhile), and
the memory that is in use once the garbage has been collected. The watch over the tasks rests while
that is asked for: the collection is ours, not the page's.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from bisect import bisect_left
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import create_engine, text

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.browser import Tabs, launch
from support.cast import Cast, Project
from support.chat import Chat
from support.person import Person
from support.server import Server

SHORT, LONG = 50, 100_000
ROUNDS = 15
# The first loads fill the caches and start the service worker.
WARM = 2
SECONDS, RATE, WRITERS = 60, 50, 10
MEMORY_EVERY = 10
LONG_TASK_MS = 50
TRACED = ["toplevel", "devtools.timeline", "__metadata"]

# The second frame after the first message is in the page begins when that message is painted.
WATCH_PAINT = """
new MutationObserver((_, observer) => {
    if (!document.querySelector(".timeline__list .message")) return;
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => {
        window.paintedAt = performance.now();
    }));
}).observe(document, {childList: true, subtree: true});
"""
FILL = """
WITH RECURSIVE numbers(number) AS (
    SELECT :first UNION ALL SELECT number + 1 FROM numbers WHERE number < :last
)
INSERT INTO messages (
    project_id, number, version, author_id, client_id, fingerprint, kind, body, html, created_at
)
SELECT :project, number, number, :author, 'bench-' || :project || '-' || number, '', 'text',
    'Message ' || number || ' of a long talk', '<p>Message ' || number || ' of a long talk</p>',
    :now
FROM numbers
"""
COUNT = "UPDATE projects SET message_count = :last, version = :last WHERE id = :project"
READ = "UPDATE memberships SET last_read_number = :last WHERE project_id = :project"


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--seconds", type=int, default=SECONDS)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder)).start()
        browser = launch(playwright)
        try:
            bench = Bench(server, browser)
            print(f"Chromium {browser.version}, {os.cpu_count()} cores, load {_load()}\n")
            bench.weigh()
            bench.paint(given.rounds)
            bench.flood(given.seconds)
            print(f"\nThe load of the machine at the end: {_load()}")
        finally:
            browser.close()
            server.close()


class Bench:
    """One server, one browser, a short project and a long one."""

    def __init__(self, server: Server, browser: Browser) -> None:
        self.server = server
        self.browser = browser
        self.cast = Cast(server)
        self.anna = self.cast.known("anna")
        self.writers = [self.cast.newcomer("writer") for _ in range(WRITERS)]

    def project(self, length: int, *, read: bool = True) -> Project:
        """A project with so many messages, all of them read or none."""
        project = self.cast.project(self.anna, self.writers)
        engine = create_engine(f"sqlite:///{self.server.instance / 'projchat.sqlite3'}")
        given = {"project": project.id, "author": self.anna.id, "last": length}
        with engine.begin() as connection:
            query = text("SELECT message_count FROM projects WHERE id = :project")
            first = connection.execute(query, given).scalar_one() + 1
            now = "2026-01-01 00:00:00.000000"
            connection.execute(text(FILL), {**given, "first": first, "now": now})
            connection.execute(text(COUNT), given)
            connection.execute(text(READ), {**given, "last": length if read else 0})
        engine.dispose()
        return project

    def weigh(self) -> None:
        """How much is sent for the page, to a browser that has nothing of it."""
        project = self.project(SHORT)
        print("Sent for the chat page, KB:  scripts (files)   styles   page")
        for locale in ("en-US", "ru-RU"):
            tabs = Tabs(self.browser, self.server)
            page = tabs(self.anna, project.page, locale=locale)
            Chat(page).is_live()
            scripts, files = _weight(page, ".js")
            styles, _ = _weight(page, ".css")
            html = page.evaluate(
                "performance.getEntriesByType('navigation')[0].encodedBodySize / 1024"
            )
            print(f"  {locale:24}   {scripts:7.1f} ({files})   {styles:6.1f}   {html:4.1f}")
            tabs.close()

    def paint(self, rounds: int) -> None:
        """The first message's paint, the pages in turn, with the files in the cache."""
        short, long = self.project(SHORT), self.project(LONG)
        projects = {
            f"{SHORT} messages, all read": short,
            f"{LONG:,} messages, all read": long,
            f"{LONG:,} messages, none read": self.project(LONG, read=False),
            f"{SHORT} messages, no service worker": short,
        }
        times: dict[str, list[float]] = {name: [] for name in projects}
        tabs = Tabs(self.browser, self.server)
        pages = {}
        for name in projects:
            worker = "block" if "no service worker" in name else "allow"
            pages[name] = tabs(self.anna, bypass_csp=True, service_workers=worker)
            pages[name].add_init_script(WATCH_PAINT)
        for turn in range(WARM + rounds):
            for name, project in projects.items():
                took = _painted(pages[name], project)
                if turn >= WARM:
                    times[name].append(took)
        tabs.close()
        base = statistics.median(next(iter(times.values())))
        print(f"\nFirst message painted, ms, {rounds} rounds in turn:  median (range)   ratio")
        for name, took in times.items():
            median = statistics.median(took)
            spread = f"({min(took):.0f} to {max(took):.0f})"
            print(f"  {name:32}  {median:6.0f} {spread:16}  {median / base:4.2f}")

    def flood(self, seconds: int) -> None:
        """Many messages a second into an open page, by several people."""
        project = self.project(SHORT)
        tabs = Tabs(self.browser, self.server)
        page = tabs(self.anna, project.page)
        Chat(page).is_live()
        page.wait_for_timeout(2000)
        probe = page.context.new_cdp_session(page)
        writers = Writers(self.writers, project, seconds)
        print(f"\n{RATE} messages a second for {seconds} s:  seconds   messages   heap MB   nodes")
        traces: list[bytes] = []
        watched = 0.0
        for second in range(0, seconds + 1, MEMORY_EVERY):
            if second:
                self.browser.start_tracing(page=page, categories=TRACED)
                watched -= time.monotonic()
                page.wait_for_timeout(max(0, writers.began + second - time.monotonic()) * 1000)
                watched += time.monotonic()
                traces.append(self.browser.stop_tracing())
            heap, nodes = _memory(probe)
            print(f"  {second:38}   {writers.sent:8}   {heap:7.2f}   {nodes:5}", flush=True)
        writers.wait()
        page.wait_for_timeout(1000)
        tasks = [task for trace in traces for task in _tasks(trace)]
        print(f"  Watched: {len(tasks)} tasks in {watched:.0f} s")
        for clock in ("clock", "processor"):
            lengths = [getattr(each, clock) for each in tasks]
            over = sum(each > LONG_TASK_MS for each in lengths)
            most = f"longest {max(lengths):4.0f} ms, over {LONG_TASK_MS} ms: {over:3}"
            print(f"  By the {clock:10} {most}")
        for task in sorted(tasks, key=lambda task: task.processor, reverse=True)[:5]:
            print(f"    {task.processor:3.0f} ms of the processor, most of it in {task.work}")
        print(f"  Written: {writers.sent}; rows in the page: {len(Chat(page).numbers())}")
        tabs.close()


class Task(NamedTuple):
    """One task of the page's thread: milliseconds, and the name of the longest work in it."""

    clock: float
    processor: float
    work: str


class Writers:
    """People who write from threads of their own, together at a steady rate."""

    def __init__(self, people: list[Person], project: Project, seconds: int) -> None:
        self.sent = 0
        self.began = time.monotonic()
        self._until = self.began + seconds
        self._threads = [
            threading.Thread(target=self._write, args=(person, project, place * len(people)))
            for place, person in enumerate(people)
        ]
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        """Wait until everything is written."""
        for thread in self._threads:
            thread.join()

    def _write(self, person: Person, project: Project, offset: int) -> None:
        step = len(self._threads) / RATE
        due = self.began + offset * step / len(self._threads) ** 2
        while due < self._until:
            time.sleep(max(0, due - time.monotonic()))
            project.post(person, f"message {self.sent} of a busy minute, by **{person.name}**")
            self.sent += 1
            due += step


def _weight(page: Page, ending: str) -> tuple[float, int]:
    sizes = page.evaluate(
        """(ending) => performance.getEntriesByType("resource")
            .filter(({name}) => new URL(name).pathname.endsWith(ending))
            .map(({encodedBodySize}) => encodedBodySize)""",
        ending,
    )
    return sum(sizes) / 1024, len(sizes)


def _painted(page: Page, project: Project) -> float:
    page.goto(project.page)
    page.wait_for_function("window.paintedAt")
    took: float = page.evaluate("window.paintedAt")
    Chat(page).is_live()
    return took


def _tasks(trace: bytes) -> list[Task]:
    """What the page's thread did, task by task."""
    events = json.loads(trace)["traceEvents"]
    pages = {
        (each["pid"], each["tid"])
        for each in events
        if each["name"] == "thread_name" and each["args"]["name"] == "CrRendererMain"
    }
    # What had not ended when the trace did has no length.
    timed = [each for each in events if "dur" in each and (each["pid"], each["tid"]) in pages]
    work = sorted((each for each in timed if not _is_task(each)), key=lambda each: each["ts"])
    begins = [each["ts"] for each in work]
    return [
        Task(
            each["dur"] / 1000,
            each.get("tdur", 0) / 1000,
            _most(work[bisect_left(begins, each["ts"]) : bisect_left(begins, _end(each))]),
        )
        for each in timed
        if _is_task(each)
    ]


def _is_task(event: dict[str, Any]) -> bool:
    return event["name"].endswith("RunTask")


def _end(event: dict[str, Any]) -> float:
    return event["ts"] + event["dur"]  # type: ignore[no-any-return]


def _most(work: list[dict[str, Any]]) -> str:
    longest = max(work, key=lambda each: each["dur"], default=None)
    return "nothing it names" if longest is None else longest["name"]


def _memory(probe: Any) -> tuple[float, int]:
    """What is in use after a collection, and the nodes of all documents."""
    probe.send("HeapProfiler.collectGarbage")
    probe.send("Performance.enable")
    metrics = {
        each["name"]: each["value"] for each in probe.send("Performance.getMetrics")["metrics"]
    }
    return metrics["JSHeapUsedSize"] / 1024 / 1024, int(metrics["Nodes"])


def _load() -> str:
    return " ".join(f"{each:.1f}" for each in os.getloadavg())


if __name__ == "__main__":
    main()
