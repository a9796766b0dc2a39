"""The addresses among the settings: where to listen, who we are, where the database and Redis are.

gunicorn's master loads this file by its path, so nothing here imports another file of ours.
"""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

PORTS = range(1, 65536)
# With these somebody else has made the sockets: systemd, or the gunicorn that is replaced.
SOCKETS_GIVEN = ("LISTEN_FDS", "GUNICORN_FD")
DEFAULT_PORTS = {"http": 80, "https": 443}
POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg2")
REDIS = ("redis", "rediss", "unix")
REDIS_PORT = 6379
HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?")
# What a password with one of these in it must be written as.
ENCODED = (
    "In a user or password write @ as %40, / as %2F, : as %3A, # as %23, ? as %3F and % as %25."
)


class UnsafeConfiguration(RuntimeError):
    """The environment asks for something that must not be served."""


class RedisAddress(NamedTuple):
    """Where Redis is, without what opens it."""

    host: str
    port: int | None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host


def listening(host: str, port: str) -> tuple[str, int]:
    """Check HOST and PORT; an IPv6 address may stand in brackets. The host comes without them."""
    if not port.isascii() or not port.isdecimal() or int(port) not in PORTS:
        raise UnsafeConfiguration(f"PORT must be a number from 1 to 65535, not {port!r}.")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not _is_host(bare):
        raise UnsafeConfiguration(
            f"HOST: {host!r} is no address to listen on; write 127.0.0.1, ::1, 0.0.0.0 or a name, "
            "and the port into PORT."
        )
    return bare, int(port)


def are_sockets_given(environ: Mapping[str, str]) -> bool:
    """Tell whether sockets are handed to us that somebody else has bound."""
    return any(name in environ for name in SOCKETS_GIVEN)


def in_brackets(host: str) -> str:
    """Write a host as it stands in an address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def origins(text: str, production: bool) -> tuple[str, ...]:
    """Read PROJCHAT_ORIGINS: each as a browser sends it in the header Origin."""
    return tuple(_origin(part.strip(), production) for part in text.split(",") if part.strip())


def _origin(text: str, production: bool) -> str:
    url = _split("PROJCHAT_ORIGINS", text)
    if url.username is not None:
        raise UnsafeConfiguration("PROJCHAT_ORIGINS: a site has no user and no password in it.")
    if url.scheme not in DEFAULT_PORTS or not url.hostname:
        raise UnsafeConfiguration(f"PROJCHAT_ORIGINS: {text!r} is not like https://host.")
    if "*" in url.netloc:
        raise UnsafeConfiguration(
            f"PROJCHAT_ORIGINS: {text!r} lets anybody's page in; name each host, with commas."
        )
    if url.path not in ("", "/") or url.query or url.fragment:
        raise UnsafeConfiguration(
            f"PROJCHAT_ORIGINS: {text!r} must end with the host: projchat wants a name of its own, "
            "not a path under another's."
        )
    host = _host_of_origin(url.hostname, text)
    if production and url.scheme == "http" and not is_loopback(host):
        raise UnsafeConfiguration(f"PROJCHAT_ORIGINS: {text!r} must be https in production.")
    port = "" if url.port in (None, DEFAULT_PORTS[url.scheme]) else f":{url.port}"
    return f"{url.scheme}://{in_brackets(host)}{port}"


def _host_of_origin(host: str, text: str) -> str:
    """The host as browsers write it: small letters, IDNA, the short form of IPv6."""
    if ":" in host:
        return ipaddress.ip_address(host).compressed
    try:
        name = host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        name = ""
    if not HOST_NAME.fullmatch(name):
        raise UnsafeConfiguration(f"PROJCHAT_ORIGINS: {text!r} is not like https://host.")
    return name


def database(text: str) -> str:
    """Check DATABASE_URL, and name the driver that cooperates with eventlet, psycopg2."""
    scheme, colon, rest = text.partition("://")
    if scheme == "sqlite":
        return _sqlite(text, rest)
    if not colon or scheme not in POSTGRESQL:
        raise UnsafeConfiguration(
            "DATABASE_URL must begin with postgresql:// or sqlite:///, "
            f"not with {_shown(scheme, colon)}."
        )
    url = _split("DATABASE_URL", f"postgresql://{rest}")
    _refuse_unencoded("DATABASE_URL", url)
    return f"postgresql+psycopg2://{rest}"


def _sqlite(text: str, rest: str) -> str:
    if not rest.startswith("//") or "?" in rest or rest.rstrip("/") == "":
        raise UnsafeConfiguration(
            "DATABASE_URL: give the whole path of the file, with four slashes: "
            f"sqlite:////srv/projchat.sqlite3, not {text!r}."
        )
    return f"sqlite:///{rest[1:]}"


def redis(text: str, production: bool) -> RedisAddress:
    """Check REDIS_URL; over the network Redis must ask for a password."""
    scheme, colon, _ = text.partition("://")
    if not colon or scheme not in REDIS:
        raise UnsafeConfiguration(
            f"REDIS_URL must begin with redis:// or rediss://, not with {_shown(scheme, colon)}."
        )
    url = _split("REDIS_URL", text)
    _refuse_unencoded("REDIS_URL", url)
    if scheme == "unix":
        return RedisAddress(url.path, None)
    if not re.fullmatch(r"/?\d*", url.path):
        raise UnsafeConfiguration(
            f"REDIS_URL: {url.path[1:]!r} is no number of a database: redis://host:6379/0."
        )
    host = url.hostname or "localhost"
    if production and not url.password and not is_loopback(host):
        raise UnsafeConfiguration(
            f"REDIS_URL: Redis at {host} is reached over the network without a password: whoever "
            "reaches it reads the chat. Set requirepass there and write redis://:password@host."
        )
    return RedisAddress(host, url.port or REDIS_PORT)


def without_password(url: str) -> str:
    """What of a URL of a service may be shown: where it is, not what opens it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}://{rest.rpartition('@')[2].partition('?')[0]}"


def _split(name: str, text: str) -> SplitResult:
    """Take a URL apart. The library finds a wrong port only when it is asked for it."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        port = 0
    if port == 0:
        hint = "" if name == "PROJCHAT_ORIGINS" else f" {ENCODED}"
        raise UnsafeConfiguration(f"{name}: the host or the port cannot be read.{hint}")
    return url


def _refuse_unencoded(name: str, url: SplitResult) -> None:
    """Find the marks that a password brings into the wrong place; it is never shown itself."""
    misread = url.fragment or "@" in url.path + url.query or url.netloc.count("@") > 1
    if misread or any(_is_badly_encoded(part) for part in _secrets(url)):
        raise UnsafeConfiguration(f"{name}: the user or the password is not encoded. {ENCODED}")


def _secrets(url: SplitResult) -> Iterator[str]:
    yield from filter(None, (url.username, url.password))


def _is_badly_encoded(part: str) -> bool:
    return bool(re.search(r"%(?![0-9A-Fa-f]{2})", part)) or "\0" in unquote(part)


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return bool(HOST_NAME.fullmatch(host.lower())) and not re.fullmatch(r"[\d.]+", host)
    return True


def _shown(scheme: str, colon: str) -> str:
    """What stands in place of the scheme; without one it may be anything, a password too."""
    return (
        f"{scheme}{colon}" if colon and scheme.isascii() and len(scheme) < 30 else "something else"
    )
