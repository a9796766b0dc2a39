"""Connecting, and entering and leaving the rooms of projects."""

import logging
from typing import Any

from flask import g
from flask_login import current_user
from flask_socketio import ConnectionRefusedError as Refused
from flask_socketio import leave_room

from ..errors import ApiError, unavailable
from ..extensions import socketio
from ..i18n import reader_locale
from ..i18n import server_gettext as _s
from ..models import Installation, Project, User
from ..models.changes import read_changes
from ..presence import present
from ..schemas import JoinIn, LeaveIn
from .connection_limits import TOO_MANY_CONNECTIONS
from .events import Ack, fanout, here, on, sid
from .fanout import Person

log = logging.getLogger("projchat")


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
        _require_history(data.history, project)
        changes = read_changes(project, data.since, data.limit) if project else {}
        if project is None or not fanout().enter(sid(), room, project.version):
            leave_room(room)
            raise ApiError(404, "not_found")
    log.info(_s("📁 Client joined project %s"), project.id)
    return {**changes, **present.summary(room)}


@on("leave_room", LeaveIn, limit="30/second")
def leave(data: LeaveIn) -> None:
    """Leave a room; leaving one that was not entered is no error."""
    leave_room(f"project:{data.project_id}")


def _welcome(user: User) -> None:
    locale = user.locale or reader_locale()
    if not fanout().welcome(sid(), Person(user.id, user.name, user.login.id, locale)):
        raise Refused(TOO_MANY_CONNECTIONS)


def _require_history(shown: str | None, project: Project | None) -> None:
    """Before the project is missed: in another history it may have been there."""
    if shown is not None:
        present = project.history if project else Installation.present_history()
        if shown != present:
            raise ApiError(409, "history_changed")
