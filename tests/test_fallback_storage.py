"""Counting goes on when Redis goes away, and nobody waits for it twice."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from projchat.fallback_storage import CALL_SECONDS, FallbackStorage
from support.server import free_port


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of something that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


@pytest.fixture
def closed() -> str:
    return f"redis://127.0.0.1:{free_port()}/0"


def test_it_counts_alone_without_redis() -> None:
    storage = FallbackStorage(None)
    assert [storage.incr("tries", 60) for _ in range(3)] == [1, 2, 3]
    assert storage.get("tries") == 3
    assert 50 < storage.get_expiry("tries") - time.time() <= 60
    storage.clear("tries")
    assert storage.get("tries") == 0


@pytest.mark.parametrize("kind", ["silent", "closed"])
def test_the_first_call_finds_out_and_the_others_do_not_wait(kind, request) -> None:
    storage = FallbackStorage(request.getfixturevalue(kind))
    assert storage.shared
    began = time.monotonic()
    counted = [storage.incr("tries", 60) for _ in range(50)]
    assert counted == list(range(1, 51))
    assert not storage.shared
    assert time.monotonic() - began < CALL_SECONDS + 2


@pytest.mark.services
def test_it_knows_what_it_counted_itself_when_redis_goes(backend, monkeypatch) -> None:
    back = threading.Event()
    with backend.lent() as environment:
        first, second = (FallbackStorage(environment["REDIS_URL"]) for _ in range(2))
        assert [each.incr("tries", 60) for each in (first, second, first)] == [1, 2, 3]
        monkeypatch.setattr(first, "ping", back.is_set)
        first._open(ConnectionError("gone"))
        assert first.incr("tries", 60) == 3
        back.set()
        deadline = time.monotonic() + 15
        while not first.shared:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert first.incr("tries", 60) == 4
