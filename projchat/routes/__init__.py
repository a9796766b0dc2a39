"""The blueprints, and what every page and answer has in common."""

import secrets
from typing import Any

from flask import Flask, Response, current_app, g, request
from flask_login import current_user
from werkzeug.routing import IntegerConverter

from ..auth import present_history
from ..i18n import reader_locale
from . import (
    accounts,
    changes,
    health,
    i18n,
    invites,
    logins,
    members,
    messages,
    pages,
    pins,
    projects,
    reactions,
    reading,
    revisions,
    search,
    threads,
    uploads,
)
from .contract import Json, spec

BLUEPRINTS = (
    accounts,
    changes,
    health,
    i18n,
    invites,
    logins,
    members,
    messages,
    pages,
    pins,
    projects,
    reactions,
    reading,
    revisions,
    search,
    threads,
    uploads,
)
YEAR = 31_536_000
SAFETY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Key(IntegerConverter):
    """A number in an address; what no database could hold is an address of nothing."""

    regex = "[0-9]{1,15}"


def init_app(app: Flask) -> None:
    """Register the blueprints, the context of the templates and the headers of the answers."""
    app.url_map.converters["int"] = Key
    app.json = Json(app)
    for module in BLUEPRINTS:
        app.register_blueprint(module.bp)
    spec.app = app
    app.context_processor(_context)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    app.jinja_env.policies["json.dumps_function"] = app.json.dumps
    app.after_request(_headers)


def csp_nonce() -> str:
    """The nonce of this answer's one inline script, the import map."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def _context() -> dict[str, Any]:
    """What every page needs; nothing from the database on the page that says it is away."""
    known = not g.get("failing") and current_user.is_authenticated
    return {
        "viewer": current_user.to_dict() if known else None,
        "projects": _projects() if known else [],
        "history": "" if g.get("failing") else present_history(),
        "locale": reader_locale(),
    }


def _projects() -> list[dict[str, Any]]:
    if "projects" not in g:
        g.projects = [project.to_dict() for project in current_user.projects()]
    return list(g.projects)


def _headers(response: Response) -> Response:
    headers = response.headers
    headers.extend(SAFETY)
    headers.setdefault("Content-Security-Policy", _policy())
    if current_app.config["PRODUCTION"] and request.is_secure:
        headers["Strict-Transport-Security"] = f"max-age={YEAR}"
    if request.endpoint not in ("static", "i18n.show"):
        headers.setdefault("Cache-Control", "private, no-store")
        headers.setdefault("Vary", "Cookie, Accept-Language")
    return response


def _policy() -> str:
    nonce = f" 'nonce-{g.csp_nonce}'" if "csp_nonce" in g else ""
    return (
        f"default-src 'self'; script-src 'self'{nonce}; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; worker-src 'self'; manifest-src 'self'; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
