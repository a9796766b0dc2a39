import re
import socket
from urllib.parse import quote

import pytest

from projchat.logs import path_of, printable, without_invite
from worker.process import Gunicorn

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d "


def test_each_request_is_one_line(gunicorn):
    server = gunicorn()
    server.get("/show?secret=1")
    server.wait_for_log("GET /show")
    lines = re.findall(rf"^{TIME}GET /show 200 \d+ B \d+ ms id=r-1$", server.log(), re.MULTILINE)
    assert len(lines) == 1
    assert "secret" not in server.log()


def test_a_websocket_is_a_line_when_it_ends(live: Gunicorn):
    live.websocket().close()
    live.wait_for_log("GET /api/socket/ 101 - ")
    assert "transport" not in live.log()


def test_a_refused_request_is_a_line_without_its_text(live: Gunicorn):
    live.ask(b"SECRET\x1b[31m\r\n\r\n")
    live.wait_for_log("- - 400 ")
    assert "SECRET" not in live.log()


@pytest.mark.parametrize(
    "path",
    [
        "/invite/TOKEN",
        "/api/invites/TOKEN",
        "/invite/TOKEN?fail=1",
        "/api/invites/TOKEN?fail=1",
        "/invite//TOKEN",
        "//invite/TOKEN",
        "/%69nvite/TOKEN",
        "/invite%2FTOKEN",
        "/Invite/TOKEN",
        "/invite/a%20TOKEN?fail=1",
        "/invite/a%0aTOKEN?fail=1",
    ],
)
def test_an_invite_is_no_secret_told(live: Gunicorn, path: str):
    before = len(live.log())
    live.ask(f"GET {path} HTTP/1.1\r\nHost: toy\r\nCookie: session=COOKIE\r\n\r\n".encode())
    line = rf"{TIME}GET /+invite/?… \d+|{TIME}GET /api/invites/… \d+"
    live.wait_for_log("invite")
    assert re.search(line, live.log()[before:], re.IGNORECASE)
    assert "TOKEN" not in live.log()
    assert "COOKIE" not in live.log()


def test_nobody_can_forge_a_line(live: Gunicorn):
    live.ask(b"GET /x%0a2026-01-01%2000:00:00%20forged%1b[31m%e2%80%ae HTTP/1.1\r\nHost: x\r\n\r\n")
    live.get("/say?text=" + quote("one\n2026-01-01 00:00:00 forged\rtwo\u2028three\x1b[0m"))
    live.wait_for_log("GET /say")
    assert not re.search(r"^2026-01-01 00:00:00 forged", live.log(), re.MULTILINE)
    assert "\x1b" not in live.log()
    assert "\u202e" not in live.log()


@pytest.mark.parametrize(
    "environment",
    [
        {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"LANG": "ru_RU.KOI8-R"},
    ],
)
def test_it_speaks_utf8_whatever_the_locale(gunicorn, environment: dict[str, str]):
    server = gunicorn("toy_live:app", **environment)
    client = server.websocket()
    server.wait_for_log("✅ Клиент подключен: ")
    client.close()


def test_a_client_that_leaves_early_is_no_news(gunicorn):
    server = gunicorn()
    for _ in range(3):
        with server.connect() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(b"GET /large HTTP/1.1\r\nHost: toy\r\n\r\n")
            client.recv(100)
    server.wait_for_log("GET /large")
    server.leave()
    assert "Broken pipe" not in server.log()


def test_text_is_made_printable():
    assert printable("✅ Клиент") == "✅ Клиент"
    assert printable("one\ntwo") == "one\n    two"
    assert printable("\x1b[31m\ud800") == "\\x1b[31m\\ud800"


def test_a_text_is_cut_after_what_names_an_invite():
    assert without_invite("GET /api/projects/3/invites/5") == "GET /api/projects/3/invites/5"
    assert without_invite("GET /invite/abc/def ghi\njkl") == "GET /invite/…"
    assert without_invite("GET /api/invites/abc") == "GET /api/invites/…"


def test_a_path_is_shown_as_people_read_it():
    assert path_of("/%D1%8F?secret=1") == "/я"
