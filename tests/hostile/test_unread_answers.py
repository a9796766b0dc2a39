"""Somebody who asks for large pages on many connections and reads none of them."""

import socket
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from projchat.response_backlog import MAX_UNREAD_BYTES
from support.history import lengthen, replace_texts

PAGE_BYTES = 256 * 1024
CONNECTIONS = MAX_UNREAD_BYTES // PAGE_BYTES + 4
# What the kernel keeps for a connection counts for nobody: 2.8 MB here.
PAGES_EACH = 14


@pytest.fixture
def large(target, arena):
    """A project whose pages of messages are as long as they may be."""
    lengthen(target.server, arena.id, target.administrator().id, 100)
    replace_texts(target.server, arena.id, "много слов " * 800)
    return arena


def ask_and_read_nothing(person, path):
    """Ask for pages, one behind the other, on a connection of which nothing is ever taken."""
    where = urlsplit(person.server.url)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((where.hostname, where.port))
    head = (
        f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\nCookie: {person.cookie_header()}\r\n\r\n"
    )
    connection.sendall(head.encode() * PAGES_EACH)
    return connection


def answers(person, page, status):
    """Whether it answers so within some seconds."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if person.get(page).status_code == status:
            return True
        time.sleep(0.1)
    return False


def test_who_leaves_too_much_unread_is_refused_more(target, large):
    greedy, other = target.newcomer(), target.newcomer()
    large.admit(greedy, other)
    page = f"{large.api}/messages?limit=500"
    assert len(other.get(page).content) > PAGE_BYTES / 2
    with ExitStack() as connections:
        for _ in range(CONNECTIONS):
            connections.enter_context(ask_and_read_nothing(greedy, page))
        assert answers(greedy, page, 429)
        refused = greedy.get(page)
        assert refused.json()["error"]["code"] == "rate_limited"
        assert int(refused.headers["Retry-After"]) > 0
        assert other.get(page).status_code == 200
    assert answers(greedy, page, 200)
    for _ in range(MAX_UNREAD_BYTES // PAGE_BYTES + 1):
        assert greedy.get(page).status_code == 200


def test_answers_without_a_body_are_not_counted(target, large):
    person = target.newcomer()
    large.admit(person)
    page = f"{large.api}/messages?limit=500"
    for _ in range(CONNECTIONS):
        assert person.http.head(target.server.url + page, timeout=5).status_code == 200
    assert person.get(page).status_code == 200
