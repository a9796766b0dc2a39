"""Every setting of projchat: read from the environment, refused when wrong or unsafe."""

import difflib
import hmac
import ipaddress
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from . import addresses
from .addresses import UnsafeConfiguration

__all__ = ["UnsafeConfiguration", "database_url", "from_environment", "kept", "revisions"]

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ROOT / "migrations" / "versions"
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
LOCALES = ("en", "ru")
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 3000
BODY_BYTES = 256 * 1024
CHUNK_BYTES = 1024 * 1024
UPLOAD_BYTES = 25 * 1024 * 1024
UPLOAD_QUOTA = 5 * 1024**3
UPLOAD_QUOTA_PROJECT = 50 * 1024**3
UPLOAD_QUOTA_TOTAL = 500 * 1024**3
PACKET_BYTES = 16 * 1024
SHORTEST_SECRET = 32
LOGIN_DAYS = 30
LOGIN_IDLE_DAYS = 14
MOST_DAYS = 3650
LOGINS_PER_MINUTE = 30
SOCKETS_PER_ADDRESS = 1000
SOCKETS_PER_PERSON = 50

PREFIX = "PROJCHAT_"
# Every setting that begins so: another name is a slip of the pen, and is refused.
# README.md tells what each is for.
SETTINGS = frozenset(
    {
        "PROJCHAT_ACCEL",
        "PROJCHAT_ENV",
        "PROJCHAT_INSTANCE",
        "PROJCHAT_LIMITS",
        "PROJCHAT_LOGINS_PER_MINUTE",
        "PROJCHAT_LOGIN_DAYS",
        "PROJCHAT_LOGIN_IDLE_DAYS",
        "PROJCHAT_ORIGINS",
        "PROJCHAT_POLLING",
        "PROJCHAT_PROXIES",
        "PROJCHAT_SOCKETS_PER_ADDRESS",
        "PROJCHAT_SOCKETS_PER_PERSON",
        "PROJCHAT_UPLOAD_BYTES",
        "PROJCHAT_UPLOAD_QUOTA",
        "PROJCHAT_UPLOAD_QUOTA_PROJECT",
        "PROJCHAT_UPLOAD_QUOTA_TOTAL",
    }
)
# What the tests and the benches say to a server or to themselves. Production refuses all of these.
FOR_DEVELOPMENT = frozenset(
    {
        "PROJCHAT_BENCH_FOLDER",  # bench/: where databases are put while they are measured
        "PROJCHAT_EXPLAINED",  # tests/support/explainer.py: the file for the plans of queries
        "PROJCHAT_FAILPOINTS",  # failpoints.py: a file of Python that makes faults
        "PROJCHAT_FAULTS",  # tests/faults/: the folder of the faults that are ordered
        "PROJCHAT_FAULTS_FORM",  # tests/faults/: short or full
        "PROJCHAT_FAULTS_PAGE",  # tests/faults/: write docs/faults.md
        "PROJCHAT_FAULTS_SEED",  # tests/faults/: the seed of an earlier run
        "PROJCHAT_FUZZ_EXAMPLES",  # tests/: how many inputs are tried of each kind
        "PROJCHAT_FUZZ_SECONDS",  # tests/fuzz/: for how long inputs are tried
        "PROJCHAT_PUSH_STAND_IN",  # webpush.py: where pushes go instead
        "PROJCHAT_RELOAD",  # gunicorn_conf.py: start again when the code changes
        "PROJCHAT_SABOTAGE",  # tests/faults/: what the oracle must find out
        "PROJCHAT_SETTINGS_PAGE",  # tests/test_environments.py: write docs/settings.md
        "PROJCHAT_TEST_CHROMIUM",  # tests/: the browser
        "PROJCHAT_TEST_DATABASE_URL",  # tests/: a server of PostgreSQL
        "PROJCHAT_TEST_INSIST",  # tests/: fail what cannot run
        "PROJCHAT_TEST_REDIS_URL",  # tests/: a server of Redis
    }
)
ENVIRONMENTS = ("development", "production")
SWITCH = {"on": True, "1": True, "off": False, "0": False}
# Words that a secret made by chance does not have.
PLACEHOLDERS = ("change", "default", "example", "insert", "password", "placeholder", "replace")


