"""The message API: the database first, then the room."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort
from flask_login import current_user

from ..document import Document
from ..extensions import db, limiter
from ..failpoints import hit
from ..models import AlreadySent, Message, Project, Unchanged
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
    messages, more = _page(project, query)
    return _page_dict(messages, project.version, more)


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


def _page(project: Project, query: MessageQuery) -> tuple[list[Message], bool]:
    """The page, and whether there is more in the direction it was asked for."""
    count = project.message_count
    if query.before is not None:
        messages = project.before(query.before, query.limit)
        return messages, bool(messages) and messages[0].number > 1
    if query.after is not None:
        messages = project.after(query.after, query.limit)
        return messages, bool(messages) and messages[-1].number < count
    if query.around is not None:
        messages = project.around(query.around, query.limit)
        return messages, len(messages) < count
    messages = project.newest(query.limit)
    return messages, bool(messages) and messages[0].number > 1


def _changes(project: Project, since: int, limit: int) -> dict[str, Any]:
    messages = project.changes_since(since, limit)
    more = len(messages) == limit and messages[-1].version < project.version
    version = messages[-1].version if more else project.version
    return {**_page_dict(messages, version, more), "reset": since > project.version}


def _from_date(project: Project, date: datetime, limit: int) -> dict[str, Any]:
    number = project.first_since(date if date.tzinfo else date.replace(tzinfo=UTC))
    messages = project.around(number, limit) if number else project.newest(limit)
    page = _page_dict(messages, project.version, len(messages) < project.message_count)
    return {**page, "number": number}


def _page_dict(messages: list[Message], version: int, more: bool) -> dict[str, Any]:
    return {
        "messages": [message.to_dict() for message in messages],
        "version": version,
        "hasMore": more,
    }


def _first_answer(project_id: int, client_id: str, body: MessageIn) -> tuple[dict[str, Any], int]:
    """Roll back, and the counter with it; then answer a retry as the first try was answered."""
    db.session.rollback()
    project = find(project_id)
    message = project.first_answer(
        current_user, client_id, body.content, body.reply_to, body.uploads
    )
    return message.to_dict(), 200
