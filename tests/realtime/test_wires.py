"""The fan-out's own way to write to websockets, and what it leans on."""

import json

import pytest
import websocket

from projchat.realtime import wires


def test_the_libraries_are_as_it_expects_them():
    """If this fails, a new version has moved what wires.py names in its first lines."""
    assert wires.fits()


def test_it_leaves_a_library_that_it_does_not_know_alone(monkeypatch):
    class Server:
        """Fails if anything of it is touched."""

    monkeypatch.setattr(wires, "fits", lambda: False)
    assert wires.install(Server()) is False


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
    for turn in range(30):
        project.post(alice, f"{turn} " + "слово " * 1000)
    answer = bob.live().join(project.id, since=since)
    assert len(answer["messages"]) == 30
    assert len(json.dumps(answer)) > 65536
