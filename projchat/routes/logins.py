"""Logging in and out, and the first account."""

from typing import Any

from flask import Blueprint, request, session
from flask_limiter.util import get_remote_address
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from .. import names
from ..auth import authenticate, hash_password, log_in, log_out, public
from ..errors import ApiError
from ..extensions import db, limiter, socketio
from ..models import User
from ..schemas import Credentials, SessionOut, SessionPatch, SetupIn
from .contract import endpoint

bp = Blueprint("logins", __name__, url_prefix="/api")

PER_ADDRESS = "30/minute"
PER_ACCOUNT = "10/15minutes"


def session_dict() -> dict[str, Any]:
    """The token for unsafe calls, and who is logged in."""
    user = current_user.to_dict() if current_user.is_authenticated else None
    return {"csrfToken": generate_csrf(), "user": user}


def _account_key() -> str:
    name = (request.get_json(silent=True) or {}).get("username")
    return f"account:{names.normalize(name)[:64]}" if isinstance(name, str) else "account:"


@bp.get("/session")
@public
@endpoint(tag="session", HTTP_200=SessionOut)
def show() -> dict[str, Any]:
    """Who I am, and the token that unsafe calls carry."""
    return session_dict()


@bp.post("/session")
@public
@limiter.limit(PER_ADDRESS, key_func=get_remote_address)
@limiter.limit(
    PER_ACCOUNT, key_func=_account_key, deduct_when=lambda answer: answer.status_code == 401
)
@endpoint(body=Credentials, tag="session", HTTP_200=SessionOut)
def create(body: Credentials) -> dict[str, Any]:
    """Log in. An unknown name and a wrong password are told alike, after the same time."""
    user = authenticate(body.username, body.password)
    if user is None:
        raise ApiError(401, "invalid_credentials")
    log_in(user)
    db.session.commit()
    return session_dict()


@bp.delete("/session")
@endpoint(tag="session", HTTP_200=SessionOut)
def delete() -> dict[str, Any]:
    """Log out; the open pages of this login are disconnected."""
    login = log_out()
    db.session.commit()
    socketio.manager.disconnect_room(login.room)
    return {"csrfToken": generate_csrf(), "user": None}


@bp.patch("/session")
@public
@endpoint(body=SessionPatch, tag="session", HTTP_200=SessionOut)
def update(body: SessionPatch) -> dict[str, Any]:
    """Choose the language of the pages."""
    session["locale"] = body.locale
    if current_user.is_authenticated:
        current_user.locale = body.locale
        db.session.commit()
    return session_dict()


@bp.post("/setup")
@public
@limiter.limit(PER_ADDRESS, key_func=get_remote_address)
@endpoint(body=SetupIn, tag="session", HTTP_201=SessionOut)
def setup(body: SetupIn) -> tuple[dict[str, Any], int]:
    """Make the first account, which is the administrator's."""
    _require_nobody()
    db.session.commit()
    password_hash = hash_password(body.password)
    _require_nobody()
    user = User.register(body.username, password_hash, body.name, is_admin=True)
    log_in(user)
    db.session.commit()
    return session_dict(), 201


def _require_nobody() -> None:
    if User.anybody():
        raise ApiError(409, "already_set_up")
