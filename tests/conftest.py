"""The fixtures that every test may ask for; tests/support/ holds what they are made of."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from support.backend import Backend
from support.browser import Tabs, find_chromium, launch
from support.cast import Cast, Project
from support.database import Database
from support.person import Person
from support.server import TRACEBACK, Server

RESULTS = Path(__file__).parents[1] / "test-results"
LOG_TAIL = 6000
BROWSER_FIXTURES = {"browser"}
SERVER_FIXTURES = {"make_server", "server"}
INSIST = bool(os.environ.get("PROJCHAT_TEST_INSIST"))
REPORT = pytest.StashKey[pytest.TestReport]()
MISSING = pytest.StashKey[Counter[str]]()
SERVERS = pytest.StashKey[list[Server]]()
LOG_STARTS = pytest.StashKey[dict[Server, int]]()


# --- The server and its data ---


@pytest.fixture(scope="session")
def backend() -> Backend:
    """Where servers keep their data in this run."""
    return Backend.from_environment()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, backend: Backend) -> Iterator[Server]:
    """The server that most tests share; a test that stops or breaks one makes its own."""
    shared = Server(tmp_path_factory.mktemp("server"), backend)
    try:
        yield shared.start()
    finally:
        shared.close()


@pytest.fixture
def make_server(
    tmp_path: Path, backend: Backend, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Server]]:
    """Make more servers, each with data of its own: `make_server(LANG="ru_RU.UTF-8")`.

    It is started unless `start=False`; keyword arguments become its environment.
    """
    made: list[Server] = []

    def make(start: bool = True, **environment: str) -> Server:
        each = Server(tmp_path / f"server-{len(made)}", backend, **environment)
        made.append(each)
        return each.start() if start else each

    request.node.stash[SERVERS] = made
    yield make
    for each in made:
        each.close()


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """Read-only access to the shared server's database."""
    opened = Database(server)
    yield opened
    opened.close()


# --- People and projects ---


@pytest.fixture(scope="session")
def everybody(server: Server) -> Cast:
    """All the people on the shared server."""
    return Cast(server)


@pytest.fixture
def cast(everybody: Cast) -> Iterator[Cast]:
    """Makes newcomers and projects: `cast.newcomer()`, `cast.project(alice, [bob])`."""
    yield everybody
    everybody.hang_up()


@pytest.fixture
def alice(cast: Cast) -> Person:
    """Alice owns the project.

    She and the others stay for the whole run: a test that changes an account, its password or
    its logins asks `cast.newcomer()`.
    """
    return cast.known("alice")


@pytest.fixture
def bob(cast: Cast) -> Person:
    """Bob belongs to the project."""
    return cast.known("bob")


@pytest.fixture
def charlie(cast: Cast) -> Person:
    """Charlie is outside."""
    return cast.known("charlie")


@pytest.fixture
def project(cast: Cast, alice: Person, bob: Person) -> Project:
    """Alice's new project, with Bob in it."""
    return cast.project(alice, [bob])


@pytest.fixture
def dora(cast: Cast, project: Project) -> Person:
    """Dora administers the project."""
    person = cast.known("dora")
    project.admit(person)
    project.promote(person)
    return person


@pytest.fixture
def frank(cast: Cast, project: Project) -> Person:
    """Frank was in the project and has been removed."""
    person = cast.known("frank")
    project.admit(person)
    project.remove(person)
    return person


@pytest.fixture
def anonymous(server: Server) -> Iterator[Person]:
    """Somebody who is not logged in."""
    person = Person(server)
    yield person
    person.hang_up()


