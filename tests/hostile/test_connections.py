"""Whoever opens connections without end, or says something without end, is bounded."""

import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
import requests
import websocket

from projchat.realtime.frame_budget import FRAMES_AT_ONCE
from projchat.realtime.websockets import MOST_UPGRADES
from support.cast import Cast
from support.person import Person
from support.server import Server

from .blocking import MOST_SECONDS, wait_beside

SOCKET = "/api/socket/?EIO=4&transport="
PER_ADDRESS = 6
PER_PERSON = 3
ANSWER_SECONDS = 5
# A client that vanishes without a word is noticed by a ping that nobody answers.
LONGEST_SECONDS = 30
FLOOD_SECONDS = 3
HUNG_UP = "Disconnected client: more than"
CLOSED = (websocket.WebSocketException, OSError)
numbers = count(1)


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, backend: Any) -> Iterator[Cast]:
    """Everybody on a server with low bounds, which believes what a proxy says of addresses."""
    server = Server(
        tmp_path_factory.mktemp("gate"),
        backend,
        PROJCHAT_LIMITS="on",
        PROJCHAT_PROXIES="1",
        PROJCHAT_LOGINS_PER_MINUTE="1000",
        PROJCHAT_SOCKETS_PER_ADDRESS=str(PER_ADDRESS),
        PROJCHAT_SOCKETS_PER_PERSON=str(PER_PERSON),
    )
    try:
        yield Cast(server.start())
    finally:
        server.close()


class Address:
    """Somebody's place in the network, from where connections are opened."""

    def __init__(self, server: Server, text: str) -> None:
        self.server = server
        self.text = text
        self.opened: list[Any] = []

    def headers(self, person: Person | None = None) -> dict[str, str]:
        forwarded = {"X-Forwarded-For": self.text}
        if not person:
            return forwarded
        return {**forwarded, "Cookie": person.cookie_header(), "Origin": self.server.url}

    def websocket(self, person: Person | None = None, sid: str = "") -> Any:
        """Open a websocket, for a session that polls if one is given."""
        connection = websocket.create_connection(
            self.server.url.replace("http", "ws") + f"{SOCKET}websocket" + (sid and f"&sid={sid}"),
            header=self.headers(person),
            suppress_origin=True,
            timeout=ANSWER_SECONDS,
        )
        self.opened.append(connection)
        return connection

    def polling(self, person: Person | None = None) -> "Polling":
        """Begin a session that polls."""
        session = Polling(f"{self.server.url}{SOCKET}polling", self.headers(person))
        self.opened.append(session)
        return session

    def enter(self, person: Person) -> Any:
        """Open a websocket and go through the greetings; with the last of them."""
        connection = self.websocket(person)
        connection.recv()
        connection.send("40")
        return connection, connection.recv()

    def hang_up(self) -> None:
        while self.opened:
            with suppress(OSError):
                self.opened.pop().shutdown()


