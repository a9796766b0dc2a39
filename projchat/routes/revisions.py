"""Revisions: what a message said before it was edited."""

from flask import Blueprint

from ..document import Envelope
from ..schemas import BeforeQuery, RevisionsOut
from .contract import endpoint
from .messages import find_message
from .projects import find

bp = Blueprint("revisions", __name__, url_prefix="/api/projects/<int:project_id>/messages")


@bp.get("/<int:number>/revisions")
@endpoint(query=BeforeQuery, tag="messages", HTTP_200=RevisionsOut)
def index(project_id: int, number: int, query: BeforeQuery) -> Envelope:
    """The former texts of a message, oldest first; of many the latest.

    `before` is the `createdAt` of the oldest known one.
    """
    page = find_message(find(project_id), number).revisions(query.moment)
    return Envelope(revisions=page.rows, hasMore=page.has_more)
