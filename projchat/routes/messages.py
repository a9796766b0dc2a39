"""The message API: the database first, then the room."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort
from flask_login import current_user

from ..auth import shown_history
from ..document import Document, Envelope
from ..extensions import db, limiter
from ..failpoints import hit
from ..models import AlreadySent, Message, Project, Unchanged
from ..models.page import Page
from ..schemas import MessageIn, MessageOut, MessagePatch, MessageQuery, PageOut
from ..uploads import store
from .contract import endpoint
from .delivery import deliver, tell, tell_mentioned
from .projects import find

bp = Blueprint("messages", __name__, url_prefix="/api/projects/<int:project_id>/messages")


@bp.get("")
@endpoint(query=MessageQuery, tag="messages", HTTP_200=PageOut)
def index(project_id: int, query: MessageQuery) -> dict[str, Any]:
    """A page of the timeline, or what has changed since a version."""
    project = find(project_id)
    if query.since is not None:
        return _changes(project, query.since, query.limit)
    if query.date is not None:
        return _from_date(project, query.date, query.limit)
    return page_dict(project, _page(project, query))


@bp.post("")
@limiter.limit("20/10seconds")
@endpoint(body=MessageIn, tag="messages", HTTP_200=MessageOut, HTTP_201=MessageOut)
def create(project_id: int, body: MessageIn) -> tuple[dict[str, Any], int]:
    """Send a message. A repeated clientId is answered with what it made the first time."""
    project = find(project_id)
    try:
        message = project.post(
            current_user, body.content, body.client_id, body.reply_to, body.uploads
        )
    except AlreadySent as sent:
        return _first_answer(project_id, sent.client_id, body)
    hit("before-commit")
    db.session.commit()
    hit("after-commit")
    said = Document(message.to_dict())
    tell(project, message, said)
    tell_mentioned(message)
    return said, 201


@bp.get("/<int:number>")
@endpoint(tag="messages", HTTP_200=MessageOut)
def show(project_id: int, number: int) -> dict[str, Any]:
    """One message."""
    return find_message(find(project_id), number).to_dict()


@bp.patch("/<int:number>")
@limiter.limit("20/10seconds")
@endpoint(body=MessagePatch, tag="messages", HTTP_200=MessageOut)
def update(project_id: int, number: int, body: MessagePatch) -> dict[str, Any]:
    """Change the text of my message, if it still is what I saw."""
    return change(
        project_id, number, lambda it: it.edit(current_user, body.content, body.edited_at)
    )


@bp.delete("/<int:number>")
@limiter.limit("20/10seconds")
@endpoint(tag="messages", HTTP_200=MessageOut)
def delete(project_id: int, number: int) -> dict[str, Any]:
    """Delete a message; its tombstone keeps the place."""
    return change(project_id, number, lambda it: it.delete(it.project.membership))


def change(
    project_id: int, number: int, act: Callable[[Message], Message | None]
) -> dict[str, Any]:
    """Let a message change, and tell the room; what is so already is answered as it is.

    `act` may answer with a message that says so in the project.
    """
    project = find(project_id)
    message = find_message(project, number)
    mentioned, files = message.mentions, message.file_ids
    try:
        news = act(message)
    except Unchanged:
        db.session.rollback()
        return find_message(find(project_id), number).to_dict()
    db.session.commit()
    store().remove(*files - message.file_ids)
    said = Document(message.to_dict())
    tell(project, message, said, event="message-updated")
    deliver(project, news)
    tell_mentioned(message, mentioned)
    return said


def find_message(project: Project, number: int) -> Message:
    """The message with this number, or the 404 of the project."""
    return project.find_message(number) or abort(404)


def page_dict(project: Project, page: Page, **more: Any) -> Envelope:
    """A page of messages as it goes out; `version` is the head, unless another is given."""
    given = {"version": project.version, "history": project.history, **more}
    return Envelope(messages=page.rows, hasMore=page.has_more, **given)


def _page(project: Project, query: MessageQuery) -> Page:
    if query.before is not None:
        return project.before(query.before, query.limit)
    if query.after is not None:
        return project.after(query.after, query.limit)
    if query.around is not None:
        return project.around(query.around, query.limit)
    return project.newest(query.limit)


def _changes(project: Project, since: int, limit: int) -> Envelope:
    if not project.knows(since, shown_history()):
        return page_dict(project, Page([], has_more=False), reset=True)
    page = project.changes_since(since, limit)
    version = page.rows[-1]["version"] if page.has_more else project.version
    return page_dict(project, page, version=version, reset=False)


def _from_date(project: Project, date: datetime, limit: int) -> Envelope:
    number = project.first_since(date if date.tzinfo else date.replace(tzinfo=UTC))
    page = project.around(number, limit) if number else project.newest(limit)
    return page_dict(project, page, number=number)


def _first_answer(project_id: int, client_id: str, body: MessageIn) -> tuple[dict[str, Any], int]:
    """Roll back, and the counter with it; then answer a retry as the first try was answered."""
    db.session.rollback()
    project = find(project_id)
    message = project.first_answer(
        current_user, client_id, body.content, body.reply_to, body.uploads
    )
    return message.to_dict(), 200
