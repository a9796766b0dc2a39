"""My account: the pages to get in, and what I may change of myself."""

import re
from typing import Any

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from .. import webpush
from ..auth import hash_password, public, safe_next, verify_password
from ..errors import ApiError
from ..extensions import db, limiter, socketio
from ..i18n import reader_locale
from ..models import Invalid, Login, PushSubscription, User
from ..schemas import AccountPatch, LoginsOut, PasswordIn, PushIn, SessionOut
from .contract import endpoint
from .logins import session_dict

bp = Blueprint("accounts", __name__)

EMAIL = re.compile(r"[^@\s\x00-\x1f\ud800-\udfff]+@[^@\s\x00-\x1f\ud800-\udfff]+")


@bp.get("/setup")
@public
def setup() -> Response | str:
    """The form of the first account."""
    if User.anybody():
        return redirect(url_for("pages.home"))
    return render_template("accounts/setup.html")


@bp.get("/login")
@public
def login() -> Response | str:
    """The form to log in; whoever is in already goes on."""
    target = safe_next(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(target or url_for("pages.home"))
    if not User.anybody():
        return redirect(url_for("accounts.setup"))
    return render_template("accounts/login.html", next=target)


@bp.get("/account")
def show() -> str:
    """My account, and where I am logged in."""
    return render_template("accounts/show.html", sessions=_logins(), push_key=push_key())


@bp.patch("/api/account")
@endpoint(body=AccountPatch, tag="account", HTTP_200=SessionOut)
def update(body: AccountPatch) -> dict[str, Any]:
    """Change my name, e-mail or language, and whether others see how far I have read."""
    given = body.model_fields_set
    if body.name is not None:
        current_user.rename(body.name)
    if "email" in given:
        current_user.email = _email(body.email)
    if body.locale is not None:
        current_user.locale = body.locale
    marks = _show_reading(body.show_reading) if body.show_reading is not None else []
    db.session.commit()
    for room, news in marks:
        socketio.emit("read", news, to=room)
    return session_dict()


@bp.put("/api/account/password")
@limiter.limit("10/15minutes")
@endpoint(body=PasswordIn, tag="account", HTTP_200=SessionOut)
def change_password(body: PasswordIn) -> dict[str, Any]:
    """Change my password; all my other logins end."""
    known = current_user.password_hash
    db.session.commit()
    if not verify_password(body.current_password, known):
        raise ApiError(422, "invalid", {"currentPassword": "password_wrong"})
    try:
        current_user.password_hash = hash_password(
            body.new_password, current_user.username, current_user.name
        )
    except Invalid as refusal:
        raise ApiError(422, "invalid", {"newPassword": refusal.code}) from None
    _end(_others())
    return session_dict()


@bp.get("/api/account/sessions")
@endpoint(tag="account", HTTP_200=LoginsOut)
def logins() -> dict[str, Any]:
    """Where I am logged in."""
    return {"sessions": _logins()}


@bp.delete("/api/account/sessions")
@endpoint(tag="account", HTTP_200=LoginsOut)
def end_others() -> dict[str, Any]:
    """End all my logins but this one."""
    _end(_others())
    return {"sessions": _logins()}


@bp.delete("/api/account/sessions/<int:login_id>")
@endpoint(tag="account", HTTP_200=LoginsOut)
def end_one(login_id: int) -> dict[str, Any]:
    """End one of my logins."""
    mine = [login for login in Login.of(current_user) if login.id == login_id]
    _end(mine or abort(404))
    return {"sessions": _logins()}


@bp.post("/api/account/push")
@limiter.limit("30/minute")
@endpoint(body=PushIn, tag="account", HTTP_204=None)
def subscribe(body: PushIn) -> tuple[str, int]:
    """Tell this browser, while no page of ours is open in it, what I want to be told."""
    pusher = _pusher()
    if pusher is None or not pusher.accepts(body.endpoint):
        raise ApiError(422, "invalid", {"endpoint": "push_endpoint"})
    if not webpush.fits(body.p256dh, body.auth):
        raise ApiError(422, "invalid", {"p256dh": "push_keys"})
    PushSubscription.keep(
        current_user.login, body.endpoint, body.p256dh, body.auth, body.shows_text, reader_locale()
    )
    db.session.commit()
    return "", 204


@bp.delete("/api/account/push")
@endpoint(tag="account", HTTP_204=None)
def unsubscribe() -> tuple[str, int]:
    """Tell this browser nothing any more."""
    PushSubscription.forget(current_user.login)
    db.session.commit()
    return "", 204


def push_key() -> str:
    """What a browser subscribes to web push with; empty where there is no push."""
    pusher = _pusher()
    return pusher.public_key if pusher else ""


def _pusher() -> webpush.Pusher | None:
    return current_app.extensions["projchat_pusher"]  # type: ignore[no-any-return]


def _logins() -> list[dict[str, Any]]:
    return [login.to_dict(current_user.login) for login in Login.of(current_user)]


def _others() -> list[Login]:
    return [login for login in Login.of(current_user) if login.id != current_user.login.id]


def _end(logins: list[Login]) -> None:
    rooms = [login.room for login in logins]
    for login in logins:
        db.session.delete(login)
    db.session.commit()
    for room in rooms:
        socketio.manager.disconnect_room(room)


def _show_reading(shown: bool) -> list[tuple[str, dict[str, Any]]]:
    """Show how far I have read, or no longer; what each of my rooms is to be told."""
    if shown == current_user.show_reading:
        return []
    current_user.show_reading = shown
    return [
        (
            project.room,
            {
                "projectId": project.id,
                "userId": current_user.id,
                "number": project.membership.seen_number if shown else None,
            },
        )
        for project in current_user.projects()
    ]


def _email(email: str | None) -> str | None:
    if not email:
        return None
    if not EMAIL.fullmatch(email):
        raise Invalid("email_invalid", "email")
    return email
