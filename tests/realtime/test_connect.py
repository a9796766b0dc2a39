"""The first thing a socket hears is that it is connected."""

from queue import Queue

import pytest
import socketio

from projchat.presence import Presence
from projchat.realtime.fanout import Fanout, Person
from projchat.realtime.neighbours import Neighbours
from projchat.realtime.wires import Press, Wire

BOB = Person(7, "Bob", 3, "en")
CONNECTED, DISCONNECTED = "0", "1"


class Recorder:
    """A connection that notes what it is sent: the Socket.IO packets, as text."""

    closed = False

    def __init__(self):
        self.heard = []
        self.queue = Queue()

    def send(self, packet):
        self.heard.append(packet.data)


class Hall:
    """A server with one connection, which is welcomed as Bob; `meanwhile` happens before that is
    answered."""

    def __init__(self):
        self.meanwhile = lambda sid: None
        self.fanout = Fanout(Presence(), Neighbours(None, "secret"))
        self.server = socketio.Server(client_manager=self.fanout, async_handlers=False)
        self.server.eio.sockets["connection"] = self.bob = Recorder()
        self.server.on("connect", self._welcome)
        self.server._handle_eio_connect("connection", {})

    def open(self):
        self.server._handle_eio_message("connection", "0")

    def hang_up(self):
        del self.server.eio.sockets["connection"]
        self.server._handle_eio_disconnect("connection", "transport close")

    def _welcome(self, sid, _environ):
        self.fanout.welcome(sid, BOB)
        self.meanwhile(sid)


@pytest.fixture
def hall():
    return Hall()


def kinds(packets):
    return [packet[0] for packet in packets]


def test_what_is_told_meanwhile_follows(hall):
    def meanwhile(_sid):
        hall.fanout.emit("read", {"projectId": 1}, room="user:7")
        hall.fanout.emit_to_people("unread", {"projectId": 2}, [6, 7], besides="project:2")
        hall.fanout.emit("read", {"projectId": 1}, room="user:6")

    hall.meanwhile = meanwhile
    hall.open()
    connected, *events = hall.bob.heard
    assert connected.startswith(CONNECTED)
    assert events == ['2["read",{"projectId":1}]', '2["unread",{"projectId":2}]']


def test_what_is_told_later_comes_too(hall):
    hall.open()
    hall.fanout.emit("read", {"projectId": 1}, room="user:7")
    assert kinds(hall.bob.heard) == [CONNECTED, "2"]


@pytest.mark.parametrize("room", ["user:7", "login:3"])
def test_who_is_sent_away_meanwhile_does_not_stay(hall, room):
    hall.meanwhile = lambda _sid: hall.fanout.disconnect_room(room)
    hall.open()
    hall.fanout.emit("read", {"projectId": 1}, room="user:7")
    assert kinds(hall.bob.heard) == [CONNECTED, DISCONNECTED]
    assert not hall.fanout.people


@pytest.mark.parametrize("ends", ["evict", "disconnect"])
def test_what_waits_in_a_round_is_not_told_after_the_end(hall, monkeypatch, ends):
    passed_over = []
    monkeypatch.setattr(hall.fanout._rounds, "pass_over", passed_over.append)
    hall.open()
    hall.bob.queue = Wire(None, Press())
    if ends == "evict":
        hall.fanout.evict("user:7", "project:1")
    else:
        hall.fanout.disconnect_room("login:3")
    assert passed_over == [hall.bob.queue]


def test_who_hangs_up_meanwhile_leaves_nothing_behind(hall):
    hall.meanwhile = lambda _sid: hall.hang_up()
    hall.open()
    assert not hall.fanout.people
    assert not any(hall.fanout.rooms.values())
    assert not hall.fanout.doorstep._kept
