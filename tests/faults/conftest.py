"""Fixtures of the proof: the seed, the services of our own, the scene, and the figures."""

import gc
import os
import random
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from faults import report
from faults.scene import Scene
from faults.services import Missing, Nginx, PostgreSQL, Redis
from support.backend import Backend

FULL = os.environ.get("PROJCHAT_FAULTS_FORM") == "full"
INSIST = bool(os.environ.get("PROJCHAT_TEST_INSIST"))
SEED = int(os.environ.get("PROJCHAT_FAULTS_SEED") or random.SystemRandom().randrange(10**6))
REPORT = pytest.StashKey[pytest.TestReport]()
MADE_SCENES = pytest.StashKey[bool]()


def pytest_report_header() -> str:
    """Say what to give to see the same run again."""
    form = "full" if FULL else "short"
    return f"faults: {form} form, PROJCHAT_FAULTS_SEED={SEED}"


def pytest_configure(config: pytest.Config) -> None:
    """Name our mark."""
    config.addinivalue_line("markers", "brief: among the rows that every change passes")
    config.addinivalue_line("markers", "row(key, fault, promise): the row of docs/faults.md")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of this takes its time."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
            # A connection that was cut is found unclosed later, by the collector of garbage.
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
            item.add_marker(
                pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
            )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Keep the outcome for the row."""
    outcome: pytest.TestReport = yield
    if outcome.when == "call":
        item.stash[REPORT] = outcome
    return outcome


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """What chance is made from; printed with a failure and written in the figures."""
    print(f"PROJCHAT_FAULTS_SEED={SEED}")  # noqa: T201
    return SEED


@pytest.fixture
def size() -> Callable[[int, int], int]:
    """`size(full, short)`: how much of something this run takes."""
    return lambda full, short: full if FULL else short


@pytest.fixture
def row(request: pytest.FixtureRequest, seed: int) -> Iterator[report.Row]:
    """The row of the table that the test's mark `row(key, fault, promise)` names."""
    mark = request.node.get_closest_marker("row")
    key, fault, promise = mark.args
    case = getattr(request.node, "callspec", None)
    made = report.Row(
        f"{key} {case.id}" if case else key, fault, promise, "full" if FULL else "short", seed
    )
    yield made
    outcome = request.node.stash.get(REPORT, None)
    if outcome is not None and not outcome.skipped:
        made.keep(outcome.passed)


def _service(make: Callable[[], Any]) -> Any:
    try:
        return make().start()
    except Missing as missing:
        if INSIST:
            raise
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL of our own."""
    service = _service(PostgreSQL)
    yield service
    service.close()


@pytest.fixture
def broker() -> Iterator[Redis]:
    """A Redis of our own."""
    service = _service(Redis)
    yield service
    service.close()


@pytest.fixture
def nginx() -> Iterator[Callable[[int], Nginx]]:
    """Put nginx in front of a port."""
    made: list[Nginx] = []

    def make(port: int) -> Nginx:
        made.append(_service(lambda: Nginx(port)))
        return made[-1]

    yield make
    for service in made:
        service.close()


@pytest.fixture
def make_scene(
    tmp_path: Path, seed: int, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Scene]]:
    """Begin a run on SQLite, or on the backend that is given."""
    made: list[Scene] = []

    def make(backend: Backend | None = None, start: bool = True, **environment: str) -> Scene:
        scene = Scene(tmp_path / f"scene-{len(made)}", seed, backend, **environment)
        made.append(scene)
        return scene.start() if start else scene

    yield make
    outcome = request.node.stash.get(REPORT, None)
    for scene in made:
        scene.close()
        if outcome is not None and outcome.failed:
            print(scene.server.log()[-6000:])  # noqa: T201
    made.clear()
    request.config.stash[MADE_SCENES] = True
    _collect_what_was_cut()


def _collect_what_was_cut() -> None:
    """Connections that were cut are found unclosed here, not in the middle of another test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


@pytest.fixture
def small(make_scene: Callable[..., Scene]) -> Scene:
    """SQLite and one worker."""
    return make_scene()


@pytest.fixture
def large(postgresql: PostgreSQL, broker: Redis, make_scene: Callable[..., Scene]) -> Scene:
    """PostgreSQL, Redis and two workers."""
    return make_scene(Backend(postgresql.url, broker.url), WEB_CONCURRENCY="2")


@pytest.fixture(params=["small", "large"])
def scene(request: pytest.FixtureRequest) -> Scene:
    """Both, one after the other."""
    made: Scene = request.getfixturevalue(request.param)
    return made


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the page when `make faults` asks for it; what the last reader left is no failure."""
    if session.config.stash.get(MADE_SCENES, False):
        _collect_what_was_cut()
    if os.environ.get("PROJCHAT_FAULTS_PAGE"):
        report.write()
