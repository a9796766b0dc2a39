"""Connecting, and entering and leaving the rooms of projects."""

import logging
from typing import Any

from flask import g
from flask_login import current_user
from flask_socketio import ConnectionRefusedError as Refused
from flask_socketio import leave_room
from sqlalchemy import update

from ..errors import ApiError, unavailable
from ..extensions import db, socketio
from ..i18n import reader_locale
from ..i18n import server_gettext as _s
from ..models import Login, Message, Project, User
from ..models.timeline import LONGEST_PAGE
from ..models.types import now
from ..presence import present
from ..schemas import JoinIn, LeaveIn
from .events import Ack, fanout, here, on, sid
from .fanout import Person

log = logging.getLogger("projchat")

FURTHEST_BEHIND = 5000


@socketio.on("connect")
def connect(_auth: Any = None) -> None:
    """Let in whoever is logged in; the reason of a refusal is a code for the client."""
    g.reading = True
    try:
        user = current_user._get_current_object()
        if not user.is_authenticated:
            raise Refused("unauthenticated")
        _welcome(user)
    except Refused:
        raise
    except Exception as error:
        if not unavailable(error):
            log.exception("A connection failed")
        raise Refused("unavailable") from None
    log.info(_s("✅ Client connected: %s"), sid())


@socketio.on("disconnect")
def disconnect(*_reason: Any) -> None:
    """Nothing to do: the manager has taken the socket out of its rooms."""


@on("join_room", JoinIn, limit="30/second")
def enter(data: JoinIn) -> Ack:
    """Read whether the person may enter and what has changed, while what is emitted is kept."""
    room = f"project:{data.project_id}"
    with fanout().doorstep.knock(sid(), room):
        project = User.project_of(here().user_id, data.project_id)
        news = _news(project, data.since) if project else {}
        if project is None or not fanout().enter(sid(), room, project.version):
            leave_room(room)
            raise ApiError(404, "not_found")
    log.info(_s("📁 Client joined project %s"), project.id)
    return {**news, "presence": present.users(room)}


@on("leave_room", LeaveIn, limit="30/second")
def leave(data: LeaveIn) -> None:
    """Leave a room; leaving one that was not entered is no error."""
    leave_room(f"project:{data.project_id}")


def _welcome(user: User) -> None:
    login = user.login
    fanout().welcome(sid(), Person(user.id, user.name, login.id, user.locale or reader_locale()))
    if login.is_stale:
        db.session.commit()
        g.reading = False
        db.session.execute(update(Login).where(Login.id == login.id).values(last_seen_at=now()))
        db.session.commit()


def _news(project: Project, since: int | None) -> Ack:
    """What the client has not seen yet; nothing is asked for where the project says it all."""
    if since is None:
        since = project.version
    reset = since > project.version or project.version - since > FURTHEST_BEHIND
    messages = project.newest() if reset else _changes(project, since)
    more = not reset and len(messages) == LONGEST_PAGE and messages[-1].version < project.version
    return {
        "messages": [message.to_dict() for message in messages],
        "version": messages[-1].version if more else project.version,
        "hasMore": more,
        "reset": reset,
    }


def _changes(project: Project, since: int) -> list[Message]:
    return project.changes_since(since) if since < project.version else []
