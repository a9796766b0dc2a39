"""Invite links: made by a project's managers, opened by whoever holds them."""

from typing import Any

from flask import Blueprint, abort, render_template, url_for
from flask_login import current_user

from ..auth import hash_password, log_in, public
from ..errors import ApiError
from ..extensions import db, limiter
from ..models import Forbidden, Invite, Project, User
from ..rate_limits import ENTRIES_PER_ADDRESS, client_address
from ..schemas import AcceptIn, AcceptOut, InviteGuestOut, InviteIn, InviteOut, InvitesOut
from .contract import endpoint
from .delivery import deliver
from .logins import session_dict

bp = Blueprint("invites", __name__)


def invites_of(project: Project) -> list[dict[str, Any]]:
    """The links into a project that still work."""
    return [_with_link(invite) for invite in Invite.of(project)]


@bp.get("/invite/<token>")
@public
def open_link(token: str) -> tuple[str, int]:
    """The page behind a link; one that has expired says so."""
    invite = Invite.find(token)
    shown = invite.to_guest_dict() if invite else None
    return render_template("accounts/invite.html", invite=shown, token=token), (
        200 if invite else 404
    )


@bp.get("/api/projects/<int:project_id>/invites")
@endpoint(tag="invites", HTTP_200=InvitesOut)
def index(project_id: int) -> dict[str, Any]:
    """The links into my project that still work."""
    return {"invites": invites_of(_managed(project_id))}


@bp.post("/api/projects/<int:project_id>/invites")
@limiter.limit("60/hour")
@endpoint(body=InviteIn, tag="invites", HTTP_201=InviteOut)
def create(project_id: int, body: InviteIn) -> tuple[dict[str, Any], int]:
    """Make a link into my project."""
    project = _managed_to_change(project_id)
    invite = Invite.issue(project, current_user, body.expires_in_days, body.max_uses)
    db.session.commit()
    return _with_link(invite), 201


@bp.delete("/api/projects/<int:project_id>/invites/<int:invite_id>")
@endpoint(tag="invites", HTTP_204=None)
def revoke(project_id: int, invite_id: int) -> tuple[str, int]:
    """Revoke a link."""
    found = [one for one in Invite.of(_managed_to_change(project_id)) if one.id == invite_id]
    db.session.delete(found[0] if found else abort(404))
    db.session.commit()
    return "", 204


@bp.get("/api/invites/<token>")
@public
@limiter.limit("60/minute", key_func=client_address)
@endpoint(tag="invites", HTTP_200=InviteGuestOut)
def show(token: str) -> dict[str, Any]:
    """What the holder of a link may know."""
    return _find(token).to_guest_dict()


@bp.post("/api/invites/<token>")
@public
@limiter.limit(ENTRIES_PER_ADDRESS, key_func=client_address)
@endpoint(body=AcceptIn, tag="invites", HTTP_200=AcceptOut, HTTP_201=AcceptOut)
def accept(token: str, body: AcceptIn) -> tuple[dict[str, Any], int]:
    """Accept a link: as the person who is logged in, or with a new account."""
    if current_user.is_authenticated:
        return _admit(_find(token), current_user._get_current_object()), 200
    password_hash = _hash_for_newcomer(token, body)
    invite = _find(token)
    user = User.register(body.username or "", password_hash)
    log_in(user)
    return _admit(invite, user), 201


def _admit(invite: Invite, user: User) -> dict[str, Any]:
    project = invite.project
    message = project.admit(user)
    if message is not None and not invite.take_place():
        abort(404)
    db.session.commit()
    deliver(project, message)
    return {**session_dict(), "projectId": project.id}


def _hash_for_newcomer(token: str, body: AcceptIn) -> str:
    """Refuse what can be refused before the hash is computed, outside of any transaction."""
    missing = {
        name: "field_missing" for name in ("username", "password") if not getattr(body, name)
    }
    if missing:
        raise ApiError(422, "invalid", missing)
    _find(token)
    User.choosable_username(body.username or "")
    db.session.commit()
    return hash_password(body.password or "", body.username or "")


def _managed(project_id: int) -> Project:
    project: Project = current_user.find_project(project_id) or abort(404)
    if not project.membership.manages:
        raise Forbidden("role_too_low")
    return project


def _managed_to_change(project_id: int) -> Project:
    project = _managed(project_id)
    project.confirm_membership()
    return project


def _find(token: str) -> Invite:
    return Invite.find(token) or abort(404)


def _with_link(invite: Invite) -> dict[str, Any]:
    return invite.to_dict(url_for("invites.open_link", token=invite.token, _external=True))
