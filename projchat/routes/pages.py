"""The way in, and the description of the API."""

from typing import Any

from flask import Blueprint, abort, jsonify, redirect, render_template, session, url_for
from flask import Response as FlaskResponse
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from .. import assets, i18n
from ..auth import public
from ..models import User
from .contract import description

bp = Blueprint("pages", __name__)

# The light theme's --color-canvas: a manifest has no variables.
CANVAS = "#f5f6f8"


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


@bp.get("/sw.js")
@public
def service_worker() -> FlaskResponse:
    """The service worker; it stands at the root, since it looks after all pages."""
    response = assets.send("sw/service_worker.js")
    response.headers["Cache-Control"] = "no-cache"
    return response


@bp.get("/manifest/<locale>.webmanifest")
@public
def manifest(locale: str) -> FlaskResponse:
    """What a browser needs to know to install us, in the reader's language."""
    if not i18n.is_supported(locale):
        abort(404)
    response = jsonify(_manifest(locale))
    response.mimetype = "application/manifest+json"
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


@bp.get("/api/openapi.json")
@public
def openapi() -> dict[str, Any]:
    """The API as an OpenAPI document."""
    return description()


@bp.get("/api/docs")
@public
def docs() -> str:
    """The API to read and try."""
    return render_template("docs/api.html")


def _manifest(locale: str) -> dict[str, Any]:
    with force_locale(locale):
        description = _("Chat that lives on the project page.")
    return {
        "id": "/",
        "name": "projchat",
        "short_name": "projchat",
        "description": description,
        "lang": locale,
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": CANVAS,
        "theme_color": CANVAS,
        "icons": [
            _icon("icon.svg", "any", "image/svg+xml"),
            _icon("icon-192.png", "192x192"),
            _icon("icon-512.png", "512x512"),
            _icon("icon-maskable-512.png", "512x512", purpose="maskable"),
        ],
    }


def _icon(name: str, sizes: str, kind: str = "image/png", purpose: str = "any") -> dict[str, str]:
    return {
        "src": assets.asset(f"img/{name}"),
        "sizes": sizes,
        "type": kind,
        "purpose": purpose,
    }
