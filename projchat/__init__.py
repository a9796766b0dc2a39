"""projchat: chat that lives on the project page."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

# The advice to leave eventlet would greet every command; the day it is followed, this goes too.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")


def create_app(overrides: Mapping[str, Any] | None = None) -> Flask:
    """Build the application from the environment; `overrides` are for tests.

    The imports stand in here because gunicorn's master imports this package with the worker
    class: had it the application too, workers would inherit it unpatched, and old after a reload.
    """
    from flask import Flask
    from werkzeug.middleware.proxy_fix import ProxyFix

    from . import (
        assets,
        auth,
        config,
        database,
        errors,
        i18n,
        proxies,
        readiness,
        realtime,
        request_ids,
        routes,
    )
    from .extensions import babel, csrf, db, limiter, migrate
    from .history_watch import history_watch
    from .indexing import indexer
    from .login_upkeep import login_upkeep
    from .response_backlog import ResponseBacklog

    app = Flask(
        __name__,
        root_path=str(config.ROOT),
        static_folder="static",
        template_folder="templates",
        instance_path=str(config.ROOT / "instance"),
    )
    # Flask asks of every function at each call whether it is a coroutine; none of ours is.
    app.ensure_sync = lambda func: func  # type: ignore[method-assign]
    app.config.from_mapping(config.from_environment(), **(overrides or {}))
    options = database.engine_options(app.config["SQLALCHEMY_DATABASE_URI"])
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", options)

    db.init_app(app)
    with app.app_context():
        database.prepare(db.engine)
    migrate.init_app(app, db, directory=str(config.ROOT / "migrations"))
    csrf.init_app(app)
    request_ids.init_app(app)
    babel.init_app(app, locale_selector=i18n.select_locale)
    history_watch.init_app(app)
    login_upkeep.init_app(app)
    auth.init_app(app)
    limiter.init_app(app, auth.caller)
    ResponseBacklog().init_app(app, auth.caller, limiter)
    auth.guard_requests(app)
    assets.init_app(app)
    errors.init_app(app)
    indexer.init_app(app)
    readiness.init_app(app)
    routes.init_app(app)
    realtime.init_app(app)
    if app.config["PROXIES"]:
        hops = app.config["PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    else:
        app.wsgi_app = proxies.UnheardProxy(app.wsgi_app)  # type: ignore[method-assign]
    app.wsgi_app = routes.health.under_any_host(app.wsgi_app)  # type: ignore[method-assign,assignment]
    return app
