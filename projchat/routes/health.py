"""For the load balancer and the administrator's probe."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Blueprint

from ..auth import public
from ..errors import RETRY_SECONDS
from ..extensions import limiter
from ..readiness import DOWN, readiness

bp = Blueprint("health", __name__)
limiter.exempt(bp)

PROBES = ("/healthz", "/readyz")

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


def under_any_host(app: WsgiApp) -> WsgiApp:
    """Let the probes through whatever name they ask for.

    A load balancer and `deploy/rolling-restart` ask a process by its address, and no answer of
    theirs depends on the name.
    """

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] in PROBES:
            environ["HTTP_HOST"] = "localhost"
        return app(environ, start_response)

    return answer


@bp.get("/healthz")
@public
def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@bp.get("/readyz")
@public
def ready() -> tuple[dict[str, Any], int, dict[str, str]]:
    """Whether it can serve: 503 if it is down; degraded, it serves all the same."""
    report = readiness().report()
    if report.status == DOWN:
        return report._asdict(), 503, {"Retry-After": str(RETRY_SECONDS)}
    return report._asdict(), 200, {}
