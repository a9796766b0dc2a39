"""Everybody is pinged in time, in groups, and whoever does not answer is given up."""

import eventlet
import pytest

from projchat.realtime import websockets
from projchat.realtime.wires import Wire


class Connection:
    """Stands for a connection of the library, and for the wire that it writes to."""

    closing = closed = False

    def __init__(self):
        self.last_ping = True
        self.queue = Line()

    @property
    def pings(self):
        return self.queue.pings


class Line(Wire):
    """A wire that only notes the pings, and whether it was cut."""

    def __init__(self):
        self.pings = 0
        self.was_cut = False

    def write_at_once(self, data, frames):
        assert (data, frames) == (b"\x81\x012", 1)
        self.pings += 1

    def cut(self):
        self.was_cut = True


@pytest.fixture
def heart():
    return websockets.Heart(interval=0.05, timeout=0.1)


def scheduled(heart, count):
    connections = [Connection() for _ in range(count)]
    for connection in connections:
        heart.schedule(connection)
    return connections


def test_those_who_are_due_together_are_pinged_in_groups(heart):
    connections = scheduled(heart, 2 * websockets.PINGED_AT_ONCE + 1)
    seen = set()
    with eventlet.Timeout(5):
        while not all(connection.pings for connection in connections):
            seen.add(sum(connection.pings for connection in connections))
            eventlet.sleep(0)
    assert {websockets.PINGED_AT_ONCE, 2 * websockets.PINGED_AT_ONCE} <= seen
    assert {connection.pings for connection in connections} == {1}


def test_whoever_answers_is_pinged_again_and_the_silent_are_cut(heart):
    silent, faithful = scheduled(heart, 2)
    with eventlet.Timeout(5):
        for _ in range(4):
            pings = faithful.pings
            while faithful.pings == pings:
                eventlet.sleep(0.001)
            heart.schedule(faithful)
    assert silent.queue.was_cut
    assert not faithful.queue.was_cut
    assert silent.pings == 1


def test_whoever_has_gone_is_left_alone(heart):
    gone, there = scheduled(heart, 2)
    gone.closed = True
    with eventlet.Timeout(5):
        while not there.pings:
            eventlet.sleep(0.001)
    eventlet.sleep(0.15)
    assert gone.pings == 0
    assert not gone.queue.was_cut
    assert there.queue.was_cut


def test_who_is_due_already_is_not_asked_twice(heart):
    [connection] = scheduled(heart, 1)
    heart.schedule(connection)
    eventlet.sleep(0.08)
    assert connection.pings == 1


def test_the_heart_goes_on_when_a_ping_fails(heart):
    def fails(_data, _frames):
        raise RuntimeError

    [broken] = scheduled(heart, 1)
    broken.queue.write_at_once = fails
    eventlet.sleep(0.08)
    [connection] = scheduled(heart, 1)
    with eventlet.Timeout(5):
        while not connection.pings:
            eventlet.sleep(0.001)
