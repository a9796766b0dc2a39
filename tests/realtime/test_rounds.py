"""What may wait a little reaches every wire, in order, and lets others have their turn."""

import json
from types import SimpleNamespace

import eventlet
import pytest
import websocket

from projchat.realtime import rounds
from projchat.realtime.rounds import GROUP, MOST_GROUPS, Rounds

SOCKET = "/api/socket/?EIO=4&transport=websocket"


class Heard:
    """Stands for a wire: notes what it is given, and when, in turns of the loop."""

    def __init__(self, turns):
        self.frames = []
        self.sizes = []
        self.at = []
        self._turns = turns

    def write_at_once(self, data, frames):
        self.frames.append(data)
        self.sizes.append(frames)
        self.at.append(len(self._turns))


@pytest.fixture
def turns(monkeypatch):
    """What somebody who talks notes at each of their turns."""
    loop = SimpleNamespace(start_background_task=eventlet.spawn_n, sleep=eventlet.sleep)
    monkeypatch.setattr(rounds, "socketio", loop)
    noted = []

    def talk():
        while True:
            noted.append("hello")
            eventlet.sleep(0)

    talker = eventlet.spawn(talk)
    yield noted
    talker.kill()


def wait_until(told, wires):
    with eventlet.Timeout(5):
        while any(sum(wire.sizes) < told for wire in wires):
            eventlet.sleep(0.001)


def test_those_who_talk_have_their_turn_between_two_groups(turns):
    wires = [Heard(turns) for _ in range(3 * GROUP)]
    Rounds().tell(wires, b"a")
    wait_until(1, wires)
    moments = [wire.at[0] for wire in wires]
    assert moments == sorted(moments)
    assert len(set(moments)) == 3


def test_what_is_told_first_arrives_first(turns):
    wires, way = [Heard(turns) for _ in range(2 * GROUP)], Rounds()
    way.tell(wires, b"a")
    way.tell(wires, b"b")
    eventlet.sleep(0)
    way.tell(reversed(wires), b"c")
    wait_until(3, wires)
    assert {b"".join(wire.frames) for wire in wires} == {b"abc"}


def test_what_is_told_meanwhile_goes_with_what_waits(turns):
    wires, way = [Heard(turns) for _ in range(2 * GROUP)], Rounds()
    way.tell(wires, b"a")
    eventlet.sleep(0)
    way.tell(wires, b"b")
    wait_until(2, wires)
    assert [wire.sizes for wire in wires] == [[1, 1]] * GROUP + [[2]] * GROUP


def test_who_may_not_hear_it_any_longer_is_passed_over(turns):
    wires, way = [Heard(turns) for _ in range(2 * GROUP)], Rounds()
    way.tell(wires, b"a")
    eventlet.sleep(0)
    for wire in (wires[0], wires[-1]):
        way.pass_over(wire)
    wait_until(1, wires[:-1])
    eventlet.sleep(0.05)
    assert wires[-1].frames == []


def test_of_many_the_groups_are_larger(turns):
    wires = [Heard(turns) for _ in range(3 * GROUP * MOST_GROUPS)]
    Rounds().tell(wires, b"a")
    eventlet.sleep(0)
    assert sum(len(wire.frames) for wire in wires) == 3 * GROUP


def test_it_begins_again_after_its_end(turns):
    wires, way = [Heard(turns)], Rounds()
    for told in (1, 2):
        way.tell(wires, b"a")
        wait_until(told, wires)
        eventlet.sleep(0.02)


def test_every_tab_of_a_person_is_told(server, project, alice, bob):
    tabs = [
        websocket.create_connection(
            server.url.replace("http", "ws") + SOCKET,
            cookie=bob.cookie_header(),
            origin=server.url,
            timeout=5,
        )
        for _ in range(GROUP + 10)
    ]
    for tab in tabs:
        tab.recv()
        tab.send("40")
        assert tab.recv().startswith("40")
    number = project.post(alice, "hello")["number"]
    for tab in tabs:
        assert number in counts(tab)
        tab.shutdown()


def counts(tab):
    """The counts of messages that a tab hears, one after the other."""
    while True:
        text = tab.recv()
        if text == "2":
            tab.send("3")
        elif text.startswith('42["unread"'):
            yield json.loads(text[2:])[1]["messageCount"]
