"""Every setting of projchat: read from the environment, refused when unsafe."""

import os
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
LOCALES = ("en", "ru")
DEFAULT_PORT = 3000
BODY_BYTES = 256 * 1024
CHUNK_BYTES = 1024 * 1024
UPLOAD_BYTES = 25 * 1024 * 1024
UPLOAD_QUOTA = 5 * 1024**3
PACKET_BYTES = 16 * 1024
SHORTEST_SECRET = 32
LOGIN_LIFETIME = timedelta(days=30)


class UnsafeConfiguration(RuntimeError):
    """The environment asks for something that must not be served."""


def from_environment(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Read all settings.

    Raises `UnsafeConfiguration` with a sentence for the administrator when production lacks
    what makes it safe.
    """
    production = environ.get("PROJCHAT_ENV", "development") == "production"
    instance = Path(environ.get("PROJCHAT_INSTANCE") or ROOT / "instance").resolve()
    origins = _origins(environ.get("PROJCHAT_ORIGINS", ""), production)
    limits = environ.get("PROJCHAT_LIMITS", "on") != "off"
    redis_url = environ.get("REDIS_URL") or None
    if production:
        _refuse_unsafe(environ, limits)
    return {
        "PRODUCTION": production,
        "INSTANCE": instance,
        "ORIGINS": origins,
        "REDIS_URL": redis_url,
        "SECRET_KEY": environ.get("SECRET_KEY") or _kept_secret(instance),
        "SQLALCHEMY_DATABASE_URI": database_url(environ.get("DATABASE_URL"), instance),
        "PUSH_STAND_IN": environ.get("PROJCHAT_PUSH_STAND_IN") or None,
        "PROXIES": _number(environ, "PROJCHAT_PROXIES", 0),
        "RELAY_SECONDS": 1.5,
        "HEAD_SECONDS": 10.0,
        "MAX_CONTENT_LENGTH": BODY_BYTES,
        "UPLOAD_BYTES": _number(environ, "PROJCHAT_UPLOAD_BYTES", UPLOAD_BYTES),
        "UPLOAD_QUOTA": _number(environ, "PROJCHAT_UPLOAD_QUOTA", UPLOAD_QUOTA),
        "ACCEL": environ.get("PROJCHAT_ACCEL", "") not in ("", "0", "off"),
        "TRUSTED_HOSTS": _hosts(origins),
        "SESSION_COOKIE_NAME": "__Host-projchat" if production else "projchat",
        "SESSION_COOKIE_SECURE": production,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_REFRESH_EACH_REQUEST": False,
        "PERMANENT_SESSION_LIFETIME": LOGIN_LIFETIME,
        "WTF_CSRF_CHECK_DEFAULT": False,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
        "RATELIMIT_ENABLED": limits,
        "RATELIMIT_STORAGE_URI": redis_url or "memory://",
        "RATELIMIT_STORAGE_OPTIONS": _limiter_timeouts(redis_url),
        "RATELIMIT_HEADERS_ENABLED": True,
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
        "BABEL_DEFAULT_LOCALE": "en",
        "BABEL_TRANSLATION_DIRECTORIES": str(ROOT / "projchat" / "translations"),
        "SEND_FILE_MAX_AGE_DEFAULT": timedelta(days=365),
    }


def database_url(url: str | None, instance: Path) -> str:
    """Name the psycopg2 driver, which cooperates with eventlet; SQLite is the default."""
    if not url:
        _private_folder(instance)
        return f"sqlite:///{instance / 'projchat.sqlite3'}"
    for scheme in ("postgres://", "postgresql://"):
        if url.startswith(scheme):
            return "postgresql+psycopg2://" + url.removeprefix(scheme)
    return url


def _origins(text: str, production: bool) -> tuple[str, ...]:
    origins = tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())
    for origin in origins:
        url = urlsplit(origin)
        if url.scheme not in ("http", "https") or not url.netloc or url.path:
            raise UnsafeConfiguration(f"PROJCHAT_ORIGINS: {origin!r} is not like https://host.")
        plain = url.scheme == "http" and url.hostname not in ("localhost", "127.0.0.1", "::1")
        if production and plain:
            raise UnsafeConfiguration(f"PROJCHAT_ORIGINS: {origin!r} must be https in production.")
    return origins


def _refuse_unsafe(environ: Mapping[str, str], limits: bool) -> None:
    secret = environ.get("SECRET_KEY", "")
    if len(secret) < SHORTEST_SECRET or len(set(secret)) < 10:
        raise UnsafeConfiguration(
            "SECRET_KEY must be set in production to at least 32 random characters, for example "
            "the output of: python3 -c 'import secrets; print(secrets.token_hex(32))'"
        )
    if not environ.get("PROJCHAT_ORIGINS"):
        raise UnsafeConfiguration("PROJCHAT_ORIGINS must name the site, like https://chat.example.")
    if environ.get("FLASK_DEBUG", "0").lower() not in ("", "0", "false", "no"):
        raise UnsafeConfiguration("FLASK_DEBUG must be off in production.")
    if environ.get("PROJCHAT_FAILPOINTS"):
        raise UnsafeConfiguration("PROJCHAT_FAILPOINTS is for tests of faults, not for production.")
    if environ.get("PROJCHAT_PUSH_STAND_IN"):
        raise UnsafeConfiguration("PROJCHAT_PUSH_STAND_IN is for tests, not for production.")
    if not limits:
        raise UnsafeConfiguration("PROJCHAT_LIMITS=off is for measuring, not for production.")


def _kept_secret(instance: Path) -> str:
    """The development secret, made once."""
    return kept(instance / "secret_key", lambda: secrets.token_hex(32)).strip()


def kept(path: Path, make: Callable[[], str]) -> str:
    """What a secret file holds, made once and readable by its owner only.

    The file appears under its name only when it is whole, so two processes that start together
    agree on one secret.
    """
    if not path.exists():
        _private_folder(path.parent)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(make())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()


def _private_folder(path: Path) -> None:
    """The folder holds what everybody wrote: nobody but its owner looks in."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def _hosts(origins: tuple[str, ...]) -> list[str]:
    """The values of the Host header that are served, as Flask's TRUSTED_HOSTS wants them."""
    if not origins:
        return list(LOOPBACK_HOSTS)
    return [urlsplit(origin).hostname or "" for origin in origins] + list(LOOPBACK_HOSTS)


def _limiter_timeouts(redis_url: str | None) -> dict[str, float]:
    """A stopped Redis must not hold a request: the in-memory counters take over."""
    return {"socket_timeout": 0.25, "socket_connect_timeout": 0.25} if redis_url else {}


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isdecimal():
        raise UnsafeConfiguration(f"{name} must be a whole number, not {text!r}.")
    return int(text)
