"""A server of its own for attacks, so that no other test waits for it."""

from collections.abc import Iterator

import pytest

from hostile.blocking import Bystanders
from support.backend import Backend
from support.cast import Cast, Project
from support.server import Server


@pytest.fixture(scope="package")
def target(tmp_path_factory: pytest.TempPathFactory, backend: Backend) -> Iterator[Cast]:
    """Everybody on the server that is attacked."""
    server = Server(tmp_path_factory.mktemp("target"), backend)
    try:
        yield Cast(server.start())
    finally:
        server.close()


@pytest.fixture(scope="package")
def bystanders(target: Cast) -> Bystanders:
    """Two people of the attacked server who talk meanwhile."""
    return Bystanders(target)


@pytest.fixture
def arena(target: Cast) -> Project:
    """A project of the attacked server, new for each test."""
    return target.project(target.administrator())
