"""Pins: what a project keeps at hand."""

from typing import Any

from flask import Blueprint
from flask_login import current_user

from ..document import Envelope
from ..extensions import limiter
from ..schemas import BeforeQuery, MessageOut, PinsOut
from .contract import endpoint
from .messages import change
from .projects import find

bp = Blueprint("pins", __name__, url_prefix="/api/projects/<int:project_id>")


@bp.get("/pins")
@endpoint(query=BeforeQuery, tag="pins", HTTP_200=PinsOut)
def index(project_id: int, query: BeforeQuery) -> Envelope:
    """The pinned messages, the latest first; `before` is the `pinnedAt` of the last known one."""
    page = find(project_id).pins(query.moment)
    return Envelope(messages=page.rows, hasMore=page.has_more)


@bp.put("/messages/<int:number>/pin")
@limiter.limit("20/10seconds")
@endpoint(tag="pins", HTTP_200=MessageOut)
def create(project_id: int, number: int) -> dict[str, Any]:
    """Pin a message, and say so in the project; doing so again changes nothing."""
    return change(project_id, number, lambda it: it.project.pin(current_user, it))


@bp.delete("/messages/<int:number>/pin")
@limiter.limit("20/10seconds")
@endpoint(tag="pins", HTTP_200=MessageOut)
def delete(project_id: int, number: int) -> dict[str, Any]:
    """Let go of a pinned message."""
    return change(project_id, number, lambda it: it.unpin())
