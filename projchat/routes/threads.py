"""Threads: a message and everything that replies to it."""

from typing import Any

from flask import Blueprint

from ..schemas import PageOut, ThreadQuery
from .contract import endpoint
from .messages import find_message, page_dict
from .projects import find

bp = Blueprint("threads", __name__, url_prefix="/api/projects/<int:project_id>/messages")


@bp.get("/<int:number>/thread")
@endpoint(query=ThreadQuery, tag="messages", HTTP_200=PageOut)
def show(project_id: int, number: int, query: ThreadQuery) -> dict[str, Any]:
    """The thread that a message is in: what it began with, and the replies in their order."""
    project = find(project_id)
    page = project.thread(find_message(project, number), query.after, query.limit)
    return page_dict(project, page)
