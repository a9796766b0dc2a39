"""How often the password of an account may be tried, and by whom.

A browser that has logged in to the account before shows it by a cookie and has tries of its own,
so nobody can lock out somebody who uses their usual browser. For all others the tries count twice:
hard for each address, and for the account as a whole by a wait that grows. A try is counted before
its password is looked at, or many at once would count as none, and taken back if it was right.
See https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies.
"""

import hmac
import secrets
import time
from datetime import timedelta
from typing import NamedTuple

from flask import Response, after_this_request, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer
from limits import parse

from . import names
from .extensions import limiter
from .rate_limits import client_address, too_many

PER_CLIENT = parse("10/15minutes")
#: From the eleventh try of a day on, all strangers to an account wait 2, 4, 8, 10, 10 … seconds:
#: so little that the tries which one address has cannot keep others out for long.
FREE_TRIES = 10
LONGEST_WAIT = 10
DAY = 86_400
COOKIE_LIFETIME = timedelta(days=365)
ACCOUNTS_KEPT = 5


class Try(NamedTuple):
    """One try at an account: `client` is a known browser or an address."""

    account: str
    client: str
    is_known: bool


def begin(username: str) -> Try | None:
    """Count a try. Raises `TooManyRequests`; None where nothing counts or no such name can be."""
    if not limiter.enabled or len(username) > names.LONGEST_TYPED:
        return None
    account = _digest(names.normalize(username))
    known, accounts = _known_browser()
    if account in accounts and limiter.hit(PER_CLIENT, account, known):
        return Try(account, known, is_known=True)
    _refuse_within_wait(account)
    address = client_address()
    if not limiter.hit(PER_CLIENT, account, address):
        raise too_many(limiter.seconds_left(PER_CLIENT, account, address))
    _hit_account(account)
    return Try(account, address, is_known=False)


def succeed(tried: Try | None) -> None:
    """Take back a try whose password was right."""
    if tried is None:
        return
    storage = limiter.storage
    storage.incr(PER_CLIENT.key_for(tried.account, tried.client), PER_CLIENT.get_expiry(), -1)
    if not tried.is_known:
        storage.incr(_tries_key(tried.account), DAY, -1)
        storage.clear(_wait_key(tried.account))


def remember_browser(username: str) -> None:
    """Let this browser's cookie say that it has logged in to the account."""
    account = _digest(names.normalize(username))
    browser, accounts = _known_browser()
    kept = [account, *(each for each in accounts if each != account)][:ACCOUNTS_KEPT]
    value = str(_signer().dumps([browser or secrets.token_urlsafe(16), kept]))

    @after_this_request
    def _(response: Response) -> Response:
        response.set_cookie(
            _cookie_name(),
            value,
            max_age=COOKIE_LIFETIME,
            secure=current_app.config["PRODUCTION"],
            httponly=True,
            samesite="Lax",
        )
        return response


def _refuse_within_wait(account: str) -> None:
    key = _wait_key(account)
    if limiter.storage.get(key) > 0:
        raise too_many(limiter.storage.get_expiry(key) - time.time())


def _hit_account(account: str) -> None:
    late = limiter.storage.incr(_tries_key(account), DAY) - FREE_TRIES
    if late > 0:
        limiter.storage.incr(_wait_key(account), min(2**late, LONGEST_WAIT))


def _tries_key(account: str) -> str:
    return f"login-tries/{account}"


def _wait_key(account: str) -> str:
    return f"login-wait/{account}"


def _known_browser() -> tuple[str, list[str]]:
    """The id in this browser's cookie, and the accounts that it has logged in to."""
    try:
        browser, accounts = _signer().loads(request.cookies[_cookie_name()])
    except (KeyError, BadSignature):
        return "", []
    return browser, accounts


def _digest(account: str) -> str:
    """What stands for an account in counters and cookies, which tell nobody its name."""
    key = str(current_app.secret_key).encode()
    return hmac.new(key, f"login:{account}".encode(), "sha256").hexdigest()[:32]


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="known-browser")


def _cookie_name() -> str:
    return "__Host-projchat-device" if current_app.config["PRODUCTION"] else "projchat-device"
