"""For the load balancer and the administrator's probe."""

import redis
from flask import Blueprint, current_app
from sqlalchemy import text

from ..auth import public
from ..errors import ApiError
from ..extensions import db, limiter

bp = Blueprint("health", __name__)
limiter.exempt(bp)

REDIS_SECONDS = 1.0


@bp.get("/healthz")
@public
def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@bp.get("/readyz")
@public
def ready() -> dict[str, str]:
    """The database answers, and Redis where it is set."""
    db.session.execute(text("SELECT 1"))
    url = current_app.config["REDIS_URL"]
    if url:
        try:
            with redis.Redis.from_url(
                url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
            ) as connection:
                connection.ping()
        except redis.RedisError:
            raise ApiError(503, "unavailable") from None
    return {"status": "ok"}