def revisions() -> list[str]:
    """The revisions of the tables that this code knows, the oldest first."""
    return sorted(path.name.split("_")[0] for path in VERSIONS.glob("*.py"))


def newest_revision() -> str:
    """The revision of the tables that this code works with."""
    return revisions()[-1]


def from_environment(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Read all settings.

    Raises `UnsafeConfiguration` with a sentence for the administrator about what is unknown,
    wrong or, in production, unsafe.
    """
    _refuse_unknown(environ)
    production = _choice(environ, "PROJCHAT_ENV", ENVIRONMENTS) == "production"
    origins = addresses.origins(environ.get("PROJCHAT_ORIGINS", ""), production)
    limits = _switch(environ, "PROJCHAT_LIMITS", "on")
    redis_url = environ.get("REDIS_URL") or None
    if redis_url:
        addresses.redis(redis_url, production)
    workers = _number(environ, "WEB_CONCURRENCY", 1, least=1)
    _refuse_lonely_workers(workers, redis_url)
    host, port = listening(environ)
    _refuse_strange_proxies(environ)
    if production:
        _refuse_unsafe(environ, limits)
    instance = _instance(environ)
    secret = environ.get("SECRET_KEY") or _kept_secret(instance)
    login_lifetime = _days(environ, "PROJCHAT_LOGIN_DAYS", LOGIN_DAYS)
    is_public = production or not all(map(addresses.is_loopback, [host, *_names(origins)]))
    return {
        "PRODUCTION": production,
        "INSTANCE": instance,
        "ORIGINS": origins,
        "REDIS_URL": redis_url,
        "WORKERS": workers,
        "HOST": host,
        "PORT": port,
        "SECRET_KEY": secret,
        "SETUP_TOKEN": _setup_token(secret) if is_public else "",
        "SQLALCHEMY_DATABASE_URI": database_url(environ.get("DATABASE_URL"), instance),
        "PUSH_STAND_IN": environ.get("PROJCHAT_PUSH_STAND_IN") or None,
        "POLLING": _switch(environ, "PROJCHAT_POLLING", "on"),
        "PROXIES": _number(environ, "PROJCHAT_PROXIES", 0, most=10),
        "LOGINS_PER_MINUTE": _number(
            environ, "PROJCHAT_LOGINS_PER_MINUTE", LOGINS_PER_MINUTE, least=1
        ),
        "LOGIN_LIFETIME": login_lifetime,
        "LOGIN_IDLE": _days(environ, "PROJCHAT_LOGIN_IDLE_DAYS", LOGIN_IDLE_DAYS),
        "SOCKETS_PER_ADDRESS": _number(
            environ, "PROJCHAT_SOCKETS_PER_ADDRESS", SOCKETS_PER_ADDRESS, least=1
        ),
        "SOCKETS_PER_PERSON": _number(
            environ, "PROJCHAT_SOCKETS_PER_PERSON", SOCKETS_PER_PERSON, least=1
        ),
        "RELAY_SECONDS": 1.5,
        "HEAD_SECONDS": 10.0,
        "MAX_CONTENT_LENGTH": BODY_BYTES,
        "UPLOAD_BYTES": _upload_bytes(environ),
        "UPLOAD_QUOTA": _quota(environ, "PROJCHAT_UPLOAD_QUOTA", UPLOAD_QUOTA),
        "UPLOAD_QUOTA_PROJECT": _quota(
            environ, "PROJCHAT_UPLOAD_QUOTA_PROJECT", UPLOAD_QUOTA_PROJECT
        ),
        "UPLOAD_QUOTA_TOTAL": _quota(environ, "PROJCHAT_UPLOAD_QUOTA_TOTAL", UPLOAD_QUOTA_TOTAL),
        "ACCEL": _switch(environ, "PROJCHAT_ACCEL", "off"),
        "HOSTS": _hosts(origins),
        "SESSION_COOKIE_NAME": "__Host-projchat" if production else "projchat",
        "SESSION_COOKIE_SECURE": production,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_REFRESH_EACH_REQUEST": False,
        "PERMANENT_SESSION_LIFETIME": login_lifetime,
        "WTF_CSRF_CHECK_DEFAULT": False,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
        "RATELIMIT_ENABLED": limits,
        "BABEL_DEFAULT_LOCALE": "en",
        "BABEL_TRANSLATION_DIRECTORIES": str(ROOT / "projchat" / "translations"),
        "SEND_FILE_MAX_AGE_DEFAULT": timedelta(days=365),
    }


def listening(environ: Mapping[str, str] = os.environ) -> tuple[str, int]:
    """Where to listen: a host without brackets, and a port."""
    host, port = environ.get("HOST") or DEFAULT_HOST, environ.get("PORT") or str(DEFAULT_PORT)
    return addresses.listening(host, port)


def database_url(url: str | None, instance: Path) -> str:
    """The database as SQLAlchemy wants it named; SQLite in the instance folder is the default."""
    return addresses.database(url) if url else f"sqlite:///{instance / 'projchat.sqlite3'}"


# --- What is refused ---


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    known = SETTINGS | FOR_DEVELOPMENT
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            raise UnsafeConfiguration(f"{name} is no setting of projchat{_nearest(name, known)}.")


def _nearest(text: str, known: Iterable[str]) -> str:
    """The end of a sentence: what was probably meant."""
    bare = {name.removeprefix(PREFIX): name for name in sorted(known)}
    near = difflib.get_close_matches(text.removeprefix(PREFIX), bare, n=1, cutoff=0.5)
    return f"; the nearest is {bare[near[0]]}" if near else ""


def _refuse_lonely_workers(workers: int, redis_url: str | None) -> None:
    if workers > 1 and not redis_url:
        raise UnsafeConfiguration(
            f"{workers} workers (WEB_CONCURRENCY) need REDIS_URL: "
            "without Redis the people on one worker do not hear those on another."
        )


def _refuse_strange_proxies(environ: Mapping[str, str]) -> None:
    """Check FORWARDED_ALLOW_IPS, which gunicorn reads: whose word on an address counts."""
    for part in environ.get("FORWARDED_ALLOW_IPS", "").split(","):
        if part.strip() == "*":
            raise UnsafeConfiguration(
                "FORWARDED_ALLOW_IPS=* lets everybody say where they come from; "
                "name the proxies' addresses, with commas."
            )
        try:
            if not ipaddress.ip_network(part.strip() or "127.0.0.1", strict=False).prefixlen:
                raise UnsafeConfiguration(
                    f"FORWARDED_ALLOW_IPS={part.strip()} lets everybody say where they come from."
                )
        except ValueError:
            raise UnsafeConfiguration(
                f"FORWARDED_ALLOW_IPS: {part.strip()!r} is no address of a proxy, like 10.0.0.5."
            ) from None


def _refuse_unsafe(environ: Mapping[str, str], limits: bool) -> None:
    _refuse_weak_secret(environ.get("SECRET_KEY", ""))
    if not environ.get("PROJCHAT_ORIGINS"):
        raise UnsafeConfiguration("PROJCHAT_ORIGINS must name the site, like https://chat.example.")
    if environ.get("FLASK_DEBUG", "0").lower() not in ("", "0", "false", "no"):
        raise UnsafeConfiguration("FLASK_DEBUG must be off in production.")
    for name in sorted(FOR_DEVELOPMENT & environ.keys()):
        if environ[name]:
            raise UnsafeConfiguration(f"{name} is for tests and development, not for production.")
    if not limits:
        raise UnsafeConfiguration("PROJCHAT_LIMITS=off is for measuring, not for production.")
    if environ.get("DATABASE_URL", "").startswith("postgres") and not environ.get(
        "PROJCHAT_INSTANCE"
    ):
        raise UnsafeConfiguration(
            "PROJCHAT_INSTANCE must name the folder of files and keys, which also a server on "
            "PostgreSQL needs, like /var/lib/projchat."
        )


def _refuse_weak_secret(secret: str) -> None:
    advice = "for example the output of: python3 -c 'import secrets; print(secrets.token_hex(32))'"
    if len(secret) < SHORTEST_SECRET or len(set(secret)) < 10:
        raise UnsafeConfiguration(
            f"SECRET_KEY must be set in production to at least 32 random characters, {advice}"
        )
    is_repeated = secret in (secret + secret)[1:-1]
    if is_repeated or any(word in secret.lower() for word in PLACEHOLDERS):
        raise UnsafeConfiguration(
            f"SECRET_KEY is a placeholder; set it to random characters, {advice}"
        )


# --- How one setting is read ---


def _choice(environ: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    """One of a few words, the first of which is the default."""
    text = environ.get(name) or known[0]
    if text not in known:
        raise UnsafeConfiguration(
            f"{name} must be {' or '.join(known)}, not {text!r}{_nearest(text.lower(), known)}."
        )
    return text


def _switch(environ: Mapping[str, str], name: str, default: str) -> bool:
    text = environ.get(name) or default
    if text not in SWITCH:
        raise UnsafeConfiguration(f"{name} must be on or off, not {text!r}.")
    return SWITCH[text]


def _number(
    environ: Mapping[str, str], name: str, default: int, least: int = 0, most: int = 10**15
) -> int:
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdecimal():
        raise UnsafeConfiguration(f"{name} must be a whole number, not {text!r}.")
    if not least <= (number := int(text)) <= most:
        bound = f"at most {most}" if number > most else f"at least {least}"
        raise UnsafeConfiguration(f"{name} must be {bound}, not {text}.")
    return number


def _days(environ: Mapping[str, str], name: str, default: int) -> timedelta:
    return timedelta(days=_number(environ, name, default, least=1, most=MOST_DAYS))


def _upload_bytes(environ: Mapping[str, str]) -> int:
    return _number(environ, "PROJCHAT_UPLOAD_BYTES", UPLOAD_BYTES, least=1)


def _quota(environ: Mapping[str, str], name: str, default: int) -> int:
    quota, upload_bytes = _number(environ, name, default), _upload_bytes(environ)
    if quota < upload_bytes:
        raise UnsafeConfiguration(
            f"{name} ({quota}) is less than PROJCHAT_UPLOAD_BYTES ({upload_bytes}): "
            "nobody could send a file of the size that is allowed."
        )
    return quota


# --- The instance folder ---


def _instance(environ: Mapping[str, str]) -> Path:
    """The folder of database, keys and files, made if need be."""
    text = environ.get("PROJCHAT_INSTANCE") or str(ROOT / "instance")
    if not Path(text).is_absolute():
        raise UnsafeConfiguration(
            f"PROJCHAT_INSTANCE: give the whole path of the folder, not {text!r}."
        )
    folder = Path(text).resolve()
    try:
        _private_folder(folder)
    except OSError as error:
        raise _unwritable(folder, error) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unwritable(folder, OSError(0, "it is not ours to write to"))
    return folder


def _unwritable(folder: Path, error: OSError) -> UnsafeConfiguration:
    return UnsafeConfiguration(
        f"PROJCHAT_INSTANCE: nothing can be written to the folder {folder}: {error.strerror}."
    )


def _kept_secret(instance: Path) -> str:
    """The development secret, made once."""
    try:
        return kept(instance / "secret_key", lambda: secrets.token_hex(32)).strip()
    except OSError as error:
        raise _unwritable(instance, error) from None


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


def _setup_token(secret: str) -> str:
    """What the first account is asked for where others reach the page: whoever reads the log.

    It is made of the secret, so that all processes ask for the same one and nobody keeps it.
    """
    return hmac.new(secret.encode(), b"projchat: the first account", "sha256").hexdigest()[:32]


def _hosts(origins: tuple[str, ...]) -> list[str]:
    """The hosts that are served, as they stand in the header Host before the port."""
    return [addresses.in_brackets(name) for name in _names(origins)] + list(LOOPBACK_HOSTS)


def _names(origins: tuple[str, ...]) -> list[str]:
    return [urlsplit(origin).hostname or "" for origin in origins]
