"""Answer what has changed in a project, to whoever has no live connection: the long poll."""

from contextlib import nullcontext

from flask import Blueprint, abort, request
from flask_login import current_user

from ..auth import ask_again
from ..document import Envelope
from ..extensions import db, limiter, socketio
from ..models import Project
from ..models.changes import read_changes
from ..presence import present
from ..schemas import ChangesOut, ChangesQuery
from .contract import endpoint
from .projects import find

bp = Blueprint("changes", __name__, url_prefix="/api/projects/<int:project_id>/changes")


@bp.get("")
@limiter.limit("600/minute")
@endpoint(query=ChangesQuery, tag="messages", HTTP_200=ChangesOut)
def index(project_id: int, query: ChangesQuery) -> Envelope:
    """What has changed since a version; if nothing has, once something does or `wait` is over."""
    project = find(project_id)
    since = project.version if query.since is None else query.since
    if query.wait:
        project = _listen(project, since, query.wait)
    changes = read_changes(project, since, query.limit)
    return Envelope(**changes, **present.summary(project.room))


def _listen(project: Project, since: int, seconds: int) -> Project:
    """Wait for changes if there are none; the project as it is then, for who is still a member.

    Whoever polls is here, also where there is always something new. Once the poll listens, the
    project is looked at again, for what came just before is told to nobody. There is no transaction
    during the wait.
    """
    socketio.manager.ensure_started()
    with socketio.manager.polls.open(current_user, project.room, since) as poll:
        if project.version == since:
            project = _find_again(project.id)
        if project.version == since:
            db.session.rollback()
            with request.environ.get("projchat.hold", nullcontext)(poll.wake):
                poll.wait(seconds)
            project = _find_again(project.id)
    return project


def _find_again(project_id: int) -> Project:
    """The project in a new transaction, for the viewer as they are now."""
    return ask_again().find_project(project_id) or abort(404)
