"""Reactions: each is a change to its message, told like any other."""

from typing import Any

from flask import Blueprint
from flask_login import current_user

from ..extensions import db, limiter
from ..models import Unchanged
from ..schemas import MessageOut
from .contract import endpoint
from .delivery import deliver
from .messages import find_message
from .projects import find

bp = Blueprint(
    "reactions",
    __name__,
    url_prefix="/api/projects/<int:project_id>/messages/<int:number>/reactions",
)


@bp.put("/<emoji>")
@limiter.limit("40/10seconds")
@endpoint(tag="reactions", HTTP_200=MessageOut)
def add(project_id: int, number: int, emoji: str) -> dict[str, Any]:
    """React to a message with an emoji; doing so again changes nothing."""
    return _changed(project_id, number, emoji, chosen=True)


@bp.delete("/<emoji>")
@limiter.limit("40/10seconds")
@endpoint(tag="reactions", HTTP_200=MessageOut)
def remove(project_id: int, number: int, emoji: str) -> dict[str, Any]:
    """Take my reaction back; one that is not there stays so."""
    return _changed(project_id, number, emoji, chosen=False)


def _changed(project_id: int, number: int, emoji: str, chosen: bool) -> dict[str, Any]:
    project = find(project_id)
    message = find_message(project, number)
    try:
        message.react(current_user, emoji, chosen)
    except Unchanged:
        db.session.rollback()
        return find_message(find(project_id), number).to_dict()
    db.session.commit()
    deliver(project, message, event="message-updated")
    return message.to_dict()
