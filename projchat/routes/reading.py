"""How far I have read in a project, what I have missed, and of what I want to be told."""

from typing import Any

from flask import Blueprint
from flask_login import current_user

from ..document import Envelope
from ..extensions import db, limiter, socketio
from ..models import CatchUp, Level
from ..schemas import (
    CatchUpOut,
    CatchUpQuery,
    MembershipPatch,
    ProjectOut,
    ReadIn,
    ReadOut,
    UnreadIn,
)
from .contract import endpoint
from .projects import find, find_to_change

bp = Blueprint("reading", __name__, url_prefix="/api/projects/<int:project_id>")


@bp.put("/read")
@endpoint(body=ReadIn, tag="projects", HTTP_200=ReadOut)
def mark_read(project_id: int, body: ReadIn) -> dict[str, Any]:
    """Note how far I have read; it never goes back.

    My own tabs hear of it in whatever room they are. The project's room does if it is news to it,
    not if I do not show my reading, or read again what I had marked as unread.
    """
    project = find(project_id)
    seen = project.membership.seen_number
    moved = project.read(body.number)
    db.session.commit()
    number = project.membership.last_read_number
    if moved:
        news = {"projectId": project.id, "userId": current_user.id, "number": number}
        if number > seen and current_user.show_reading:
            socketio.emit("read", news, to=project.room)
        socketio.emit("read", news, to=current_user.room)
    return {"lastReadNumber": number}


@bp.put("/unread")
@endpoint(body=UnreadIn, tag="projects", HTTP_200=ReadOut)
def mark_unread(project_id: int, body: UnreadIn) -> dict[str, Any]:
    """Put my mark back before a message. The others see nothing of it: I have read it once."""
    project = find(project_id)
    moved = project.mark_unread(body.number)
    db.session.commit()
    if moved:
        news = {"projectId": project.id, "number": body.number}
        socketio.emit("marked-unread", news, to=current_user.room)
    return {"lastReadNumber": project.membership.last_read_number}


@bp.patch("/membership")
@endpoint(body=MembershipPatch, tag="projects", HTTP_200=ProjectOut)
def update(project_id: int, body: MembershipPatch) -> dict[str, Any]:
    """Choose of what I want to be told: everything, mentions, nothing."""
    project = find_to_change(project_id)
    if body.notify is not None:
        project.membership.notify = Level(body.notify).value
    db.session.commit()
    return project.to_dict()


@bp.get("/catch-up")
@limiter.limit("30/minute")
@endpoint(query=CatchUpQuery, tag="projects", HTTP_200=CatchUpOut)
def catch_up(project_id: int, query: CatchUpQuery) -> Envelope:
    """What happened since I was last here: after message `since`, or after my mark."""
    return CatchUp(find(project_id), query.since).to_dict()
