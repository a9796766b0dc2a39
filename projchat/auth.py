"""Who is asking: passwords, logins, and the gate that every request passes."""

import re
import time
from collections.abc import Callable
from functools import cache, lru_cache
from hmac import compare_digest
from typing import Any, TypeVar
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Flask, Request, Response, current_app, g, redirect, request, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_login import current_user, login_user, logout_user
from itsdangerous import BadData, BadSignature, URLSafeTimedSerializer
from werkzeug.exceptions import SecurityError
from werkzeug.sansio.utils import get_host
from werkzeug.wrappers import Response as WerkzeugResponse

from . import passwords
from .config import CHUNK_BYTES
from .errors import ApiError
from .extensions import db, login_manager
from .history_watch import history_watch
from .login_guard import remember_browser
from .login_upkeep import login_upkeep
from .models import Installation, Invalid, Login, User
from .offload import hashing
from .rate_limits import client_address

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
HISTORY_HEADER = "X-Projchat-History"
#: The endpoints of files that are everybody's.
STATIC = ("static", "published")
# A person sends the same cookie and the same token with every request of a page: what was found
# to be signed by us is remembered for this many of them, what was not is looked at each time.
SIGNATURES_KEPT = 4096
# For so many seconds at most it is remembered whose login a token is.
OWNER_SECONDS = 60

View = TypeVar("View", bound=Callable[..., Any])

_hasher = PasswordHasher()


def public(view: View) -> View:
    """Mark a view that anybody may call; all others need a login."""
    view.public = True  # type: ignore[attr-defined]
    return view


def streams(view: View) -> View:
    """Mark a view that reads its body itself, in pieces, between its transactions."""
    view.streams = True  # type: ignore[attr-defined]
    return view


def hash_password(password: str, *names: str) -> str:
    """Hash a new password (argon2id, RFC 9106) of somebody with these names.

    Raises `Invalid` if it may not be chosen.
    """
    try:
        passwords.check(password, *names)
    except ValueError as refusal:
        raise Invalid(str(refusal), "password") from None
    try:
        return hashing.call(_hasher.hash, password)
    except UnicodeEncodeError:
        raise Invalid("unprintable", "password") from None


def verify_password(password: str, known: str | None) -> bool:
    """Whether `password` made the hash; takes the same time if there is no hash."""
    stand_in = _hash_of_nothing()
    try:
        return hashing.call(_hasher.verify, known or stand_in, password) and known is not None
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


@cache
def _hash_of_nothing() -> str:
    """What an unknown name is checked against, so that it takes as long as a wrong password."""
    return hashing.call(_hasher.hash, "nobody has this password")


def authenticate(username: str, password: str) -> User | None:
    """The active person with this name and password.

    The transaction ends before the hash is computed: nothing waits for argon2 but this request.
    """
    user = User.named(username)
    known = user.password_hash if user and user.active else None
    db.session.commit()
    if not verify_password(password, known):
        return None
    if user and _hasher.check_needs_rehash(user.password_hash):
        # It was chosen long ago, whatever a new one must be like.
        user.password_hash = hashing.call(_hasher.hash, password)
    return user


def log_in(user: User) -> Login | None:
    """Begin a login, and end the one that this browser had.

    The caller commits, and disconnects the sockets of the login that ended, which is returned.
    The session is emptied but for the language and the CSRF secret, so that a token fetched
    before the login stays good; the cookie cannot be planted by a neighbouring host, since it
    is a `__Host-` cookie in production.
    """
    former: Login | None = current_user.login if current_user.is_authenticated else None
    if former:
        former.end()
    kept = {key: session[key] for key in ("locale", "csrf_token") if key in session}
    session.clear()
    session.update(kept)
    session.permanent = True
    user.history = Installation.present_history()
    Login.begin(user, request.user_agent.string)
    login_user(user)
    _note_for_access_line(user)
    remember_browser(user.username)
    return former


def log_out() -> Login:
    """End this login; the caller commits and disconnects its sockets."""
    login = current_user.login
    db.session.delete(login)
    locale = session.get("locale")
    logout_user()
    session.clear()
    if locale:
        session["locale"] = locale
    return login  # type: ignore[no-any-return]


def caller() -> str:
    """Whom a rate limit counts: the person, or the address of somebody not logged in.

    Leaves no transaction open.
    """
    token = session.get("_user_id")
    owner = _owner_of(token, int(time.monotonic() / OWNER_SECONDS)) if token else None
    return f"address:{client_address()}" if owner is None else f"user:{owner}"


@lru_cache(SIGNATURES_KEPT)
def _owner_of(token: str, _period: int) -> int | None:
    """Whose login it is; that it may have ended meanwhile makes no difference to a count."""
    unsafe, g.reading = not g.reading, True
    try:
        return Login.owner_of(token)
    finally:
        db.session.rollback()
        g.reading = not unsafe


def ask_again() -> User:
    """Look up in a new transaction who is asking: what waits may outlive its login.

    Raises `ApiError` 401 if it has ended.
    """
    db.session.rollback()
    user = _load_user(current_user.login_token)
    if user is None:
        raise ApiError(401, "unauthenticated")
    return user


def safe_next(target: str | None) -> str | None:
    """`target` if it is a path on this site, else None.

    Browsers read a backslash as a slash and drop tabs and line ends, so anything but a plain
    absolute path is refused.
    """
    if not target or not re.fullmatch(r"/(?![/\\])[^\\\x00-\x20]*", target):
        return None
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else None


def host_allowed(host: str | None) -> bool:
    """Whether a Host header names us; a list of Werkzeug's cannot hold an IPv6 address."""
    name = re.sub(r":\d+$", "", get_host("http", host))
    return name.lower() in current_app.config["HOSTS"]


