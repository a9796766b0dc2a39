"""Who counts as a slow client: whoever takes nothing, not whoever is told much at once."""

import socket

import eventlet
import pytest
from engineio.packet import MESSAGE, Packet

from projchat.realtime import wires

LARGE = 8 * 1024 * 1024
EVENT = b"x" * 10_000


def said(caplog):
    """What the wires have logged; others in this process may log, too."""
    return [each.getMessage() for each in caplog.records if each.name == wires.log.name]


class Client:
    """The far end of a wire, which reads when it is told to."""

    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            self.theirs = socket.socket()
            self.theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)
            self.theirs.connect(listener.getsockname())
            self.ours, _ = listener.accept()
        self.ours.setblocking(False)
        self.theirs.setblocking(False)
        self.wire = wires.Wire(self.ours, wires.Press())

    def read(self, most=1 << 30):
        """Take what has come, as far as it is wanted, letting the server send meanwhile."""
        taken = b""
        while len(taken) < most:
            eventlet.sleep(0)
            is_all = not self.wire.is_draining
            data = self._receive(min(65536, most - len(taken)))
            if not data and is_all:
                break
            taken += data
        return taken

    def _receive(self, most):
        try:
            return self.theirs.recv(most)
        except BlockingIOError:
            return b""

    @property
    def is_connected(self):
        eventlet.sleep(0.01)
        return not self.wire._closing


@pytest.fixture
def client():
    made = Client()
    yield made
    made.ours.close()
    made.theirs.close()
    eventlet.sleep(0.01)


def answer(size):
    return Packet(MESSAGE, "x" * size)


def fill(client):
    """Say so much that the kernel takes no more."""
    client.wire.write(b"x" * LARGE)
    eventlet.sleep(0.01)
    assert client.wire.is_draining


def test_one_frame_is_never_too_much(client):
    client.wire.write(b"x" * LARGE)
    assert client.is_connected
    assert len(client.read()) == LARGE


def test_the_answer_to_a_question_is_never_too_much(client, caplog):
    fill(client)
    client.wire.put(answer(LARGE))
    client.wire.write(b"an event")
    assert client.is_connected
    assert client.read()[-8:] == b"an event"
    assert not said(caplog)


def test_a_client_that_takes_nothing_is_disconnected(client, monkeypatch, caplog):
    monkeypatch.setattr(wires, "STALL_SECONDS", 0.2)
    client.wire.put(answer(LARGE))
    assert client.is_connected
    eventlet.sleep(0.5)
    assert not client.is_connected
    assert said(caplog) == ["Disconnected slow client: it has taken nothing for 0 s"]


def test_a_client_that_takes_a_little_now_and_then_stays(client, monkeypatch):
    """The kernel does not call for so little, so it is asked."""
    monkeypatch.setattr(wires, "STALL_SECONDS", 0.5)
    client.wire.put(answer(LARGE))
    for _ in range(25):
        eventlet.sleep(0.1)
        client.read(60_000)
    assert client.is_connected


def test_a_client_behind_by_many_events_that_takes_none_is_disconnected(
    client, monkeypatch, caplog
):
    monkeypatch.setattr(wires, "PATIENCE_SECONDS", 0.2)
    fill(client)
    for _ in range(wires.BACKLOG_FRAMES):
        client.wire.write(b"x")
    assert client.is_connected
    eventlet.sleep(0.3)
    client.wire.write(b"x")
    assert not client.is_connected
    assert said(caplog) == ["Disconnected slow client: 501 events of 501 bytes wait for it"]


def test_a_client_behind_by_many_events_that_catches_up_stays(client, monkeypatch):
    monkeypatch.setattr(wires, "PATIENCE_SECONDS", 0.2)
    fill(client)
    for turn in range(wires.BACKLOG_FRAMES + 100):
        client.wire.write(b"x")
        if turn % 50 == 0:
            eventlet.sleep(0.05)
            client.read(LARGE // 20)
    assert client.is_connected
    client.read()
    client.wire.write(b"the last")
    assert client.read() == b"the last"


def test_a_client_that_takes_less_than_it_is_told_is_disconnected_in_the_end(client):
    fill(client)
    told = 0
    while client.is_connected:
        client.wire.write(EVENT)
        client.read(1000)
        told += 1
        assert told * len(EVENT) < (wires.HARD_FACTOR + 1) * wires.BACKLOG_BYTES
    assert told > wires.BACKLOG_BYTES / len(EVENT)


def test_everything_comes_in_its_order_however_it_was_cut_up(client):
    fill(client)
    frames = [bytes([turn]) * (turn * 97) for turn in range(1, 200)]
    for frame in frames:
        client.wire.write(frame)
    assert client.read()[LARGE:] == b"".join(frames)


def test_the_next_question_waits_until_the_answer_has_been_taken(client):
    fill(client)
    client.wire.put(answer(100_000))
    heard = []

    def hear():
        client.wire.wait_for_answers()
        heard.append("a question")

    eventlet.spawn_n(hear)
    assert client.is_connected
    assert heard == []
    client.read()
    eventlet.sleep(0.01)
    assert heard == ["a question"]


def test_a_question_that_waits_ends_with_its_connection(client):
    fill(client)
    client.wire.put(answer(100_000))
    waiting = eventlet.spawn(client.wire.wait_for_answers)
    eventlet.sleep(0.01)
    client.wire.cut()
    with eventlet.Timeout(5):
        waiting.wait()
