"""What a proxy says that nobody listens to."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

log = logging.getLogger(__name__)

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


class UnheardProxy:
    """Middleware that says once that a proxy is there of which PROJCHAT_PROXIES does not know."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app
        self._said = False

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Look, and go on."""
        if not self._said and "HTTP_X_FORWARDED_FOR" in environ:
            self._said = True
            log.warning(
                "A proxy says where people come from (X-Forwarded-For) and is not believed: all of "
                "them share the limits of one address. Say in PROJCHAT_PROXIES how many there are."
            )
        return self._app(environ, start_response)
