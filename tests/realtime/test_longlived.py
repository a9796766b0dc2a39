"""What has lived long is set aside, and looked through again when its time has come."""

import gc
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from projchat.realtime import longlived


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    watch = longlived.LongLived().watch
    monkeypatch.setattr(longlived, "LONG_SECONDS", 0.0)
    gc.callbacks.append(watch)
    gc.disable()
    yield
    gc.enable()
    gc.callbacks.remove(watch)
    gc.unfreeze()


def cycle() -> list[object]:
    """Something that only the collector can take away."""
    found: list[object] = []
    found.append(found)
    return found


@pytest.mark.usefixtures("watched")
def test_what_survives_is_set_aside():
    gc.collect()
    assert gc.get_freeze_count() > 1000


@pytest.mark.usefixtures("watched")
def test_garbage_among_it_goes_when_everything_is_looked_through(monkeypatch: pytest.MonkeyPatch):
    clock = iter(range(0, 100_000, 1000))
    monkeypatch.setattr(longlived, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(longlived, "EVERYTHING_EACH", 2500.0)
    garbage = cycle()
    gc.collect()  # At 0 and 1000 seconds; everything is due after 3500.
    del garbage
    assert gc.collect() == 0
    assert gc.collect() >= 1


def test_short_collections_set_nothing_aside(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(longlived, "LONG_SECONDS", 60.0)
    watch = longlived.LongLived().watch
    for phase in ("start", "stop"):
        watch(phase, {"generation": 2})
    assert gc.get_freeze_count() == 0
