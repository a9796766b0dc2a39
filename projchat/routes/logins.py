"""Logging in and out, and the first account."""

from hmac import compare_digest
from typing import Any

from flask import Blueprint, current_app, session
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from .. import login_guard
from ..auth import authenticate, hash_password, log_in, log_out, present_history, public
from ..errors import ApiError
from ..extensions import db, limiter, socketio
from ..models import Conflict, Invalid, User
from ..rate_limits import ENTRIES_PER_ADDRESS, client_address
from ..schemas import Credentials, SessionOut, SessionPatch, SetupIn
from .contract import endpoint

bp = Blueprint("logins", __name__, url_prefix="/api")


def session_dict() -> dict[str, Any]:
    """The token for unsafe calls, and who is logged in."""
    user = current_user.to_dict() if current_user.is_authenticated else None
    return {"csrfToken": generate_csrf(), "history": present_history(), "user": user}


@bp.get("/session")
@public
@endpoint(tag="session", HTTP_200=SessionOut)
def show() -> dict[str, Any]:
    """Who I am, and the token that unsafe calls carry."""
    return session_dict()


@bp.post("/session")
@public
@limiter.limit(ENTRIES_PER_ADDRESS, key_func=client_address)
@endpoint(body=Credentials, tag="session", HTTP_200=SessionOut)
def create(body: Credentials) -> dict[str, Any]:
    """Log in. An unknown name and a wrong password are told alike, after the same time."""
    tried = login_guard.begin(body.username)
    user = authenticate(body.username, body.password)
    if user is None:
        raise ApiError(401, "invalid_credentials")
    login_guard.succeed(tried)
    former = log_in(user)
    db.session.commit()
    if former:
        socketio.manager.disconnect_room(former.room)
    return session_dict()


@bp.delete("/session")
@endpoint(tag="session", HTTP_200=SessionOut)
def delete() -> dict[str, Any]:
    """Log out; the open pages of this login are disconnected."""
    login = log_out()
    db.session.commit()
    socketio.manager.disconnect_room(login.room)
    return session_dict()


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
@limiter.limit(ENTRIES_PER_ADDRESS, key_func=client_address)
@endpoint(body=SetupIn, tag="session", HTTP_201=SessionOut)
def setup(body: SetupIn) -> tuple[dict[str, Any], int]:
    """Make the first account, which is the administrator's."""
    if User.anybody():
        raise Conflict("already_set_up")
    db.session.commit()
    token = current_app.config["SETUP_TOKEN"]
    if token and not compare_digest(body.token.encode(errors="replace"), token.encode()):
        raise Invalid("setup_token_wrong", "token")
    password_hash = hash_password(body.password, body.username, body.name)
    user = User.register_first(body.username, password_hash, body.name)
    log_in(user)
    db.session.commit()
    return session_dict(), 201
