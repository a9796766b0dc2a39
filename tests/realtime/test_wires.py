"""The fan-out's own way to write to websockets, and what it leans on."""

import json
import socket

import eventlet
import pytest
import websocket

from projchat.realtime import websockets, wires


def test_the_libraries_are_as_it_expects_them():
    """If this fails, a new version has moved what websockets.py names in its first lines."""
    assert websockets.fits()


def test_it_leaves_a_library_that_it_does_not_know_alone(monkeypatch):
    class Server:
        """Fails if anything of it is touched."""

    monkeypatch.setattr(websockets, "fits", lambda: False)
    assert websockets.install(Server()) is None


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 70000])
def test_its_frames_are_those_of_the_protocol(size):
    payload = b"x" * size
    mine = wires.text_frame(payload)
    theirs = websocket.ABNF(1, 0, 0, 0, websocket.ABNF.OPCODE_TEXT, 0, payload).format()
    assert mine == theirs


def test_long_and_short_messages_arrive_whole_and_in_order(alice, bob, project):
    live = bob.live()
    live.join(project.id)
    sizes = (1, 100, 9000, 3, 9999, 126)
    sent = [project.post(alice, "Ж" * size) for size in sizes]
    live.wait_for("new-message", lambda message: message == sent[-1])
    assert live.events("new-message") == sent


def test_catching_up_comes_in_one_large_frame(alice, bob, project):
    since = project.version()
    for turn in range(10):
        project.post(alice, f"{turn} " + "слово " * 1000)
    answer = bob.live().join(project.id, since=since)
    assert len(answer["messages"]) == 10
    assert len(json.dumps(answer, ensure_ascii=False).encode()) > 3 * 65536


@pytest.fixture
def lines():
    """A press, three wires of one room and what has arrived at the end of each."""
    pairs = [socket.socketpair() for _ in range(3)]
    for pair in pairs:
        for end in pair:
            end.setblocking(False)
    press = wires.Press()
    room = tuple(wires.Wire(ours, press) for ours, _ in pairs)
    arrived = [bytearray() for _ in pairs]

    def look():
        for place, (_, theirs) in enumerate(pairs):
            try:
                arrived[place] += theirs.recv(1000)
            except BlockingIOError:
                continue
        return [bytes(each) for each in arrived]

    yield press, room, look
    for pair in pairs:
        for end in pair:
            end.close()


def test_what_is_said_after_a_silence_is_written_at_once(lines):
    press, room, look = lines
    press.tell(room, b"a")
    assert look() == [b"a"] * 3


def test_what_follows_soon_goes_together_when_the_turn_has_ended(lines, monkeypatch):
    press, room, look = lines
    monkeypatch.setattr(wires, "SILENCE", 1_000_000)
    for frame in (b"a", b"b", b"c"):
        press.tell(room, frame)
    assert look() == [b"a"] * 3
    eventlet.sleep(0)
    assert look() == [b"abc"] * 3


@pytest.mark.parametrize("way", ["write", "write_at_once"])
def test_what_one_wire_is_told_meanwhile_is_not_overtaken(lines, monkeypatch, way):
    press, room, look = lines
    monkeypatch.setattr(wires, "SILENCE", 1_000_000)
    press.tell(room, b"a")
    press.tell(room, b"b")
    if way == "write":
        room[0].write(b"c")
    else:
        room[0].write_at_once(b"c", 1)
    press.tell(room, b"d")
    eventlet.sleep(0)
    assert look() == [b"abcd", b"abd", b"abd"]
