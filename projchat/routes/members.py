"""The members of a project: their roles, and how they go."""

from typing import Any

from flask import Blueprint, abort
from flask_login import current_user

from ..extensions import db, socketio
from ..models import Membership, Project, Role
from ..schemas import MemberPatch, ProjectDetailOut
from .contract import endpoint
from .delivery import deliver
from .projects import detail, find

bp = Blueprint("members", __name__, url_prefix="/api/projects/<int:project_id>/members")


@bp.patch("/<int:user_id>")
@endpoint(body=MemberPatch, tag="members", HTTP_200=ProjectDetailOut)
def update(project_id: int, user_id: int, body: MemberPatch) -> dict[str, Any]:
    """Give a member another role; `owner` hands the project over."""
    project = find(project_id)
    message = project.change_role(current_user, _find(project, user_id), Role(body.role))
    db.session.commit()
    deliver(project, message)
    return detail(find(project_id))


@bp.delete("/<int:user_id>")
@endpoint(tag="members", HTTP_204=None)
def delete(project_id: int, user_id: int) -> tuple[str, int]:
    """Remove a member, or leave; their open pages are out before the room hears of it."""
    project = find(project_id)
    member = _find(project, user_id)
    person_room = member.user.room
    message = project.remove(current_user, member)
    db.session.commit()
    socketio.manager.evict(person_room, project.room)
    deliver(project, message)
    return "", 204


def _find(project: Project, user_id: int) -> Membership:
    return project.find_member(user_id) or abort(404)
