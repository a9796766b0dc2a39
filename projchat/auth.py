"""Who is asking: passwords, logins, and the gate that every request passes."""

import re
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
from werkzeug.wrappers import Response as WerkzeugResponse

from .config import CHUNK_BYTES, LOGIN_LIFETIME
from .errors import ApiError
from .extensions import db, login_manager
from .models import Invalid, Login, User
from .offload import offload

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 200
# A person sends the same cookie and the same token with every request of a page: what was found
# to be signed by us is remembered for this many of them, what was not is looked at each time.
SIGNATURES_KEPT = 4096

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


def hash_password(password: str) -> str:
    """The argon2id hash (RFC 9106). Raises `Invalid` if it is too short or too long."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Invalid("password_length", "password")
    try:
        return offload(_hasher.hash, password)
    except UnicodeEncodeError:
        raise Invalid("unprintable", "password") from None


def verify_password(password: str, known: str | None) -> bool:
    """Whether `password` made the hash; takes the same time if there is no hash."""
    stand_in = _hash_of_nothing()
    try:
        return offload(_hasher.verify, known or stand_in, password) and known is not None
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


@cache
def _hash_of_nothing() -> str:
    """What an unknown name is checked against, so that it takes as long as a wrong password."""
    return offload(_hasher.hash, "nobody has this password")


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
        user.password_hash = hash_password(password)
    return user


def log_in(user: User) -> None:
    """Begin a login; the caller commits.

    The session is emptied but for the language and the CSRF secret, so that a token fetched
    before the login stays good; the cookie cannot be planted by a neighbouring host, since it
    is a `__Host-` cookie in production.
    """
    kept = {key: session[key] for key in ("locale", "csrf_token") if key in session}
    session.clear()
    session.update(kept)
    session.permanent = True
    Login.begin(user, request.user_agent.string)
    login_user(user)


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


def safe_next(target: str | None) -> str | None:
    """`target` if it is a path on this site, else None.

    Browsers read a backslash as a slash and drop tabs and line ends, so anything but a plain
    absolute path is refused.
    """
    if not target or not re.fullmatch(r"/(?![/\\])[^\\\x00-\x20]*", target):
        return None
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else None


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
    app.before_request(_prepare)
    # The library would sign a new cookie whenever a browser's address or version changes, to mark
    # the login as no longer fresh; nothing here asks for that, and the row in the database rules.
    # It hashes both for each request even so, unless it is given something else to do.
    login_manager.session_protection = None
    login_manager._session_identifier_generator = str
    login_manager.init_app(app)
    login_manager.user_loader(_load_user)


def guard_requests(app: Flask) -> None:
    """Ask for a login and a CSRF token; bound last, so that a throttled caller is refused first."""
    app.before_request(_require_login)
    app.before_request(_require_own_page)


def _load_user(token: str) -> User | None:
    """Whose login it is, and with it the project that the address names.

    The person's language is kept apart, for when the database goes away.
    """
    project_id = (request.view_args or {}).get("project_id")
    user = Login.user_of(token, LOGIN_LIFETIME, project_id)
    g.account_locale = user.locale if user else None
    return user


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


def _require_login() -> WerkzeugResponse | None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or getattr(view, "public", False) or request.endpoint == "static":
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
