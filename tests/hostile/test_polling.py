"""Clients that poll badly: they are let go, and nobody waits for them."""

import time
from pathlib import Path

import pytest
import requests
import socketio

from projchat.realtime.polling import MAX_WAITING_PACKETS, guard_http, send_packet
from support.cast import Cast

POLLING = "/api/socket/?EIO=4&transport=polling"
REFUSED_POLLS = 60
ANSWER_SECONDS = 5
# Twice the time between two looks at who has not logged in.
UNTIL_STRANGERS_GO = 21


@pytest.fixture
def session(server):
    """Begin a polling session without a login; answers with the address that it goes on at."""

    def begin():
        opened = requests.get(server.url + POLLING, timeout=ANSWER_SECONDS)
        sid = opened.text.split('"sid":"')[1].split('"')[0]
        return f"{server.url}{POLLING}&sid={sid}"

    return begin


def open_files(server):
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in server.worker_pids())


@pytest.mark.parametrize("body", ["9", "3\x1e" * 64 + "3", "x" * 20_000, "6", "\udcff"])
def test_a_refused_poll_is_answered(session, body):
    data = body.encode(errors="surrogateescape")
    answer = requests.post(session(), data=data, timeout=ANSWER_SECONDS)
    assert answer.status_code in (200, 400)


def test_refused_polls_leave_no_file_open(server, session):
    before = open_files(server)
    for _ in range(REFUSED_POLLS):
        requests.post(session(), data="9", timeout=ANSWER_SECONDS)
    assert open_files(server) < before + REFUSED_POLLS / 4


def test_a_session_that_has_ended_is_no_fault_of_ours(server, session):
    address = session()
    requests.post(address, data="1", timeout=ANSWER_SECONDS)
    for call in (requests.get, requests.post):
        assert call(address, timeout=ANSWER_SECONDS).status_code == 400


def test_scripts_are_no_answers(server):
    assert requests.get(server.url + POLLING + "&j=0", timeout=ANSWER_SECONDS).status_code == 400


def test_foreign_hosts_are_refused(server):
    answer = requests.get(
        server.url + POLLING, headers={"Host": "evil.example"}, timeout=ANSWER_SECONDS
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 400),
        ({"Origin": ""}, 400),
        ({"Sec-Fetch-Site": "cross-site"}, 400),
        ({"Sec-Fetch-Site": "same-site"}, 400),
        ({"Sec-Fetch-Site": "none"}, 400),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "{url}"}, 200),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, 400),
    ],
)
def test_a_cookie_needs_an_origin_beside_it(server, bob, headers, status):
    given = {name: value.format(url=server.url) for name, value in headers.items()}
    answer = requests.get(
        server.url + POLLING,
        headers={**given, "Cookie": bob.cookie_header()},
        timeout=ANSWER_SECONDS,
    )
    assert answer.status_code == status


def test_without_our_cookie_nobody_needs_an_origin(server):
    answer = requests.get(
        server.url + POLLING, headers={"Cookie": "route=1"}, timeout=ANSWER_SECONDS
    )
    assert answer.status_code == 200


def test_answers_are_kept_nowhere(server):
    headers = requests.get(server.url + POLLING, timeout=ANSWER_SECONDS).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_sessions_that_answer_and_never_fetch_do_not_stop_the_relay(server, cast, session):
    """Whoever closed one of them waited for ever, and nobody's removal was noticed any more."""
    victim = cast.newcomer()
    tab = victim.live()
    addresses = [session() for _ in range(3)]
    until = time.monotonic() + UNTIL_STRANGERS_GO
    while time.monotonic() < until:
        for address in addresses:
            requests.post(address, data="3", timeout=ANSWER_SECONDS)
        time.sleep(1)
    assert server.command("user", "disable", victim.username).returncode == 0
    tab.wait_until_disconnected(timeout=8)


class Poller:
    """A polling connection that nobody fetches from."""

    closed = False

    def __init__(self, queue):
        self.queue = queue

    def send(self, packet):
        self.queue.put(packet)

    def close(self, abort=False):
        self.closed = True
        self.queue.join()


@pytest.fixture
def poller():
    server = socketio.Server(async_mode="threading")
    guard_http(server, lambda _environ: True, "projchat")
    return Poller(server.eio.create_queue())


def test_ends_a_client_that_fetches_nothing(poller):
    for number in range(MAX_WAITING_PACKETS):
        send_packet(poller, number)
    assert not poller.closed
    send_packet(poller, "one too many")
    assert poller.closed
    assert poller.queue.qsize() == MAX_WAITING_PACKETS


def test_closing_waits_for_no_client(poller):
    send_packet(poller, "nobody fetches this")
    poller.close()


def test_it_is_refused_where_it_is_switched_off(make_server):
    server = make_server(PROJCHAT_POLLING="off")
    refused = requests.get(server.url + POLLING, timeout=ANSWER_SECONDS)
    assert refused.status_code == 400
    alice = Cast(server).administrator()
    live = alice.live()
    assert live.connected
    alice.hang_up()