def origin_allowed(origin: str | None, host: str | None) -> bool:
    """Whether a page of `origin` may talk to us as its own server.

    With PROJCHAT_ORIGINS only those; without, the loopback address the browser itself asked for.
    """
    origins: tuple[str, ...] = current_app.config["ORIGINS"]
    if origins:
        return origin in origins
    url = urlsplit(origin or "")
    return url.netloc == host and url.hostname in ("localhost", "127.0.0.1", "::1")


class LastingSession(SecureCookieSessionInterface):
    """A session that no clock ends: how long a login lasts is said by its row in the database.

    The library's own takes a cookie that was signed "in the future" for expired, so everybody
    who came meanwhile would be logged out when the server's clock is set back.
    """

    def __init__(self, app: Flask) -> None:
        signer = self.get_signing_serializer(app)
        self._read = lru_cache(SIGNATURES_KEPT)(signer.loads)  # type: ignore[union-attr]

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        """Read the cookie if it is one of ours."""
        try:
            return self.session_class(self._read(request.cookies[self.get_cookie_name(app)]))
        except (KeyError, BadSignature):
            return self.session_class()


def init_app(app: Flask) -> None:
    """Put the gate in front of every view. The rate limiter must be bound after this."""
    app.session_interface = LastingSession(app)
    app.before_request(_require_own_host)
    app.before_request(_prepare)
    # The library would sign a new cookie whenever a browser's address or version changes, to mark
    # the login as no longer fresh; nothing here asks for that, and the row in the database rules.
    # It hashes both for each request even so, unless it is given something else to do.
    login_manager.session_protection = None
    login_manager._session_identifier_generator = str
    login_manager.init_app(app)
    login_manager.user_loader(_load_user)


def guard_requests(app: Flask) -> None:
    """Ask for our history, a login and a CSRF token, in this order.

    Bound last, so that a throttled caller is refused first. Whoever holds another history is told
    so before all else, since with the history all logins have ended.
    """
    app.before_request(_require_our_history)
    app.before_request(_require_login)
    app.before_request(_require_own_page)


def _load_user(token: str) -> User | None:
    """Whose login it is, and with it the project that the address names.

    The person's language is kept apart, for when the database goes away.
    """
    history_watch.ensure()
    project_id = (request.view_args or {}).get("project_id")
    user = Login.user_of(token, login_upkeep.lifetimes, project_id)
    g.account_locale = user.locale if user else None
    if user:
        login_upkeep.visited(user.login)
        _note_for_access_line(user)
    return user


def _note_for_access_line(user: User) -> None:
    """Let the access line say who it was."""
    request.environ.get("projchat.notes", {})["user"] = user.id


def _prepare() -> None:
    """Settle what kind of transaction this request has, and read its body before that begins.

    A body arrives at the client's pace, and nobody else may write while we would wait for it.
    """
    g.reading = request.method in SAFE_METHODS
    if g.reading:
        return
    if getattr(current_app.view_functions.get(request.endpoint or ""), "streams", False):
        g.reading = True
        request.max_content_length = CHUNK_BYTES
        if (request.content_length or 0) > CHUNK_BYTES:
            raise ApiError(413, "too_large")
        return
    # A body that comes in chunks is cut off where it becomes too large.
    if len(request.get_data(cache=True)) >= current_app.config["MAX_CONTENT_LENGTH"]:
        raise ApiError(413, "too_large")


def present_history() -> str:
    """The history as this request sees it: the look-up of the login has read it already."""
    if current_user.is_authenticated:
        return current_user.history  # type: ignore[no-any-return]
    return Installation.present_history()


def shown_history() -> str | None:
    """Of which history the numbers of this request are, if it says so."""
    return request.headers.get(HISTORY_HEADER) or request.args.get("history")


def _require_our_history() -> None:
    """Refuse what is said about the numbers of another history; nothing shown is no other.

    It is compared with what the transaction sees that would act, and not with what was known.
    """
    if request.method in SAFE_METHODS and "since" not in request.args:
        return
    shown = shown_history()
    if shown and shown != present_history():
        raise ApiError(409, "history_changed")


def _require_own_host() -> None:
    if not host_allowed(request.headers.get("Host")):
        raise SecurityError


def _require_login() -> WerkzeugResponse | None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or getattr(view, "public", False) or request.endpoint in STATIC:
        return None
    if current_user.is_authenticated:
        return None
    if request.path.startswith("/api/"):
        raise ApiError(401, "unauthenticated")
    return redirect(url_for("accounts.login", next=_wanted_path()))


def _wanted_path() -> str | None:
    path = request.full_path.rstrip("?")
    return safe_next(path) if path != "/" else None


def _require_own_page() -> Response | None:
    if request.method in SAFE_METHODS or request.endpoint is None:
        return None
    origin = request.headers.get("Origin")
    if origin is not None and not origin_allowed(origin, request.host):
        raise ApiError(403, "csrf_failed")
    if not _carries_token():
        raise ApiError(403, "csrf_failed")
    return None


def _carries_token() -> bool:
    """Whether the request shows the secret of its session, as only our own pages can read it."""
    try:
        shown = _secret_in(request.headers.get("X-CSRFToken", ""), current_app.secret_key)
        return compare_digest(shown, session.get("csrf_token", ""))
    except (BadData, TypeError):
        return False


@lru_cache(SIGNATURES_KEPT)
def _secret_in(token: str, key: str) -> str:
    """The secret that a token of Flask-WTF carries. Raises `BadData` if we did not sign it."""
    return URLSafeTimedSerializer(key, salt="wtf-csrf-token").loads(token)  # type: ignore[no-any-return]
