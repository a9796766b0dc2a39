"""Reactions: each is a change to its message, told like any other."""

from typing import Any

from flask import Blueprint
from flask_login import current_user

from ..extensions import limiter
from ..schemas import MessageOut
from .contract import endpoint
from .messages import change

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
    return change(project_id, number, lambda it: it.react(current_user, emoji, chosen=True))


@bp.delete("/<emoji>")
@limiter.limit("40/10seconds")
@endpoint(tag="reactions", HTTP_200=MessageOut)
def remove(project_id: int, number: int, emoji: str) -> dict[str, Any]:
    """Take my reaction back; one that is not there stays so."""
    return change(project_id, number, lambda it: it.react(current_user, emoji, chosen=False))
