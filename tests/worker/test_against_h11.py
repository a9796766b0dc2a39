"""Heads and bodies beside h11, which keeps to RFC 9112: what we accept it accepts, and alike.

A request that two servers on the way understand differently can carry another one past the first
of them ("request smuggling"). What we refuse and h11 accepts is our own affair.
"""

import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import h11
import pytest

from worker.conftest import serving
from worker.process import Gunicorn

EXAMPLES = int(os.environ.get("PROJCHAT_FUZZ_EXAMPLES") or 1500)
SEED = int(os.environ.get("PROJCHAT_FAULTS_SEED") or random.SystemRandom().randrange(10**6))
Seen = list[tuple[str, str, str]]

METHODS = [b"GET", b"POST", b"PUT", b"get", b"G@T", b"", b"POST ", b"\tPOST"]
TARGETS = [b"/", b"/a?b=c", b"*", b"http://host/a", b"/a b", b"/\xff", b"/\x00", b"/a\tb", b""]
VERSIONS = [b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"HTTP/1.10", b""]
ENDS = [b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\n", b""]
NAMES = [b"X-A", b"Host", b"X-A ", b" X-A", b"X\x00", b"", b"X:A", "Ü".encode(), b"Connection"]
VALUES = [b"a", b"", b" a ", b"a\x00b", b"a\rb", b"\x7f", b"\xff", b"close", b"a\tb"]
LENGTHS = [b"5", b"+5", b"05", b"5, 5", b"5 ", b"0x5", b"-1", b"", b"5_0", "٥".encode(), b"1e1"]
CODINGS = [
    b"chunked",
    b"Chunked",
    b" chunked",
    b"chunked ",
    b"identity",
    b"gzip, chunked",
    b"\x0bchunked",
]
SIZES = [
    b"5",
    b"005",
    b"0x5",
    b"+5",
    b"5 ",
    b" 5",
    b"5;a=b",
    b"5;",
    b"5\t",
    b"A",
    b"",
    b"5_0",
    b"ffffffffff",
]
PIECES = [b"hello", b"hell", b"hello!", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"]
LASTS = [b"0", b"00", b"0;a", b"-0", b"0x0"]


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    folder = tmp_path_factory.mktemp("echo")
    conf = Path(__file__).with_name("impatient_conf.py")
    yield from serving(Gunicorn(folder, "toy_echo:app", conf=conf))


def test_understands_no_request_otherwise_than_h11(echo: Gunicorn):
    dice = random.Random(SEED)
    accepted = 0
    for example in range(EXAMPLES):
        given = b"".join(_request(dice) for _ in range(dice.choice((1, 1, 2))))
        ours, theirs = _as_we_see(echo, given), _as_h11_sees(given)
        assert ours == theirs[: len(ours)], (SEED, example, given)
        accepted += len(ours)
    assert accepted > EXAMPLES / 20  # Examples that nobody accepts would show nothing.
    assert not echo.tracebacks(), echo.log()


def _request(dice: random.Random) -> bytes:
    """A request that is right but for a few things."""

    def pick(choices: list[bytes], right: int = 1) -> bytes:
        return dice.choice(choices[:right] if dice.random() < 0.9 else choices)

    line = b" ".join([pick(METHODS, 3), pick(TARGETS, 2), pick(VERSIONS, 2)]) + pick(ENDS)
    fields = [pick(NAMES) + b": " + pick(VALUES) for _ in range(dice.randrange(3))]
    fields += dice.choice((_no_body, _body_of_length, _body_in_chunks, _body_of_both))(pick)
    fields.insert(0, b"Host: a")
    body = fields.pop()
    return line + b"".join(field + pick(ENDS) for field in fields) + pick(ENDS) + body


Pick = Callable[..., bytes]


def _no_body(pick: Pick) -> list[bytes]:
    return [b""]


def _body_of_length(pick: Pick) -> list[bytes]:
    return [b"Content-Length: " + pick(LENGTHS), b"hello"]


def _body_in_chunks(pick: Pick) -> list[bytes]:
    chunk = pick(SIZES, 2) + pick(ENDS) + pick(PIECES) + pick(ENDS)
    trailers = pick([b"", b"X-T: 1\r\n", b"X-T\r\n", b" X-T: 1\r\n", b"X-T: 1\n"], 2)
    body = chunk + pick(LASTS, 2) + pick(ENDS) + trailers + pick(ENDS)
    return [b"Transfer-Encoding: " + pick(CODINGS, 2), body]


def _body_of_both(pick: Pick) -> list[bytes]:
    *fields, body = _body_in_chunks(pick)
    return [b"Content-Length: " + pick(LENGTHS), *fields, body]


def _as_we_see(echo: Gunicorn, given: bytes) -> Seen:
    """The requests that our server has taken for whole."""
    seen = []
    answer = echo.ask(given)
    while answer.startswith(b"HTTP/1.1 200"):
        head, _, rest = answer.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        text, answer = rest[:length], rest[length:]
        if not text:  # HEAD has none.
            break
        said = json.loads(text)
        seen.append((said["method"], said["target"], said["body"]))
    return seen


def _as_h11_sees(given: bytes) -> Seen:
    """The requests that h11 takes for whole."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    connection.receive_data(given)
    connection.receive_data(b"")
    seen: Seen = []
    head, body = None, b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                head, body = event, b""
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                seen.append((head.method.decode(), head.target.decode("latin-1"), body.hex()))
                connection.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is not h11.DONE:
                    return seen
                connection.start_next_cycle()
            else:
                return seen
    except h11.RemoteProtocolError:
        return seen
