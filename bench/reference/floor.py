"""The floor: what Python cannot go below. Raw sockets, one frame for all, and no database.

It knows just enough HTTP and Socket.IO for the load: it reads whole requests, keeps nobody's
name, looks nothing up, and writes each event to every socket of its only room at once.
"""

import base64
import hashlib
import json
import os
import re
import select
import socket
import struct

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
KEY = re.compile(rb"sec-websocket-key: *(\S+)", re.IGNORECASE)
OPEN = b'0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}'

waiting = select.epoll()
people: dict[int, socket.socket] = {}
pending: dict[int, bytes] = {}
room: set[socket.socket] = set()
webs: set[int] = set()
count = 0


def main() -> None:
    """Serve until it is ended."""
    door = socket.create_server(("127.0.0.1", int(os.environ["PORT"])), backlog=4096)
    waiting.register(door, select.EPOLLIN)
    while True:
        for number, _ in waiting.poll():
            if number == door.fileno():
                _welcome(door)
            else:
                _read(people[number])


def _welcome(door: socket.socket) -> None:
    connection, _ = door.accept()
    connection.setblocking(False)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    people[connection.fileno()] = connection
    waiting.register(connection, select.EPOLLIN)


def _read(connection: socket.socket) -> None:
    number = connection.fileno()
    try:
        data = connection.recv(65536)
    except ConnectionError:
        data = b""
    if not data:
        _goodbye(connection)
        return
    data = pending.pop(number, b"") + data
    rest = _hear(connection, data) if number in webs else _request(connection, data)
    if rest:
        pending[number] = rest


def _goodbye(connection: socket.socket) -> None:
    number = connection.fileno()
    room.discard(connection)
    webs.discard(number)
    pending.pop(number, None)
    del people[number]
    connection.close()


def _request(connection: socket.socket, data: bytes) -> bytes:
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return data
    if key := KEY.search(head):
        accept = base64.b64encode(hashlib.sha1(key[1] + MAGIC).digest())  # noqa: S324 - RFC 6455.
        connection.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n" + _frame(OPEN)
        )
        webs.add(connection.fileno())
        return b""
    length = LENGTH.search(head)
    if length and len(body) < int(length[1]):
        return data
    _answer(connection, _post(json.loads(body)) if length else b"{}")
    return b""


def _answer(connection: socket.socket, body: bytes) -> None:
    head = f"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    connection.send(head.encode() + b"\r\n\r\n" + body)


def _post(asked: dict[str, str]) -> bytes:
    global count
    count += 1
    message = json.dumps({"id": count, "content": asked["content"], "author": {"id": 1}}).encode()
    frame = _frame(b'42["new-message",' + message + b"]")
    for connection in room:
        connection.send(frame)
    return message


def _hear(connection: socket.socket, data: bytes) -> bytes:
    """Take the client's frames, which are short and masked."""
    while len(data) >= 6 and len(data) >= 6 + (data[1] & 127):
        end = 6 + (data[1] & 127)
        text = bytes(byte ^ data[2 + place % 4] for place, byte in enumerate(data[6:end]))
        data = data[end:]
        if text.startswith(b"42"):
            room.add(connection)
            connection.send(_frame(b'430[{"ok":true}]'))
        elif text.startswith(b"40"):
            connection.send(_frame(b'40{"sid":"s"}'))
    return data


def _frame(text: bytes) -> bytes:
    if len(text) < 126:
        return bytes((0x81, len(text))) + text
    return b"\x81\x7e" + struct.pack("!H", len(text)) + text


if __name__ == "__main__":
    main()