class Polling:
    """A session that polls."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.headers = headers
        answer = requests.get(url, headers=headers, timeout=ANSWER_SECONDS)
        answer.raise_for_status()
        self.sid: str = json.loads(answer.text[1:])["sid"]
        self.url = f"{url}&sid={self.sid}"

    def ask(self, **fields: str) -> requests.Response:
        headers = {**self.headers, **fields}
        return requests.get(self.url, headers=headers, timeout=2 * ANSWER_SECONDS)

    def say(self, packets: str) -> requests.Response:
        return requests.post(self.url, packets, headers=self.headers, timeout=ANSWER_SECONDS)

    def shutdown(self) -> None:
        self.say("1")


@pytest.fixture
def address(gate: Cast) -> Iterator[Address]:
    """An address that nobody else has."""
    made = Address(gate.server, f"198.51.100.{next(numbers)}")
    yield made
    made.hang_up()


@pytest.fixture
def person(gate: Cast) -> Person:
    return gate.newcomer()


def refusal(open_one: Callable[[], Any]) -> websocket.WebSocketBadStatusException:
    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        open_one()
    return caught.value


def fill(open_one: Callable[[], Any], most: int) -> None:
    """Open so many, as soon as what was closed before has been noticed."""
    ends = time.monotonic() + LONGEST_SECONDS
    for place in range(most):
        while not open_one():
            assert time.monotonic() < ends, f"{most - place} places were not given back."
            time.sleep(0.05)


# --- How many connections an address may hold ---


def test_an_address_may_hold_so_many(address: Address) -> None:
    for _ in range(PER_ADDRESS):
        address.websocket()
    refused = refusal(address.websocket)
    assert refused.status_code == 429
    assert int(refused.resp_headers["retry-after"]) > 0
    assert json.loads(refused.resp_body)["error"]["code"] == "too_many_connections"


def test_those_that_poll_count_as_well(address: Address) -> None:
    for _ in range(PER_ADDRESS):
        address.polling()
    answer = requests.get(
        f"{address.server.url}{SOCKET}polling", headers=address.headers(), timeout=ANSWER_SECONDS
    )
    assert answer.status_code == 429
    assert answer.headers["Retry-After"]
    assert refusal(address.websocket).status_code == 429


def test_other_words_in_the_query_do_not_help(address: Address) -> None:
    for _ in range(PER_ADDRESS):
        address.polling()
    for words in ("&sid=", "&xsid=1", "&sid", "&SID=1"):
        url = f"{address.server.url}{SOCKET}polling{words}"
        answer = requests.get(url, headers=address.headers(), timeout=ANSWER_SECONDS)
        assert answer.status_code == 429


def test_an_ipv6_network_is_one_address(gate: Cast) -> None:
    people = [Address(gate.server, f"2001:db8:0:9::{n:x}") for n in range(1, PER_ADDRESS + 2)]
    for one in people[:-1]:
        one.websocket()
    assert refusal(people[-1].websocket).status_code == 429
    for one in people:
        one.hang_up()


def test_other_addresses_and_other_requests_are_not_concerned(gate: Cast, address: Address) -> None:
    for _ in range(PER_ADDRESS):
        address.websocket()
    elsewhere = Address(gate.server, f"198.51.100.{next(numbers)}")
    assert elsewhere.websocket().recv()
    elsewhere.hang_up()
    health = f"{gate.server.url}/healthz"
    assert requests.get(health, headers=address.headers(), timeout=ANSWER_SECONDS).ok


def say_goodbye(address: Address, person: Person) -> None:
    connection, _ = address.enter(person)
    connection.send("41")
    connection.close()


def cut(address: Address, person: Person) -> None:
    connection, _ = address.enter(person)
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown()


def come_without_a_login(address: Address, _person: Person) -> None:
    connection = address.websocket()
    connection.recv()
    connection.send("40")
    assert connection.recv() == '44{"message":"unauthenticated"}'
    connection.close()


def leave_at_once(address: Address, _person: Person) -> None:
    address.websocket().shutdown()


def break_the_protocol(address: Address, person: Person) -> None:
    connection, _ = address.enter(person)
    connection.send("9")
    with suppress(*CLOSED):
        while connection.recv():
            pass


def log_out(address: Address, person: Person) -> None:
    address.enter(person)
    assert person.logout().ok
    assert person.login().ok


def end_a_poll(address: Address, person: Person) -> None:
    session = address.polling(person)
    session.say("40")
    session.ask()
    assert session.say("1").ok


def refused_by_a_poll(address: Address, _person: Person) -> None:
    assert address.polling().say("9").status_code == 400


def change_to_a_websocket(address: Address, person: Person) -> None:
    session = address.polling(person)
    session.say("40")
    session.ask()
    connection = address.websocket(person, session.sid)
    connection.send("2probe")
    assert connection.recv() == "3probe"
    session.ask()
    connection.send("5")
    connection.send('421["leave_room",{"projectId":1}]')
    while not connection.recv().startswith("43"):
        pass
    connection.close()


def fail_to_change_to_a_websocket(address: Address, person: Person) -> None:
    session = address.polling(person)
    address.websocket(person, session.sid).close()
    assert session.say("1").ok


def handshake(server: Server, *fields: str) -> int:
    """Ask for a websocket in these words; the status of the answer."""
    head = [f"GET {SOCKET}websocket HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", *fields]
    with socket.create_connection(("127.0.0.1", server.port), ANSWER_SECONDS) as client:
        client.sendall("".join(f"{line}\r\n" for line in [*head, ""]).encode())
        return int(client.recv(1024).split()[1])


def fail_the_handshake(address: Address, _person: Person) -> None:
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    fields = [f"X-Forwarded-For: {address.text}", "Connection: Upgrade", key]
    assert handshake(address.server, *fields, "Sec-WebSocket-Version: 99") == 426


def vanish_from_polling(address: Address, person: Person) -> None:
    session = address.polling(person)
    session.say("40")
    session.ask()


ENDS = [
    say_goodbye,
    cut,
    come_without_a_login,
    leave_at_once,
    break_the_protocol,
    log_out,
    end_a_poll,
    refused_by_a_poll,
    change_to_a_websocket,
    fail_to_change_to_a_websocket,
    fail_the_handshake,
    vanish_from_polling,
]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_places_are_given_back(address: Address, person: Person, end: Any) -> None:
    """However connections end: as many fit as before, and not one more."""
    for _ in range(2):
        end(address, person)

    def enter() -> bool:
        with suppress(websocket.WebSocketBadStatusException):
            connection, answer = address.enter(person)
            if answer.startswith("40"):
                return True
            connection.close()
        return False

    fill(enter, PER_PERSON)
    assert not enter()

    def open_one() -> bool:
        with suppress(websocket.WebSocketBadStatusException):
            address.websocket()
            return True
        return False

    fill(open_one, PER_ADDRESS - PER_PERSON)
    assert not open_one()


@pytest.mark.parametrize(
    "fields",
    [
        ["Connection: keep-alive", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: eA=="],
        ["Connection: Upgrade"],
        ["Connection: Upgrade", "Sec-WebSocket-Key1: 1 2", "Sec-WebSocket-Key2: 1 2"],
        ["Connection: Upgrade", "Sec-WebSocket-Version: 13"],
    ],
    ids=["no-upgrade", "no-version", "old-version", "no-key"],
)
def test_what_is_no_handshake_is_refused(gate: Cast, fields: list[str]) -> None:
    """Before a session is made, so the address does not run out of places by it."""
    address = f"X-Forwarded-For: 198.51.100.{next(numbers)}"
    for _ in range(PER_ADDRESS + 1):
        assert handshake(gate.server, address, *fields) == 400


def test_a_session_has_few_websockets_at_once(address: Address) -> None:
    """What is beyond would be connections that nobody counts."""
    session = address.polling()
    for _ in range(MOST_UPGRADES):
        address.websocket(sid=session.sid)
    assert refusal(lambda: address.websocket(sid=session.sid)).status_code == 400
    address.opened[1].close()
    assert address.websocket(sid=session.sid)


def test_a_session_has_one_poll_at_once(address: Address) -> None:
    session = address.polling()
    with ThreadPoolExecutor(2) as pool:
        polls = [pool.submit(session.ask, Upgrade="nothing") for _ in range(2)]
        assert sorted(poll.result().status_code for poll in polls) == [200, 400]
    session.say("3")
    assert session.ask().ok


# --- How many connections a person may hold ---


def test_a_person_may_hold_so_many(gate: Cast, address: Address, person: Person) -> None:
    for _ in range(PER_PERSON):
        assert address.enter(person)[1].startswith("40")
    elsewhere = Address(gate.server, f"198.51.100.{next(numbers)}")
    refused, answer = elsewhere.enter(person)
    assert answer == '44{"message":"too_many_connections"}'
    assert elsewhere.enter(gate.newcomer())[1].startswith("40")
    address.opened.pop().close()
    ends = time.monotonic() + ANSWER_SECONDS
    while not answer.startswith("40"):
        assert time.monotonic() < ends
        refused.send("40")
        answer = refused.recv()
    elsewhere.hang_up()


def test_nobody_is_counted_where_limits_are_off(make_server: Any) -> None:
    server = make_server(
        PROJCHAT_LIMITS="off", PROJCHAT_SOCKETS_PER_ADDRESS="1", PROJCHAT_SOCKETS_PER_PERSON="1"
    )
    person = Cast(server).administrator()
    address = Address(server, "127.0.0.1")
    assert [address.enter(person)[1][:2] for _ in range(5)] == ["40"] * 5
    address.hang_up()


# --- How much a connection may say ---


def frame(data: str | bytes, opcode: int = websocket.ABNF.OPCODE_TEXT, fin: int = 1) -> bytes:
    """The bytes of a client's frame."""
    made: bytes = websocket.ABNF.create_frame(data, opcode, fin).format()
    return made


