"""How often somebody may do something: counted before the transaction of a request begins.

A counter may have to be asked of Redis, and nobody else could write while a transaction waits for
that. So nothing that is counted by may come from a transaction that stays open.
"""

import math
import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Any, NamedTuple, TypeVar

from flask import Blueprint, Flask, current_app, request
from limits import RateLimitItem, parse
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from .fallback_storage import FallbackStorage

View = TypeVar("View", bound=Callable[..., Any])
Key = Callable[[], str]

IPV6_NETWORK_BITS = 64
# How often the people behind one address may log in, or make an account.
ENTRIES_PER_ADDRESS = "{LOGINS_PER_MINUTE}/minute"


class Limit(NamedTuple):
    """So many requests in so much time, for each key within a scope (by default: the endpoint)."""

    text: str
    key: Key | None
    scope: str | None


class RateLimiter:
    """The limits of all views; a view without one of its own has the default."""

    storage: FallbackStorage
    enabled = False

    def __init__(self, default: str) -> None:
        self._default = (Limit(default, None, None),)
        self._exempt: set[str] = {"static", "published"}
        self._items: dict[str, RateLimitItem] = {}

    def init_app(self, app: Flask, caller: Key) -> None:
        """Count from now on; `caller` says whom a limit counts that has no key of its own."""
        self._caller = caller
        self.enabled = app.config["RATELIMIT_ENABLED"]
        self.storage = FallbackStorage(app.config["REDIS_URL"])
        self._windows = FixedWindowRateLimiter(self.storage)
        if self.enabled:
            app.before_request(self._check)

    def limit(
        self, text: str, key_func: Key | None = None, scope: str | None = None
    ) -> Callable[[View], View]:
        """Limit a view, like "20/10seconds"; views with one scope are counted together.

        A number may be a setting: "{LOGINS_PER_MINUTE}/minute".
        """
        limit = Limit(text, key_func, scope)

        def decorate(view: View) -> View:
            view.rate_limits = (*getattr(view, "rate_limits", ()), limit)  # type: ignore[attr-defined]
            return view

        return decorate

    def exempt(self, blueprint: Blueprint) -> None:
        """Count nothing of a blueprint."""
        self._exempt.add(blueprint.name)

    def is_exempt(self, endpoint: str | None) -> bool:
        """Whether nothing is counted of an endpoint."""
        return (endpoint or "").partition(".")[0] in self._exempt

    def hit(self, item: RateLimitItem, *key: str) -> bool:
        """Count one more; whether it is still within the limit."""
        return self._windows.hit(item, *key)

    def seconds_left(self, item: RateLimitItem, *key: str) -> float:
        """How long it takes until the count begins anew."""
        return self._windows.get_window_stats(item, *key).reset_time - time.time()

    def _check(self) -> None:
        endpoint = request.endpoint or ""
        view = current_app.view_functions.get(endpoint)
        if view is None or self.is_exempt(endpoint):
            return
        for limit in getattr(view, "rate_limits", self._default):
            key = (limit.key or self._caller)(), limit.scope or endpoint
            if not self.hit(item := self._item(limit.text), *key):
                raise too_many(self.seconds_left(item, *key))

    def _item(self, text: str) -> RateLimitItem:
        if text not in self._items:
            self._items[text] = parse(text.format_map(current_app.config))
        return self._items[text]


def too_many(seconds: float) -> TooManyRequests:
    """Make the refusal that says how long to wait."""
    return TooManyRequests(retry_after=max(1, math.ceil(seconds)))


def client_address() -> str:
    """Where a request comes from, see `network_of`."""
    return network_of(request.remote_addr or "")


def network_of(text: str) -> str:
    """An address as it is counted: of IPv6 the network, all of which one client may have."""
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if not isinstance(address, IPv6Address) or address.ipv4_mapped:
        return text
    bits = 128 - IPV6_NETWORK_BITS
    return f"{IPv6Address(int(address) >> bits << bits)}/{IPV6_NETWORK_BITS}"
