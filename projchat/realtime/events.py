"""How a client's event becomes a call: who, what, how often, and always an answer."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias, TypeVar

from flask import current_app, g, request
from flask_babel import force_locale
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from pydantic import BaseModel, ValidationError

from ..document import Envelope
from ..errors import ApiError, unavailable
from ..extensions import db, socketio
from ..models import Refusal
from .fanout import Fanout, Person

log = logging.getLogger(__name__)

Ack: TypeAlias = dict[str, Any]
Data = TypeVar("Data", bound=BaseModel)

_throttle = FixedWindowRateLimiter(MemoryStorage())


def fanout() -> Fanout:
    """The client manager of this worker."""
    return socketio.manager  # type: ignore[no-any-return]


def sid() -> str:
    """The socket whose event is being handled."""
    return request.sid  # type: ignore[attr-defined, no-any-return]


def here() -> Person:
    """The person whose event is being handled."""
    return fanout().person(sid())


def on(
    name: str, model: type[Data], limit: str
) -> Callable[[Callable[[Data], Ack | None]], Callable[..., Ack]]:
    """Register a handler of one client event.

    Its payload is validated by `model`; `limit` (like "30/second") counts per person. Whatever
    happens, the client is answered `{"ok": true, …}` or `{"ok": false, "error": {…}}`.
    """
    allowed = parse(limit)

    def decorate(handler: Callable[[Data], Ack | None]) -> Callable[..., Ack]:
        @socketio.on(name)
        @wraps(handler)
        def handle(*args: Any) -> Ack:
            return _answer(name, allowed, lambda: handler(_payload(model, args)))

        answered: Callable[..., Ack] = handle
        return answered

    return decorate


def on_unknown(limit: str) -> None:
    """Answer events that have no handler."""
    allowed = parse(limit)

    @socketio.on("*")
    def unknown(*args: Any) -> Ack:
        def refuse() -> Ack:
            raise ApiError(404, "unknown_event")

        return _answer("*", allowed, refuse)


def _answer(name: str, allowed: RateLimitItem, act: Callable[[], Ack | None]) -> Ack:
    g.reading = True
    with force_locale(here().locale):
        try:
            _throttled(name, allowed)
            return Envelope(ok=True, **(act() or {}))
        except ApiError as error:
            return _refusal(error)
        except Refusal as refusal:
            return _refusal(ApiError.of(refusal))
        except Exception as error:
            return _refusal(_unexpected(name, error))
        finally:
            db.session.rollback()


def _throttled(name: str, allowed: RateLimitItem) -> None:
    limited = current_app.config["RATELIMIT_ENABLED"]
    if limited and not _throttle.hit(allowed, name, str(here().user_id)):
        raise ApiError(429, "rate_limited")


def _payload(model: type[Data], args: tuple[Any, ...]) -> Data:
    if len(args) != 1:
        raise ApiError(422, "invalid")
    try:
        return model.model_validate(args[0])
    except ValidationError:
        raise ApiError(422, "invalid") from None


def _unexpected(name: str, error: Exception) -> ApiError:
    if unavailable(error):
        log.warning("%s: the database does not answer", name)
        return ApiError(503, "unavailable")
    log.exception("The handler of %s failed", name)
    return ApiError(500, "internal")


def _refusal(error: ApiError) -> Ack:
    return {"ok": False, **error.to_dict()}
