"""The way in, and the description of the API."""

from typing import Any

from flask import Blueprint, redirect, render_template, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from ..auth import public
from ..models import User
from .contract import spec

bp = Blueprint("pages", __name__)


@bp.get("/")
@public
def home() -> Response:
    """Where a person belongs: the first account, the login, or the project they were in last."""
    if not current_user.is_authenticated:
        return redirect(url_for("accounts.login" if User.anybody() else "accounts.setup"))
    last = current_user.find_project(session.get("project", 0))
    if last is None:
        return redirect(url_for("projects.index"))
    return redirect(url_for("projects.show", project_id=last.id))


@bp.get("/api/openapi.json")
@public
def openapi() -> dict[str, Any]:
    """The API as an OpenAPI document."""
    document: dict[str, Any] = spec.spec
    return document


@bp.get("/api/docs")
@public
def docs() -> str:
    """The API to read and try."""
    return render_template("docs/api.html")
