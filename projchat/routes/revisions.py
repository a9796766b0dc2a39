"""Revisions: what a message said before it was edited."""

from typing import Any

from flask import Blueprint

from ..schemas import RevisionsOut
from .contract import endpoint
from .messages import find_message
from .projects import find

bp = Blueprint("revisions", __name__, url_prefix="/api/projects/<int:project_id>/messages")


@bp.get("/<int:number>/revisions")
@endpoint(tag="messages", HTTP_200=RevisionsOut)
def index(project_id: int, number: int) -> dict[str, Any]:
    """The former texts of a message, oldest first; of very many the latest hundred."""
    message = find_message(find(project_id), number)
    return {"revisions": [revision.to_dict() for revision in message.revisions()]}
