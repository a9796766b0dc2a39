"""Connecting, and entering and leaving the rooms of projects."""

import logging
from typing import Any

from flask import g
from flask_login import current_user
from flask_socketio import ConnectionRefusedError as Refused
from flask_socketio import join_room, leave_room
from sqlalchemy import update

from ..errors import ApiError, unavailable
from ..extensions import db, socketio
from ..i18n import reader_locale
from ..i18n import server_gettext as _s
from ..models import Login, Message, Project, User
from ..models.project import LONGEST_PAGE
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
    """Check the membership, enter the room, and only then read what has changed."""
    project = _project(data.project_id)
    join_room(project.room)
    answer = _catch_up(data)
    log.info(_s("📁 Client joined project %s"), project.id)
    return answer


@on("leave_room", LeaveIn, limit="30/second")
def leave(data: LeaveIn) -> None:
    """Leave a room; leaving one that was not entered is no error."""
    leave_room(f"project:{data.project_id}")


def _welcome(user: User) -> None:
    login = user.login
    fanout().welcome(sid(), Person(user.id, user.name, login.id, user.locale or reader_locale()))
    join_room(user.room)
    join_room(login.room)
    if login.is_stale:
        db.session.commit()
        g.reading = False
        db.session.execute(update(Login).where(Login.id == login.id).values(last_seen_at=now()))
        db.session.commit()


def _project(project_id: int) -> Project:
    """The project as it is now for the person of this socket, read in a new transaction."""
    db.session.rollback()
    project = User.project_of(here().user_id, project_id)
    if project is None:
        raise ApiError(404, "not_found")
    return project


def _catch_up(data: JoinIn) -> Ack:
    """What the client has not seen yet, read after it has entered the room.

    The membership is checked again: it may have ended between the check and the entering, when
    the eviction could not find this socket in the room.
    """
    try:
        project = _project(data.project_id)
    except ApiError:
        leave_room(f"project:{data.project_id}")
        raise
    if fanout().is_in(sid(), project.room):
        fanout().ledger.watch(project.room, project.version)
    since = project.version if data.since is None else data.since
    reset = since > project.version or project.version - since > FURTHEST_BEHIND
    messages = project.newest() if reset else _changes(project, since)
    more = not reset and len(messages) == LONGEST_PAGE and messages[-1].version < project.version
    return {
        "messages": [message.to_dict() for message in messages],
        "version": messages[-1].version if more else project.version,
        "hasMore": more,
        "reset": reset,
        "presence": present.users(project.room),
    }


def _changes(project: Project, since: int) -> list[Message]:
    return project.changes_since(since) if since < project.version else []
