import hashlib
import json
import socket
from contextlib import suppress
from http.client import HTTPConnection

import pytest
import socketio

from worker.process import Gunicorn, get, receive_all

BODY = bytes(range(256)) * 4096
DIGEST = {"length": len(BODY), "sha256": hashlib.sha256(BODY).hexdigest()}
LARGEST = 4 << 20


def chunked(body: bytes, size: int = 50_000) -> bytes:
    chunks = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)


def post(connection: HTTPConnection, path: str, body: object, **headers: str) -> object:
    connection.request("POST", path, body, headers, encode_chunked=not isinstance(body, bytes))
    return connection.getresponse()


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


# --- Bodies ---


def test_it_reads_a_body_of_known_length(live: Gunicorn):
    connection = live.session()
    with post(connection, "/digest", BODY) as response:
        assert json.load(response) == DIGEST
    connection.close()


def test_it_reads_a_chunked_body_whole(live: Gunicorn):
    connection = live.session()
    with post(connection, "/digest", iter([BODY[:10], BODY[10:]])) as response:
        assert json.load(response) == DIGEST
    assert get(connection, "/who")
    connection.close()


def test_it_asks_for_the_body_of_a_client_that_waits_for_leave(live: Gunicorn):
    head = b"POST /digest HTTP/1.1\r\nHost: toy\r\nContent-Length: %d\r\n" % len(BODY)
    with live.connect() as client:
        client.sendall(head + b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(BODY)
        assert DIGEST["sha256"].encode() in receive_all(client)


def test_it_does_not_take_a_body_cut_short_for_a_whole_one(live: Gunicorn):
    head = b"POST /digest HTTP/1.1\r\nHost: toy\r\nContent-Length: 100\r\n\r\n"
    assert status_of(live.ask(head + b"only this")) == 400


def test_it_does_not_take_chunks_cut_short_for_a_whole_body(live: Gunicorn):
    head = b"POST /digest HTTP/1.1\r\nHost: toy\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert status_of(live.ask(head + b"64\r\nonly this")) == 400


def test_it_refuses_chunks_without_a_size(live: Gunicorn):
    head = b"POST /digest HTTP/1.1\r\nHost: toy\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert status_of(live.ask(head + b"many\r\nletters\r\n0\r\n\r\n")) == 400


def test_it_lets_the_client_hear_that_its_body_is_too_large(live: Gunicorn):
    body = b"x" * (LARGEST + 1)
    connection = live.session()
    with post(connection, "/digest", body) as response:
        assert response.status == 413
    with post(connection, "/digest", iter([body])) as response:
        assert response.status == 413
    assert get(connection, "/who")
    connection.close()


def test_it_goes_on_after_a_body_that_nobody_read(live: Gunicorn):
    connection = live.session()
    with post(connection, "/nowhere", BODY) as response:
        assert response.status == 404
        response.read()
    assert get(connection, "/who")
    connection.close()


def test_it_answers_requests_that_come_together_in_their_order(live: Gunicorn):
    first = b"POST /digest HTTP/1.1\r\nHost: toy\r\nTransfer-Encoding: chunked\r\n\r\n"
    second = b"GET /who HTTP/1.1\r\nHost: toy\r\nConnection: close\r\n\r\n"
    answer = live.ask(first + chunked(BODY) + b"0\r\n\r\n" + second)
    assert answer.index(b"sha256") < answer.index(b"pid")


# --- Heads that are no heads ---


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: 5, 5",
        b"Content-Length: +5",
        b"Content-Length: 0x5",
        b"Content-Length: -5",
        b"Content-Length: " + b"9" * 5000,
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: gzip",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Content-Length : 5",
        b"no colon here",
        b"X-Folded: a\r\n Content-Length: 5",
        b" Content-Length: 5",
        b"X-Bare: a\rContent-Length: 5",
        b"X-Zero: a\0b",
        b"X-Delete: a\x7fb",
        b"X-No-Colon",
        b"Host: another",
        "Content-Lëngth: 5".encode(),
    ],
)
def test_it_refuses_a_head_that_leaves_the_end_of_the_body_in_doubt(live: Gunicorn, headers: bytes):
    answer = live.ask(b"POST /digest HTTP/1.1\r\nHost: toy\r\n" + headers + b"\r\n\r\nhello")
    assert status_of(answer) == 400
    assert answer.count(b"HTTP/1.") == 1


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: toy\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: toy\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X-Many: 1\r\n" * 500 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + (b"X-Large: " + b"x" * 4000 + b"\r\n") * 5 + b"\r\n", 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET / HTTP/3.0\r\nHost: toy\r\n\r\n", 505),
        (b"GET /a b c HTTP/1.1\r\nHost: toy\r\n\r\n", 400),
        (b"GET /\r\n", 400),
        (b"GET  / HTTP/1.1\r\nHost: toy\r\n\r\n", 400),
        (b"G(T / HTTP/1.1\r\nHost: toy\r\n\r\n", 400),
        (b"GET / HTTP/1.1x\r\nHost: toy\r\n\r\n", 400),
    ],
)
def test_it_refuses_what_is_no_request(live: Gunicorn, request_head: bytes, status: int):
    answer = live.ask(request_head)
    assert status_of(answer) == status
    error = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
    assert error.keys() == {"code", "message", "fields"}


