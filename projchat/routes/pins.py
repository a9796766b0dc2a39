"""Pins: what a project keeps at hand."""

from typing import Any

from flask import Blueprint
from flask_login import current_user

from ..extensions import db, limiter
from ..models import Unchanged
from ..schemas import MessageOut, PinsOut
from .contract import endpoint
from .delivery import deliver
from .messages import find_message
from .projects import find

bp = Blueprint("pins", __name__, url_prefix="/api/projects/<int:project_id>")


@bp.get("/pins")
@endpoint(tag="pins", HTTP_200=PinsOut)
def index(project_id: int) -> dict[str, Any]:
    """The pinned messages, the latest first."""
    return {"messages": [message.to_dict() for message in find(project_id).pins()]}


@bp.put("/messages/<int:number>/pin")
@limiter.limit("20/10seconds")
@endpoint(tag="pins", HTTP_200=MessageOut)
def create(project_id: int, number: int) -> dict[str, Any]:
    """Pin a message, and say so in the project; doing so again changes nothing."""
    project = find(project_id)
    message = find_message(project, number)
    try:
        news = project.pin(current_user, message)
    except Unchanged:
        return _unchanged(project_id, number)
    db.session.commit()
    deliver(project, message, event="message-updated")
    deliver(project, news)
    return message.to_dict()


@bp.delete("/messages/<int:number>/pin")
@limiter.limit("20/10seconds")
@endpoint(tag="pins", HTTP_200=MessageOut)
def delete(project_id: int, number: int) -> dict[str, Any]:
    """Let go of a pinned message."""
    project = find(project_id)
    message = find_message(project, number)
    try:
        message.unpin()
    except Unchanged:
        return _unchanged(project_id, number)
    db.session.commit()
    deliver(project, message, event="message-updated")
    return message.to_dict()


def _unchanged(project_id: int, number: int) -> dict[str, Any]:
    """Roll back, and the counter with it; then answer with the message as it is."""
    db.session.rollback()
    return find_message(find(project_id), number).to_dict()
