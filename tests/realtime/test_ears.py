"""What the server hears of a websocket, and that nobody has to wait for those who say much."""

import json
import socket
import time
from contextlib import suppress

import pytest
import requests
import websocket

SOCKET = "/api/socket/?EIO=4&transport="


@pytest.fixture
def opened(server):
    """Open a websocket as a person, new or for a session that polls."""
    made = []

    def connect(person, sid=""):
        connection = websocket.create_connection(
            server.url.replace("http", "ws") + f"{SOCKET}websocket" + (sid and f"&sid={sid}"),
            cookie=person.cookie_header(),
            origin=server.url,
            timeout=20,
        )
        made.append(connection)
        return connection

    yield connect
    for connection in made:
        connection.shutdown()


@pytest.fixture
def bobs(opened, bob):
    """A websocket of Bob's that is through all greetings."""
    connection = opened(bob)
    assert connection.recv().startswith("0")
    connection.send("40")
    assert connection.recv().startswith("40")
    return connection


@pytest.fixture
def polled(server, bob):
    """A session of Bob's that polls: ask for what there is, or say something."""
    headers = {"Cookie": bob.cookie_header(), "Origin": server.url}
    url = f"{server.url}{SOCKET}polling"
    opening = requests.get(url, headers=headers, timeout=5).text
    sid = json.loads(opening[1:])["sid"]

    def poll(said=None):
        address = f"{url}&sid={sid}"
        if said is None:
            return requests.get(address, headers=headers, timeout=5)
        return requests.post(address, said, headers=headers, timeout=5)

    poll.sid = sid
    return poll


def heard(connection):
    """The next packet that is no event: Bob may be told of what happens in his projects."""
    while (packet := connection.recv()).startswith("42"):
        pass
    return packet


def closing_code(connection):
    """The reason in the closing frame; what comes before it is passed over."""
    while True:
        opcode, data = connection.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return int.from_bytes(data[:2], "big")


def frame(data, opcode=websocket.ABNF.OPCODE_TEXT):
    """The bytes of a client's frame."""
    return websocket.ABNF.create_frame(data, opcode).format()


def test_a_ping_is_answered_with_what_it_brought(bobs):
    bobs.ping("are you there")
    opcode, data = bobs.recv_data(control_frame=True)
    assert (opcode, data) == (websocket.ABNF.OPCODE_PONG, b"are you there")


def test_a_goodbye_is_answered(bobs):
    bobs.send_close(1000)
    assert closing_code(bobs) == 1000


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"\x81\x02hi", 1002),  # without a mask
        (b"\x83\x80\0\0\0\0", 1002),  # an opcode that means nothing
        (b"\xc1\x80\0\0\0\0", 1002),  # compressed, which was not agreed
        (frame(b"\xff\xfe"), 1007),
        (frame("x" * 40_000), 1009),
    ],
    ids=["no-mask", "opcode", "compressed", "no-text", "too-long"],
)
def test_it_says_why_it_hangs_up(bobs, sent, code):
    bobs.sock.sendall(sent)
    assert closing_code(bobs) == code


def test_a_frame_may_come_byte_by_byte(bobs):
    for byte in frame('421["leave_room",{"projectId":1}]'):
        bobs.sock.sendall(bytes([byte]))
        time.sleep(0.005)
    assert heard(bobs) == '431[{"ok":true}]'


def test_what_looks_like_the_answer_to_a_ping_may_be_the_middle_of_a_message(bobs):
    said = b'429[  \n"leave_room",{"projectId":1}]'
    key = bytes([said[0] ^ 0x81, said[1] ^ 0x81, 0, 0])
    masked = bytes(byte ^ key[place % 4] for place, byte in enumerate(said))
    middle = masked[:7]
    assert middle[:2] == frame("3")[:2]
    assert middle[2] ^ middle[6] == ord("3")
    for part in (bytes([0x81, 0x80 | len(said)]) + key, middle, masked[7:]):
        bobs.sock.sendall(part)
        time.sleep(0.05)
    assert heard(bobs) == '439[{"ok":true}]'


def test_an_answer_to_a_ping_cannot_come_between_the_parts_of_a_message(bobs):
    for part in (b"\x01\x81\0\0\0\x004", frame("3")):
        bobs.sock.sendall(part)
        time.sleep(0.05)
    assert closing_code(bobs) == 1002


def test_many_frames_may_come_at_once(bobs):
    many = 200
    said = (frame(f'42{turn}["leave_room",{{"projectId":1}}]') for turn in range(many))
    bobs.sock.sendall(b"".join(said))
    assert [heard(bobs) for _ in range(many)] == [
        f'43{turn}[{{"ok":true}}]' for turn in range(many)
    ]


def test_whoever_says_much_leaves_the_others_their_turn(bobs, alice):
    many = 3000
    bobs.sock.sendall(frame('421["leave_room",{"projectId":1}]') * many)
    received = bobs.sock.recv(1)
    assert alice.get("/healthz").status_code == 200
    bobs.sock.setblocking(False)
    with suppress(BlockingIOError):
        while data := bobs.sock.recv(1 << 16):
            received += data
    assert 0 < received.count(b'431[{"ok":true}]') < many


def test_what_was_said_before_leaving_still_counts(alice, opened, bob, project):
    listener = alice.live()
    listener.join(project.id)
    leaving = opened(bob)
    said = [
        frame("40"),
        frame(f'42["join_room",{{"projectId":{project.id}}}]'),
        frame(f'42["typing",{{"projectId":{project.id},"isTyping":true}}]'),
    ]
    leaving.sock.sendall(b"".join(said))
    leaving.sock.shutdown(socket.SHUT_WR)
    assert listener.wait_for("user-typing")["userName"] == "Bob"


def test_whoever_answers_no_ping_is_hung_up_on(bobs):
    assert heard(bobs) == "2"
    with pytest.raises((websocket.WebSocketException, OSError)):
        heard(bobs)


def test_a_websocket_takes_over_from_polling(opened, polled, bob):
    polled("40")
    assert polled().text.startswith("40")
    ours = opened(bob, polled.sid)
    ours.send("2probe")
    assert heard(ours) == "3probe"
    assert "6" in polled().text
    ours.send("5")
    ours.send('421["leave_room",{"projectId":1}]')
    while (answer := heard(ours)) == "6":
        pass
    assert answer == '431[{"ok":true}]'


@pytest.mark.parametrize("said", ["5", "2", "probe", '42["leave_room",{"projectId":1}]'])
def test_without_the_probe_polling_goes_on(opened, polled, bob, said):
    polled("40")
    assert polled().text.startswith("40")
    ours = opened(bob, polled.sid)
    ours.send(said)
    with pytest.raises((websocket.WebSocketException, OSError)):
        ours.recv()
    polled('421["leave_room",{"projectId":1}]')
    assert polled().text == '431[{"ok":true}]'


def test_two_websockets_cannot_both_take_over(opened, polled, bob):
    polled("40")
    first, second = opened(bob, polled.sid), opened(bob, polled.sid)
    for each in (first, second):
        each.send("2probe")
        assert heard(each) == "3probe"
    first.send("5")
    first.send('421["leave_room",{"projectId":1}]')
    assert heard(first).startswith(("40", "43", "6"))
    second.send("5")
    with pytest.raises((websocket.WebSocketException, OSError)):
        second.recv()
    first.send('422["leave_room",{"projectId":1}]')
    while (answer := heard(first)) != '432[{"ok":true}]':
        assert answer