def test_it_does_not_serve_a_request_whose_head_breaks_off(live: Gunicorn):
    assert live.ask(b"GET /who HTTP/1.1\r\nHost: toy\r\nX-Ha") == b""
    assert live.ask(b"GET /who HTTP/1.1\r\nHost: toy\r\n") == b""


@pytest.mark.parametrize(
    ("version", "wish", "stays"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: close\r\n", False),
        (b"1.0", b"", False),
        (b"1.0", b"Connection: keep-alive\r\n", True),
    ],
)
def test_it_stays_as_long_as_the_client_wishes(
    live: Gunicorn, version: bytes, wish: bytes, stays: bool
):
    head = b"GET /who HTTP/%s\r\nHost: toy\r\n%s\r\n" % (version, wish)
    assert live.ask(head * 2).count(b"HTTP/1.1 200") == (2 if stays else 1)


# --- What the application is told ---


def test_it_believes_only_its_own_proxies_about_the_client(gunicorn):
    forged = {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Host": "evil", "Forwarded": "for=1.2.3.4"}
    for trusted, believed in (("127.0.0.1", True), ("10.1.0.0/16", False)):
        server = gunicorn(FORWARDED_ALLOW_IPS=trusted)
        connection = server.session()
        connection.request("GET", "/show", headers=forged)
        with connection.getresponse() as response:
            environ = json.load(response)
        connection.close()
        assert ("HTTP_X_FORWARDED_FOR" in environ) == believed
        assert ("HTTP_X_FORWARDED_HOST" in environ) == believed
        assert ("HTTP_FORWARDED" in environ) == believed
        assert environ["SERVER_PROTOCOL"] == "HTTP/1.1"


# --- Socket.IO ---


@pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]])
def test_it_carries_socketio(live: Gunicorn, transports: list[str]):
    with socketio.SimpleClient() as client:
        client.connect(
            f"http://127.0.0.1:{live.port}", socketio_path="/api/socket", transports=transports
        )
        assert client.call("echo", "Привет ✅", timeout=5) == "Привет ✅"
        assert client.receive(timeout=5) == ["said", "Привет ✅"]


def test_it_does_not_compress_websockets(live: Gunicorn):
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate"}
    client = live.websocket(header=offer)
    assert "sec-websocket-extensions" not in client.getheaders()
    client.close()


def test_it_survives_websockets_that_break_off(live: Gunicorn):
    for _ in range(5):
        client = live.websocket()
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        client.sock.close()
    assert live.get("/who")


def test_a_client_that_asks_without_a_pause_leaves_the_others_their_turn(live: Gunicorn):
    many = 1000
    with live.connect() as hasty:
        other = live.session()
        assert get(other, "/who")
        hasty.sendall(b"GET /who HTTP/1.1\r\nHost: toy\r\n\r\n" * many)
        received = hasty.recv(1)
        assert get(other, "/who")
        other.close()
        hasty.setblocking(False)
        with suppress(BlockingIOError):
            while data := hasty.recv(1 << 16):
                received += data
        assert 0 < received.count(b"HTTP/1.1 200") < many
