"""Starting the server: greet, and become gunicorn."""

import gettext
import os
import sys
from collections.abc import Callable, Iterator
from typing import NoReturn

from . import addresses, preflight
from .config import ROOT
from .preflight import State

TRANSLATIONS = ROOT / "projchat" / "translations"


def greeting(state: State) -> Iterator[str]:
    """What the person who starts it reads first."""
    _ = _words()
    yield from in_force(state)
    yield _("Stop it with Ctrl-C.")


def in_force(state: State) -> Iterator[str]:
    """Where it is to be found, which settings are in force, and what is odd about them."""
    _ = _words()
    yield _("projchat is at %s") % ", ".join(_sites(state))
    for label, value in _values(state, _):
        yield f"  {label}: {value}"
    for notice in preflight.notices(state.settings):
        yield f"⚠️ {notice}"
    if not state.has_people:
        yield _first_step(state, _)


def hand_over() -> NoReturn:
    """Go on as gunicorn, in this very process."""
    os.chdir(ROOT)
    if not os.environ.get("WEB_CONCURRENCY"):
        # gunicorn stumbles over an empty one.
        os.environ.pop("WEB_CONCURRENCY", None)
    gunicorn = ["-m", "gunicorn", "--config", str(ROOT / "projchat" / "gunicorn_conf.py")]
    os.execv(sys.executable, [sys.executable, *gunicorn])  # noqa: S606 - our own interpreter.


def _sites(state: State) -> tuple[str, ...]:
    """The addresses that people open."""
    settings = state.settings
    local = "[::1]" if settings["HOST"] == "::1" else "localhost"
    origins: tuple[str, ...] = settings["ORIGINS"]
    return origins or (f"http://{local}:{settings['PORT']}",)


def _values(state: State, _: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    settings = state.settings
    redis = settings["REDIS_URL"]
    yield _("environment"), "production" if settings["PRODUCTION"] else "development"
    yield _("listens on"), f"{addresses.in_brackets(settings['HOST'])}:{settings['PORT']}"
    yield _("database"), preflight.database_name(settings["SQLALCHEMY_DATABASE_URI"])
    yield "Redis", str(addresses.redis(redis, production=False)) if redis else _("none")
    yield _("files and keys"), str(settings["INSTANCE"])
    yield _("workers"), str(settings["WORKERS"])


def _first_step(state: State, _: Callable[[str], str]) -> str:
    token = state.settings["SETUP_TOKEN"]
    if not token:
        return _("Open it and make the first account: it is the administrator's.")
    link = f"{_sites(state)[0]}/setup?token={token}"
    return _("Make the first account, the administrator's, at %s") % link


def _words() -> Callable[[str], str]:
    return gettext.translation("messages", str(TRANSLATIONS), fallback=True).gettext