FLOODS = {
    "answers": frame("3"),
    "pings": frame(b"", websocket.ABNF.OPCODE_PING),
    "pongs": frame(b"", websocket.ABNF.OPCODE_PONG),
    "events": frame('421["nothing",{}]'),
    "malformed": frame("4zzz"),
    "pieces": frame("", websocket.ABNF.OPCODE_CONT, fin=0),
}


def pour(connection: Any, data: bytes, seconds: float) -> bool:
    """Send without end; whether the other side has hung up."""
    ends = time.monotonic() + seconds
    try:
        while time.monotonic() < ends:
            connection.sock.sendall(data)
    except OSError:
        return True
    return False


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_ends_its_connection(gate: Cast, address: Address, kind: str) -> None:
    connection, _ = address.enter(gate.newcomer())
    said = gate.server.log_size()
    if kind == "pieces":
        connection.sock.sendall(frame("", fin=0))
    assert pour(connection, FLOODS[kind] * 100, ANSWER_SECONDS)
    gate.server.wait_for_log(HUNG_UP, said)


def test_frames_that_come_a_byte_at_a_time_are_counted_too(address: Address) -> None:
    connection = address.websocket()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    said = address.server.log_size()
    with suppress(OSError):
        for byte in frame("x" * 10_000):
            connection.sock.sendall(bytes([byte]))
            time.sleep(0.0005)
    address.server.wait_for_log(HUNG_UP, said)


