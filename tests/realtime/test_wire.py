"""What comes over the wire from somebody who does not keep to the protocol."""

import json
from threading import Event, Thread

import pytest
import requests
import socketio
import websocket

from support.cast import Cast

SOCKET = "/api/socket/?EIO=4&transport=websocket"
OTHER_ORIGIN = "https://evil.example"


@pytest.fixture
def raw(server):
    """Connect as a person, without a client library above the websocket."""
    made = []

    def connect(person):
        connection = websocket.create_connection(
            server.url.replace("http", "ws") + SOCKET,
            cookie=person.cookie_header(),
            origin=server.url,
            timeout=5,
        )
        made.append(connection)
        assert connection.recv().startswith("0")
        connection.send("40")
        assert connection.recv().startswith("40")
        return connection

    yield connect
    for connection in made:
        connection.shutdown()


def answer(connection, packet):
    """Send a packet that asks for acknowledgement 1 and return what comes with it."""
    connection.send(packet)
    while True:
        text = connection.recv()
        if text == "2":
            connection.send("3")
        elif text.startswith("431"):
            return json.loads(text[3:])[0]


def listen_for_ever(connection):
    while True:
        connection.recv()


def send_for_ever(connection, frame):
    while True:
        connection.send_frame(frame)


def test_anonymous_connections_are_refused(anonymous):
    anonymous.get("/api/session")
    with pytest.raises(socketio.exceptions.ConnectionError):
        anonymous.live()


def test_a_forged_cookie_is_refused(anonymous):
    anonymous.http.cookies.set("projchat", "eyJfdXNlcl9pZCI6IjEifQ.aaaaaa.bbbbbbbb")
    with pytest.raises(socketio.exceptions.ConnectionError):
        anonymous.live()


@pytest.mark.parametrize("origin", [OTHER_ORIGIN, "null", "http://127.0.0.1:1"])
def test_foreign_origins_are_refused(bob, origin):
    with pytest.raises(socketio.exceptions.ConnectionError):
        bob.live(origin=origin)


def test_a_forged_forwarded_host_does_not_help(server, bob):
    headers = {
        "Origin": OTHER_ORIGIN,
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Cookie": bob.cookie_header(),
    }
    url = f"{server.url}/api/socket/?EIO=4&transport=polling"
    assert requests.get(url, headers=headers, timeout=5).status_code == 400


def test_our_own_origin_is_let_in(server, bob, project):
    assert bob.live(origin=server.url).join(project.id)["ok"]


def test_polling_works_too(alice, bob, project):
    live = bob.live(transports=("polling",))
    assert live.join(project.id)["ok"]
    sent = project.post(alice, "hello")
    assert live.wait_for("new-message") == sent


def test_an_unknown_event_is_answered(bob):
    assert bob.live().call("rm_rf", {})["error"]["code"] == "unknown_event"


@pytest.mark.parametrize("packet", ['421["*",{}]', '421["*"]', '421["*",1,2,3]'])
def test_the_librarys_name_for_all_events_is_an_unknown_event(raw, bob, packet):
    connection = raw(bob)
    connection.send(packet)
    texts = iter(connection.recv, None)
    assert "unknown_event" in next(text for text in texts if text.startswith("431"))


@pytest.mark.parametrize("name", ["new-message", "message-updated", "head", "room-closed"])
def test_a_client_cannot_speak_for_the_server(alice, bob, project, name):
    forger, reader = bob.live(), alice.live()
    forger.join(project.id)
    reader.join(project.id)
    assert forger.call(name, {"projectId": project.id, "version": 666})["ok"] is False
    reader.hears_nothing(name, lambda data: data.get("version") == 666, within=0.3)


def test_an_acknowledgement_is_in_peoples_own_letters(raw, alice, bob, project):
    since = project.version()
    project.post(alice, "Привет, 👋")
    connection = raw(bob)
    connection.send(f'421["join_room",{{"projectId":{project.id},"since":{since}}}]')
    texts = iter(connection.recv, None)
    acknowledged = next(text for text in texts if text.startswith("431"))
    assert '"content":"Привет, 👋"' in acknowledged
    assert "\\u" not in acknowledged


def test_the_first_thing_said_is_that_it_is_connected(raw, alice, bob, project):
    """Even while the person's own sockets are told something all the time."""
    number = project.post(alice, "hello")["number"]
    enough = Event()

    def change_their_mind():
        while not enough.is_set():
            assert bob.put(f"/api/projects/{project.id}/read", {"number": number}).ok
            assert bob.put(f"/api/projects/{project.id}/unread", {"number": number}).ok

    mind = Thread(target=change_their_mind)
    mind.start()
    try:
        for _ in range(20):
            raw(bob)
    finally:
        enough.set()
        mind.join()


@pytest.mark.parametrize("name", ["connect", "disconnect", "__disconnect_final"])
def test_reserved_names_do_no_harm(raw, alice, bob, project, name):
    connection = raw(bob)
    connection.send(f'427["{name}"]')
    assert answer(connection, f'421["join_room",{{"projectId":{project.id}}}]')["ok"]


@pytest.mark.parametrize(
    "packet",
    [
        "4",
        "42",
        "42[",
        "42{}",
        "42[]",
        "42[1]",
        "42[null]",
        '42["join_room"',
        '42["join_room",' + "[" * 5000,
        '451-["join_room",{"_placeholder":true,"num":0}]',
        '45999999999-["join_room"]',
        '431["never asked"]',
        "43",
        '42/other,["join_room",{}]',
        "40/other,",
        "44",
        "4z",
        "9",
        "zzz",
        "\x00",
        '42["join_room",{"projectId":1e400}]',
        '42["join_room",{"projectId":NaN}]',
        '42["\\ud800",{}]',
        "1",
    ],
)
def test_malformed_packets_disturb_nobody(raw, alice, bob, project, packet):
    witness = alice.live()
    witness.join(project.id)
    connection = raw(bob)
    connection.send(packet)
    sent = project.post(alice, "still here")
    assert witness.wait_for("new-message") == sent


def test_an_oversized_packet_ends_only_its_own_connection(raw, alice, bob, project):
    witness = alice.live()
    witness.join(project.id)
    connection = raw(bob)
    connection.send('42["join_room","' + "x" * 40_000 + '"]')
    with pytest.raises((websocket.WebSocketException, OSError)):
        listen_for_ever(connection)
    sent = project.post(alice, "still here")
    assert witness.wait_for("new-message") == sent


@pytest.mark.parametrize("piece", ["x" * 1000, ""])
def test_a_message_in_endless_pieces_ends_its_connection(raw, bob, piece):
    connection = raw(bob)
    first = websocket.ABNF.create_frame('42["join_room","', websocket.ABNF.OPCODE_TEXT, fin=0)
    more = websocket.ABNF.create_frame(piece, websocket.ABNF.OPCODE_CONT, fin=0)
    connection.send_frame(first)
    with pytest.raises((websocket.WebSocketException, OSError)):
        send_for_ever(connection, more)


def test_binary_frames_are_dropped(raw, bob, project):
    connection = raw(bob)
    connection.send_binary(b"\x04\x00\xff")
    assert answer(connection, f'421["join_room",{{"projectId":{project.id}}}]')["ok"]


def test_too_many_events_are_refused(make_server):
    server = make_server(PROJCHAT_LIMITS="on")
    live = Cast(server).administrator().live()
    answers = [live.call("leave_room", {"projectId": 1}) for _ in range(80)]
    assert answers[0] == {"ok": True}
    refused = [each["error"]["code"] for each in answers if not each["ok"]]
    assert set(refused) == {"rate_limited"}
    assert live.connected
    live.close()
