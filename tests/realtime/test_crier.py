"""A room hears who is in it the less often, the more there is to say."""

from types import SimpleNamespace

import eventlet
import pytest

from projchat.presence import Presence
from projchat.realtime import presence
from projchat.realtime.presence import MOST_BYTES_PER_SECOND, Crier

SMALL, LARGE = "project:1", "project:2"
MOMENT = 0.01


class Rooms:
    """Stands for the fanout: notes what is told, and says how many bytes that took."""

    def __init__(self):
        self.told = []
        self.workers_told = 0
        self.bytes = {SMALL: 100, LARGE: int(MOST_BYTES_PER_SECOND * 300 * MOMENT)}

    def tell_presence(self):
        assert presence.present.news()["changes"]
        self.workers_told += 1

    def emit_in_rounds_here(self, event, news, room):
        assert event == "presence"
        assert news == {"projectId": int(room.removeprefix("project:")), "users": [], "count": 0}
        self.told.append(room)
        return self.bytes[room]


class Nobody(Presence):
    """Whoever is there, the rooms are told of nobody."""

    def users(self, room):
        return []


@pytest.fixture
def rooms(monkeypatch):
    loop = SimpleNamespace(start_background_task=eventlet.spawn_n, sleep=eventlet.sleep)
    monkeypatch.setattr(presence, "socketio", loop)
    monkeypatch.setattr(presence, "GATHER_SECONDS", MOMENT)
    monkeypatch.setattr(presence, "present", Nobody())
    return Rooms()


def come(crier, room, user_id=1):
    presence.present.entered(room, user_id, "Anna")
    crier.changed(room)


def wait_until(told, rooms):
    with eventlet.Timeout(5):
        while len(rooms.told) < told:
            eventlet.sleep(MOMENT / 2)


def test_changes_of_one_moment_are_told_once(rooms):
    crier = Crier(rooms)
    for user_id in range(10):
        come(crier, SMALL, user_id)
    wait_until(1, rooms)
    eventlet.sleep(3 * MOMENT)
    assert rooms.told == [SMALL]
    assert rooms.workers_told == 1


def test_a_room_with_much_to_say_waits_and_holds_up_no_other(rooms):
    crier = Crier(rooms)
    crier.changed(LARGE)
    wait_until(1, rooms)
    crier.changed(LARGE)
    for _ in range(3):
        crier.changed(SMALL)
        wait_until(len(rooms.told) + 1, rooms)
    wait_until(5, rooms)
    assert rooms.told == [LARGE, SMALL, SMALL, SMALL, LARGE]


def test_other_workers_hear_at_once_but_not_what_they_said_themselves(rooms):
    crier = Crier(rooms)
    for user_id in range(2):
        come(crier, LARGE, user_id)
        while rooms.workers_told <= user_id:
            eventlet.sleep(MOMENT)
    crier.changed(LARGE)
    eventlet.sleep(5 * MOMENT)
    assert rooms.told == [LARGE]
    assert rooms.workers_told == 2


def test_a_failure_is_not_the_end(rooms):
    rooms.bytes.pop(SMALL)
    crier = Crier(rooms)
    crier.changed(SMALL)
    wait_until(1, rooms)
    rooms.bytes[SMALL] = 100
    eventlet.sleep(MOMENT)
    crier.changed(SMALL)
    wait_until(2, rooms)
