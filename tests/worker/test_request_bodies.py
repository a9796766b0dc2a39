import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from worker.process import Gunicorn, get, receive_all
from worker.test_worker_requests import status_of

HEAD = b"POST /digest HTTP/1.1\r\nHost: toy\r\nTransfer-Encoding: chunked\r\n"
FLOOD_SECONDS = 3.0
# Without a turn for the others they wait as long as the flood lasts.
LONGEST_WAIT = 2.0


@pytest.mark.parametrize(
    "body",
    [
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"-0\r\n\r\n",
        b"0_5\r\nhello\r\n0\r\n\r\n",
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"5\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhello0\r\n\r\n",
        b"5\r\nhello!\r\n0\r\n\r\n",
        b"\r\n\r\n",
        b"5 5\r\nhello\r\n0\r\n\r\n",
        b"123456789\r\nhello\r\n0\r\n\r\n",
        b"5;" + b"x" * 300 + b"\r\nhello\r\n0\r\n\r\n",
        b"5;a\rb\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\r\n0\r\nno colon\r\n\r\n",
        b"5\r\nhello\r\n0\r\n" + b"X-Trailer: 1\r\n" * 200 + b"\r\n",
        b"5\r\nhello\r\n0\r\nX-Trailer: " + b"x" * 20_000 + b"\r\n\r\n",
        b"1\r\na\r\n" * 5000 + b"0\r\n\r\n",
    ],
)
def test_refuses_chunks_whose_framing_is_in_doubt(live: Gunicorn, body: bytes):
    answer = live.ask(HEAD + b"\r\n" + body)
    assert status_of(answer) == 400
    assert answer.count(b"HTTP/1.") == 1


@pytest.mark.parametrize(
    "body",
    [
        b"5\r\nhello\r\n0\r\n\r\n",
        b"5;name=value\r\nhello\r\n0\r\n\r\n",
        b'5 ; name="quoted value"\r\nhello\r\n0\r\n\r\n',
        b"05\r\nhello\r\n000\r\n\r\n",
        b"5\r\nhello\r\n0\r\nX-Trailer: said afterwards\r\n\r\n",
        b"1\r\nh\r\n1\r\ne\r\n3\r\nllo\r\n0\r\n\r\n",
    ],
)
def test_reads_chunks_as_the_protocol_has_them(live: Gunicorn, body: bytes):
    answer = live.ask(HEAD + b"Connection: close\r\n\r\n" + body)
    assert b"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" in answer


def test_hangs_up_on_a_chunked_body_that_nobody_reads(live: Gunicorn):
    refused = HEAD.replace(b"/digest", b"/nowhere") + b"\r\n5\r\nhello\r\n"
    with live.connect() as client:
        client.sendall(refused)
        answer = receive_all(client)
    assert status_of(answer) == 404
    assert b"connection: close" in answer.lower()


def test_a_size_without_an_end_is_not_gathered(live: Gunicorn):
    with live.connect() as client:
        client.sendall(HEAD + b"\r\n5;")
        sent = 0
        with suppress(OSError):
            while sent < 100 << 20:
                sent += client.send(b"x" * (1 << 16))
        assert sent < 100 << 20
    assert live.get("/who")


def test_gives_up_a_body_that_trickles(impatient: Gunicorn):
    began = time.monotonic()
    with impatient.connect() as client:
        client.sendall(b"POST /digest HTTP/1.1\r\nHost: toy\r\nContent-Length: 1000\r\n\r\n")
        with suppress(OSError):
            for _ in range(60):
                client.sendall(b"x")
                time.sleep(0.25)
                if time.monotonic() - began > 10:
                    pytest.fail("It waited for a byte now and then.")


@pytest.mark.parametrize(
    ("path", "flood"),
    [
        (b"/digest", b"1\r\na\r\n"),
        (b"/nowhere", b"1\r\na\r\n"),
        (b"/digest", b"400\r\n" + b"a" * 1024 + b"\r\n"),
        (b"/digest", b"0\r\n" + b"T:\r\n" * 20_000),
    ],
    ids=["one byte a chunk", "nobody reads it", "as long as one likes", "trailers"],
)
def test_a_body_without_end_holds_up_nobody_else(live: Gunicorn, path: bytes, flood: bytes):
    other = live.session()
    assert get(other, "/who")
    stop = threading.Event()
    flooding = threading.Thread(target=_flood, args=(live, path, flood, stop))
    flooding.start()
    try:
        worst = max(_waits(other))
    finally:
        stop.set()
        flooding.join()
        other.close()
    print(f"The longest wait beside it: {worst * 1000:.0f} ms.")  # noqa: T201
    assert worst < LONGEST_WAIT


def _waits(other: object) -> Iterator[float]:
    ends = time.monotonic() + FLOOD_SECONDS
    while (began := time.monotonic()) < ends:
        assert get(other, "/who")  # type: ignore[arg-type]
        yield time.monotonic() - began
        time.sleep(0.02)


def _flood(live: Gunicorn, path: bytes, flood: bytes, stop: threading.Event) -> None:
    """Send without end, and come back at once where it is refused."""
    several = flood * max(1, (1 << 16) // len(flood))
    while not stop.is_set():
        with suppress(OSError), live.connect() as client:
            client.settimeout(1)
            client.sendall(HEAD.replace(b"/digest", path) + b"\r\n")
            while not stop.is_set():
                client.sendall(several)