def test_others_hardly_wait_for_a_flood(gate: Cast, address: Address) -> None:
    """Somebody without a login, who comes back each time."""
    cuts = 0

    def attack() -> None:
        nonlocal cuts
        ends = time.monotonic() + FLOOD_SECONDS
        while (left := ends - time.monotonic()) > 0:
            with suppress(*CLOSED):
                cuts += pour(address.websocket(), FLOODS["answers"] * 100, left)

    assert wait_beside(gate.server, attack).worst < MOST_SECONDS
    assert cuts > 0


def test_what_is_limited_is_still_answered(gate: Cast, address: Address) -> None:
    """Somebody who asks too often hears so, long before they are hung up on."""
    connection, _ = address.enter(gate.newcomer())
    many = 220
    said = (frame(f'42{turn}["nothing",{{}}]') for turn in range(many))
    connection.sock.sendall(b"".join(said))
    answers: list[str] = []
    while len(answers) < many:
        if (text := connection.recv()).startswith("43"):
            answers.append(json.loads(text[text.index("[") :])[0]["error"]["code"])
    assert set(answers) == {"unknown_event", "rate_limited"}


def test_a_steady_client_stays(gate: Cast, address: Address) -> None:
    connection, _ = address.enter(gate.newcomer())
    for _ in range(2 * FRAMES_AT_ONCE):
        connection.send("3")
        time.sleep(0.012)
    connection.send('421["leave_room",{"projectId":1}]')
    while not (answer := connection.recv()).startswith("43"):
        pass
    assert answer == '431[{"ok":true}]'


def test_a_flood_of_polled_packets_ends_its_session(gate: Cast, address: Address) -> None:
    session = address.polling()
    said = gate.server.log_size()
    statuses = [session.say("\x1e".join(["3"] * 60)).status_code for _ in range(10)]
    assert statuses[0] == 200
    assert statuses[-1] == 400
    gate.server.wait_for_log(HUNG_UP, said)
