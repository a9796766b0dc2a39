"""Who may try an account's password: nobody can lock out somebody who uses their own browser."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from projchat.login_guard import PER_CLIENT
from support.answers import refused
from support.cast import Cast
from support.person import Person
from support.server import Server

DEVICE = "projchat-device"
WRONG = "wrong horse"


@pytest.fixture(scope="module")
def limited(tmp_path_factory, backend):
    folder = tmp_path_factory.mktemp("guarded")
    server = Server(folder, backend, PROJCHAT_LIMITS="on", PROJCHAT_PROXIES="1")
    try:
        yield Cast(server.start())
    finally:
        server.close()


@pytest.fixture(scope="module")
def olga(limited):
    return limited.administrator()


networks = count(1)


@pytest.fixture
def victim(limited, olga):
    """Somebody whose browser is not known yet: their account was made elsewhere."""
    victim = limited.newcomer()
    victim.http.headers["X-Forwarded-For"] = "192.0.2.1"
    return victim


@pytest.fixture
def stranger_at(limited, victim):
    """Make somebody at an address of their own who tries the victim's account."""

    def make(address: str | None = None) -> Person:
        person = Person(limited.server, victim.username)
        person.http.headers["X-Forwarded-For"] = address or f"198.51.100.{next(networks)}"
        return person

    return make


def tries(person: Person, times: int) -> list[int]:
    return [person.login(WRONG).status_code for _ in range(times)]


def test_an_address_has_ten_tries(stranger_at):
    attacker = stranger_at()
    assert tries(attacker, 12) == [401] * 10 + [429] * 2
    answer = attacker.login()
    refused(answer, 429, "rate_limited")
    assert 800 < int(answer.headers["Retry-After"]) <= 900


def test_an_ipv6_network_is_one_address(stranger_at):
    people = [stranger_at(f"2001:db8:0:7::{n:x}") for n in range(1, 12)]
    assert [tries(person, 1) for person in people] == [[401]] * 10 + [[429]]


def test_many_at_once_are_counted_each(stranger_at):
    address = "203.0.113.5"
    people = [stranger_at(address) for _ in range(20)]
    for person in people:
        person.get("/api/session")
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda person: person.login(WRONG).status_code, people))
    assert sorted(statuses) == [401] * 10 + [429] * 10


def test_one_attacker_does_not_hold_up_the_owner_elsewhere(stranger_at):
    tries(stranger_at(), 10)
    assert stranger_at().login().status_code == 200


def test_many_attackers_make_a_fresh_browser_wait_a_little(stranger_at):
    tries(stranger_at(), 10)
    assert tries(stranger_at(), 2) == [401, 429]
    answer = stranger_at().login()
    refused(answer, 429, "rate_limited")
    assert 0 < int(answer.headers["Retry-After"]) <= 2


def test_the_wait_ends_at_ten_seconds(stranger_at):
    """One address, which has ten tries in fifteen minutes, can hold nobody up for most of them."""
    tries(stranger_at(), 10)
    waits = []
    for _ in range(5):
        assert tries(stranger_at(), 1) == [401]
        answer = stranger_at().login()
        refused(answer, 429, "rate_limited")
        waits.append(int(answer.headers["Retry-After"]))
        time.sleep(waits[-1] + 0.1)
    assert waits[-1] > 5
    assert PER_CLIENT.amount * max(waits) < PER_CLIENT.get_expiry() / 5


def test_a_browser_that_has_logged_in_before_gets_through(stranger_at):
    owner = stranger_at()
    assert owner.login().ok
    owner.logout()
    tries(stranger_at(), 10)
    tries(stranger_at(), 2)
    refused(stranger_at().login(), 429, "rate_limited")
    assert owner.login().status_code == 200


def test_it_gets_through_beside_an_attacker_at_its_own_address(stranger_at):
    owner = stranger_at("203.0.113.9")
    assert owner.login().ok
    owner.logout()
    assert tries(stranger_at("203.0.113.9"), 11)[-1] == 429
    assert owner.login().status_code == 200


def test_a_known_browser_has_ten_tries_of_its_own(stranger_at):
    owner = stranger_at()
    assert owner.login().ok
    owner.logout()
    # Ten as a known browser, then ten as a stranger of that address.
    statuses = tries(owner, 21)
    assert statuses == [401] * 20 + [429]


def test_a_cookie_of_somebody_else_or_of_nobody_helps_nobody(olga, stranger_at):
    owner, attacker = stranger_at(), stranger_at()
    assert owner.login().ok
    tries(attacker, 10)
    own = owner.http.cookies[DEVICE]
    for forged in (own[:-2] + "zz", "x", own.upper(), olga.again().http.cookies[DEVICE]):
        attacker.http.cookies.set(DEVICE, forged)
        assert tries(attacker, 1) == [429]


def test_a_right_password_counts_as_no_try(stranger_at):
    address = "203.0.113.11"
    for _ in range(6):
        owner = stranger_at(address)
        assert tries(owner, 1) == [401]
        assert owner.login().ok
    assert tries(stranger_at(address), 5) == [401] * 4 + [429]


def test_a_name_that_nobody_can_have_costs_nothing(limited):
    # Putting these marks in order took the server eight seconds.
    piled = "a" + "\u0315\u0300" * 60_000
    stranger = Person(limited.server)
    body = json.dumps({"username": piled, "password": WRONG}, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json"}
    answer = stranger.request("POST", "/api/session", data=body, headers=headers)
    refused(answer, 422, "invalid", "username")
    assert answer.elapsed.total_seconds() < 2


def test_the_cookie_says_nothing_and_no_script_reads_it(stranger_at):
    owner = stranger_at()
    answer = owner.login()
    assert answer.ok
    cookie = next(each for each in owner.http.cookies if each.name == DEVICE)
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "Lax"
    assert owner.username not in str(cookie.value)
