"""Projects: my list, the page where the chat lives, and what its managers may change."""

from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, abort, current_app, render_template, session
from flask_login import current_user

from .. import markup
from ..document import Envelope
from ..extensions import db, limiter
from ..models import Project
from ..models.timeline import PAGE_SIZE
from ..presence import present
from ..schemas import (
    ProjectDetailOut,
    ProjectIn,
    ProjectOut,
    ProjectPatch,
    ProjectsOut,
)
from .accounts import push_key
from .contract import endpoint
from .delivery import deliver
from .invites import invites_of

bp = Blueprint("projects", __name__)

# Everybody who looks at a project sees its description, which hardly ever changes.
_render_description = lru_cache(1024)(markup.render)


def find(project_id: int) -> Project:
    """The project, if the viewer is a member; otherwise the same 404 as for none."""
    return current_user.find_project(project_id) or abort(404)  # type: ignore[no-any-return]


def find_to_change(project_id: int) -> Project:
    """The same, for a change that takes no version: nobody was removed while it began."""
    project = find(project_id)
    project.confirm_membership()
    return project


def detail(project: Project) -> dict[str, Any]:
    """The project with its people."""
    numbers = project.mention_numbers()
    members = project.members()
    mistakable = project.mistakable(members)
    return {
        **project.to_dict(),
        "descriptionHtml": _render_description(project.description),
        "mentionNumbers": numbers,
        "members": [
            {**member.to_dict(current_user.id), "mistakable": member.user_id in mistakable}
            for member in members
        ],
        **present.summary(project.room),
    }


@bp.get("/projects")
def index() -> str:
    """My projects."""
    return render_template("projects/index.html")


@bp.get("/projects/new")
def new() -> str:
    """The form of a new project."""
    return render_template("projects/new.html")


@bp.get("/projects/<int:project_id>")
@bp.get("/projects/<int:project_id>/messages/<int:number>")
def show(project_id: int, number: int | None = None) -> Response:
    """The chat: at a message, at the first unread one, or at the end."""
    project = find(project_id)
    if number is not None and not 0 < number <= project.message_count:
        abort(404)
    if session.get("project") != project.id:
        session["project"] = project.id
    focus = number or project.membership.last_read_number + 1
    page = project.around(focus) if number or project.unread else project.newest()
    page_data = Envelope(
        viewer=current_user.to_dict(),
        project=detail(project),
        page=Envelope(messages=page.rows, version=project.version, hasMore=page.has_more),
        pageSize=PAGE_SIZE,
        uploadBytes=current_app.config["UPLOAD_BYTES"],
        focusNumber=number,
        pushKey=push_key(),
    )
    html = render_template("projects/show.html", project=page_data["project"], page_data=page_data)
    # Unlike the other pages this one may be brought back by the browser's "back" as it was: it
    # catches up by itself, and finds out by itself if its login has ended.
    return Response(html, headers={"Cache-Control": "private, no-cache"})


@bp.get("/projects/<int:project_id>/settings")
def settings(project_id: int) -> str:
    """The project's name, members and invites."""
    project = find(project_id)
    invites = invites_of(project) if project.membership.manages else []
    return render_template(
        "projects/settings.html",
        project=detail(project),
        members=detail(project)["members"],
        invites=invites,
    )


@bp.get("/api/projects")
@endpoint(tag="projects", HTTP_200=ProjectsOut)
def list_mine() -> dict[str, Any]:
    """My projects, with how much I have not read."""
    return {"projects": [project.to_dict() for project in current_user.projects()]}


@bp.post("/api/projects")
@limiter.limit("30/hour")
@endpoint(body=ProjectIn, tag="projects", HTTP_201=ProjectOut)
def create(body: ProjectIn) -> tuple[dict[str, Any], int]:
    """Start a project; whoever does owns it."""
    project, _ = Project.found(current_user, body.name, body.description)
    db.session.commit()
    return project.to_dict(), 201


@bp.get("/api/projects/<int:project_id>")
@endpoint(tag="projects", HTTP_200=ProjectDetailOut)
def read_one(project_id: int) -> dict[str, Any]:
    """One project, with its members and who is here."""
    return detail(find(project_id))


@bp.patch("/api/projects/<int:project_id>")
@endpoint(body=ProjectPatch, tag="projects", HTTP_200=ProjectOut)
def update(project_id: int, body: ProjectPatch) -> dict[str, Any]:
    """Rename, describe, archive or open again; the room is told by messages."""
    project = find(project_id)
    changes = (
        project.archive(current_user, False) if body.archived is False else None,
        project.rename(current_user, body.name) if body.name is not None else None,
        project.describe(current_user, body.description) if body.description is not None else None,
        project.archive(current_user, True) if body.archived else None,
    )
    db.session.commit()
    deliver(project, *changes)
    return project.to_dict()
