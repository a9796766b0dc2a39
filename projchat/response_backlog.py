"""Bound what one client leaves unread of the answers it asked for.

An answer stays in memory until its client, or a proxy, has taken it. Who asks again and again on
new connections and reads nothing would fill it; so whoever has left too much unread is refused
more, with 429, before anything is read for it.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial

from flask import Flask, Response, request

from .rate_limits import RateLimiter, too_many

# Sixteen of the largest pages of messages.
MAX_UNREAD_BYTES = 4 * 2**20
# Less than this goes into the buffers of any connection.
MIN_COUNTED_BYTES = 32 * 2**10
RETRY_SECONDS = 5
WITHOUT_BODY = (204, 304)


class ResponseBacklog:
    """The bytes of answers that were made for each caller and that it has not taken yet."""

    def __init__(self) -> None:
        self._unread: Counter[str] = Counter()

    def init_app(self, app: Flask, caller: Callable[[], str], limiter: RateLimiter) -> None:
        """Count from now on; `caller` says whose answer it is.

        What has no limit by the number of requests has none here.
        """
        self._caller = caller
        self._is_exempt = limiter.is_exempt
        app.before_request(self._check)
        app.after_request(self._count)

    def _check(self) -> None:
        if not self._unread or self._is_exempt(request.endpoint):
            return
        if self._unread[self._caller()] >= MAX_UNREAD_BYTES:
            raise too_many(RETRY_SECONDS)

    def _count(self, response: Response) -> Response:
        if not response.is_sequence:
            return response  # A file, which goes from the disk in pieces.
        size = response.calculate_content_length() or 0
        has_body = request.method != "HEAD" and response.status_code not in WITHOUT_BODY
        if has_body and size >= MIN_COUNTED_BYTES:
            caller = self._caller()
            self._unread[caller] += size
            response.call_on_close(partial(self._taken, caller, size))
        return response

    def _taken(self, caller: str, size: int) -> None:
        self._unread[caller] -= size
        if not self._unread[caller]:
            del self._unread[caller]
