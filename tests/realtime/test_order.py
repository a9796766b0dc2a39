"""Changes are told in the order of their versions, as long as what is missing comes soon."""

from types import SimpleNamespace

import eventlet
import pytest

from projchat.realtime import order
from projchat.realtime.ledger import Ledger

ROOM = "project:1"


class Line:
    """A room whose listeners know everything up to version 3; `told` is what they hear then."""

    def __init__(self):
        self.told = []
        self.ledger = Ledger()
        self.ledger.watch(ROOM, 3)
        self.order = order.Order(self.ledger, self._deliver)

    def take(self, *versions):
        for version in versions:
            self.order.take("new-message", {"version": version}, ROOM)

    def _deliver(self, event, data, room):
        assert (event, room) == ("new-message", ROOM)
        self.told.append(data["version"])
        self.ledger.note(room, data["version"])


@pytest.fixture
def line(monkeypatch):
    loop = SimpleNamespace(start_background_task=eventlet.spawn_n, sleep=eventlet.sleep)
    monkeypatch.setattr(order, "socketio", loop)
    monkeypatch.setattr(order, "PATIENCE_SECONDS", 0.1)
    return Line()


def test_what_comes_in_order_is_told_at_once(line):
    line.take(4, 5, 6)
    assert line.told == [4, 5, 6]


def test_what_comes_too_early_waits_for_what_is_before_it(line):
    line.take(6, 5)
    assert line.told == []
    line.take(4)
    assert line.told == [4, 5, 6]


def test_what_is_lost_is_not_waited_for_for_ever(line):
    line.take(6, 5)
    eventlet.sleep(0.15)
    assert line.told == [5, 6]
    line.take(7)
    assert line.told == [5, 6, 7]


def test_each_has_its_own_patience(line):
    line.take(5)
    eventlet.sleep(0.07)
    line.take(4, 7)
    eventlet.sleep(0.05)
    assert line.told == [4, 5]
    line.take(6)
    assert line.told == [4, 5, 6, 7]


def test_after_patience_was_lost_it_waits_again(line):
    line.take(5)
    eventlet.sleep(0.15)
    line.take(8, 7)
    assert line.told == [5]
    line.take(6)
    assert line.told == [5, 6, 7, 8]
    eventlet.sleep(0.15)
    assert line.told == [5, 6, 7, 8]


def test_nobody_waits_in_a_room_without_listeners(line):
    line.ledger.forget(ROOM)
    line.take(9)
    assert line.told == [9]