# --- The browser ---


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def make_tabs(
    browser: Browser, request: pytest.FixtureRequest
) -> Iterator[Callable[[Server], Tabs]]:
    """Tabs for a server that a test has made itself."""
    made: list[Tabs] = []

    def make(server: Server) -> Tabs:
        made.append(Tabs(browser, server))
        return made[-1]

    yield make
    unexpected = [problem for each in made for problem in each.unexpected()]
    report = request.node.stash.get(REPORT, None)
    if unexpected or (report is not None and report.failed):
        name = re.sub(r"\W+", "-", request.node.nodeid).strip("-")
        for number, each in enumerate(made, 1):
            each.picture(RESULTS / name / str(number))
    for each in made:
        each.close()
    assert not unexpected, "The browser's console is not clean:\n" + "\n".join(unexpected)


@pytest.fixture
def page_for(make_tabs: Callable[[Server], Tabs], server: Server) -> Tabs:
    """Open pages of the shared server: `page_for(alice, project.page, locale="ru-RU")`."""
    return make_tabs(server)


# --- What a failure shows, and what must never happen ---


@pytest.fixture(autouse=True)
def _no_tracebacks(request: pytest.FixtureRequest) -> Iterator[None]:
    """No input may make the server write a traceback; a test that expects one allows it."""
    starts = {each: each.log_size() for each in _servers(request.node)}
    request.node.stash[LOG_STARTS] = starts
    yield
    for each in _servers(request.node):
        if not each.allow_tracebacks:
            assert TRACEBACK not in (log := each.log(starts.get(each, 0))), log[-LOG_TAIL:]


def _servers(item: pytest.Item) -> list[Server]:
    shared = getattr(item, "funcargs", {}).get("server")
    return ([shared] if shared else []) + item.stash.get(SERVERS, [])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Keep the outcome for the fixtures, and show the server's log with a failure."""
    report: pytest.TestReport = yield
    if report.when == "call":
        item.stash[REPORT] = report
    if report.failed:
        starts = item.stash.get(LOG_STARTS, {})
        for each in _servers(item):
            log = each.log(starts.get(each, 0))[-LOG_TAIL:]
            report.sections.append((f"log of the server at {each.url}", log))
    return report


# --- What cannot run here ---


def _missing() -> dict[str, str]:
    """What this machine lacks, by the mark of the tests that need it."""
    missing = {}
    if find_chromium() is None:
        missing["browser"] = "there is no Chromium here"
    if not Backend.from_environment().complete:
        missing["services"] = (
            "they need PostgreSQL and Redis: set PROJCHAT_TEST_DATABASE_URL and "
            "PROJCHAT_TEST_REDIS_URL"
        )
    return missing


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs a server or a browser."""
    config.stash[MISSING] = Counter()
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if BROWSER_FIXTURES & fixtures:
            item.add_marker(pytest.mark.browser)
        if SERVER_FIXTURES & fixtures:
            item.add_marker(pytest.mark.served)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out what cannot run here, unless this run insists."""
    for mark, reason in _missing().items():
        if item.get_closest_marker(mark):
            if INSIST:
                pytest.fail(f"This run insists on {mark} tests, but {reason}.", pytrace=False)
            pytest.skip(reason)


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Count what the choice of marks leaves out."""
    for item in items:
        for mark in ("services", "slow"):
            if item.get_closest_marker(mark):
                item.config.stash[MISSING][f"{mark} tests were not asked for"] += 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where tests run side by side, tell the process that reports what was left out."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left out"] = dict(session.config.stash[MISSING])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear what was left out: each of those who run side by side has chosen from all tests."""
    node.config.stash[MISSING] = Counter(getattr(node, "workeroutput", {}).get("left out", {}))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say plainly at the end what ran on what, and what did not run."""
    left_out = config.stash.get(MISSING, Counter())
    for report in terminalreporter.stats.get("skipped", []):
        left_out[f"tests: {report.longrepr[2].removeprefix('Skipped: ')}"] += 1
    terminalreporter.section("what ran")
    terminalreporter.line(f"Servers keep their data in {Backend.from_environment().name}.")
    for reason, count in left_out.items():
        terminalreporter.line(f"Not run: {count} {reason}.", yellow=True)
