"""Packets of Engine.IO and Socket.IO that nobody should send, by websocket and by polling."""

import json
import random
from contextlib import suppress

import requests
import websocket

PATH = "/api/socket/?EIO=4&transport="
TIMEOUT = 5
KINDS = ["", "2", "3", "4", "40", "41", "42", "43", "44", "45", "46", "5", "6", "9", "42/admin,"]
NAMES = ["join_room", "leave_room", "typing", "connect", "disconnect", "new-message", "*", "", 5]
VALUES = [
    None,
    True,
    -1,
    0,
    1,
    2**53,
    2**64,
    1e308,
    "",
    "x",
    "\0",
    "\ud800",
    "я" * 500,
    [],
    {},
    [[[]]],
    "__proto__",
    "9" * 400,
]
FIELDS = ["projectId", "since", "limit", "history", "isTyping", "__proto__", "x"]
RAW = ['["', "[", "]", "{}", "51-", "4599999999-", "0" * 300, "\x1e", "\x00", '[NaN,"x"]', "🙂"]


def packet(chance: random.Random) -> str:
    """One packet: mostly nearly right, since nonsense is refused at the first letter."""
    kind = chance.choice(KINDS)
    if chance.random() < 0.2:
        return kind + chance.choice(RAW)
    number = chance.choice(["", "", "0", "7", "99999999999999999999"])
    payload = {chance.choice(FIELDS): chance.choice(VALUES) for _ in range(chance.randrange(4))}
    event = [chance.choice(NAMES), chance.choice([payload, *VALUES])]
    text = json.dumps(event[: chance.choice([0, 1, 2, 2, 2])])
    if chance.random() < 0.2:
        place = chance.randrange(len(text) + 1)
        text = text[:place] + chance.choice(RAW) + text[place + chance.randrange(3) :]
    return kind + number + text


def test_packets_by_websocket(target, arena, fuzz):
    url = target.server.url.replace("http", "ws") + PATH + "websocket"
    cookies = [None, arena.owner.cookie_header()]

    def connection_of(cookie):
        connection = websocket.create_connection(
            url, cookie=cookie, origin=target.server.url, timeout=TIMEOUT
        )
        connection.send("40")
        return connection

    def act(chance):
        connection = connection_of(chance.choice(cookies))
        try:
            for _ in range(chance.randrange(1, 60)):
                text = packet(chance).encode(errors="surrogatepass")
                connection.send(text, chance.choice([1, 1, 1, 1, 2, 9, 10]))
            connection.sock.settimeout(0.01)
            connection.recv()
        except (OSError, UnicodeDecodeError, websocket.WebSocketException):
            pass  # It may hang up on us.
        finally:
            connection.shutdown()

    fuzz(act)


def test_packets_by_polling(target, arena, fuzz):
    url = target.server.url + PATH + "polling"
    cookies = [{}, {"Cookie": arena.owner.cookie_header(), "Origin": target.server.url}]
    sessions = [requests.Session() for _ in cookies]

    def act(chance):
        place = chance.randrange(2)
        http, headers = sessions[place], cookies[place]
        opened = http.get(url, headers=headers, timeout=TIMEOUT)
        address = f"{url}&sid={json.loads(opened.text[1:])['sid']}"
        for _ in range(chance.randrange(1, 8)):
            several = [packet(chance) for _ in range(chance.choice([1, 2, 20, 70]))]
            body = "\x1e".join(several).encode(errors="surrogatepass")
            answer = http.post(address, data=body, headers=headers, timeout=TIMEOUT)
            assert answer.status_code in (200, 400, 413), answer.text
        if chance.random() < 0.5:
            http.post(address, data="1", headers=headers, timeout=TIMEOUT)
        with suppress(requests.RequestException):
            http.get(address, headers=headers, timeout=0.05)

    fuzz(act)
