"""Servers for the tests of the worker."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from worker.process import Gunicorn


@pytest.fixture
def gunicorn(tmp_path: Path) -> Iterator[Callable[..., Gunicorn]]:
    """Start one more: `gunicorn("toy_live:app", "--timeout", "2", LANG="C")`."""
    started: list[Gunicorn] = []

    def start(*args: Any, **kwargs: Any) -> Gunicorn:
        started.append(Gunicorn(tmp_path, *args, **kwargs))
        return started[-1].wait_until_ready()

    yield start
    for each in started:
        each.close()
    for each in started:
        assert not each.tracebacks(), each.log()


@pytest.fixture(scope="session")
def all_live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    """The one with Flask and Socket.IO that tests of requests share."""
    yield from serving(Gunicorn(tmp_path_factory.mktemp("live"), "toy_live:app"))


@pytest.fixture(scope="session")
def all_impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    """The one that tests of slow clients share."""
    conf = Path(__file__).with_name("impatient_conf.py")
    yield from serving(Gunicorn(tmp_path_factory.mktemp("impatient"), conf=conf))


def serving(one: Gunicorn) -> Iterator[Gunicorn]:
    """Have one run as long as it is needed."""
    try:
        yield one.wait_until_ready()
    finally:
        one.close()


@pytest.fixture
def live(all_live: Gunicorn) -> Iterator[Gunicorn]:
    """The shared one with Flask, which must not have failed because of the test."""
    yield from without_failure(all_live)


@pytest.fixture
def impatient(all_impatient: Gunicorn) -> Iterator[Gunicorn]:
    """The shared one whose patience is short, which must not have failed either."""
    yield from without_failure(all_impatient)


def without_failure(shared: Gunicorn) -> Iterator[Gunicorn]:
    """Lend one, and look through what it printed meanwhile."""
    before = shared.tracebacks()
    yield shared
    assert shared.tracebacks() == before, shared.log()
