"""Web push: one message, encrypted for one browser, handed to the push service of its vendor.

RFC 8291 and 8188 say how it is encrypted, RFC 8292 (VAPID) how we say who we are, RFC 8030 how it
is handed over. The service carries it unread. Where it lives is told to us by the browser, that
is by anybody, so we connect only to public addresses, and to the very address that was checked.
"""

import base64
import http.client
import ipaddress
import json
import logging
import os
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .config import kept

log = logging.getLogger(__name__)

KEY_FILE = "vapid_key.pem"
POINT_BYTES = 65
SECRET_BYTES = 16
RECORD_BYTES = 4096
LONGEST_ENDPOINT = 1000
CONNECT_SECONDS = 5.0
WHOLE_SECONDS = 15.0
TOKEN_SECONDS = 12 * 3600
DAY_SECONDS = 24 * 3600
# Every network of the IANA special-purpose address registries, as of 2025-10-09, whether globally
# reachable or not: no push service lives there, and some lead on to private addresses (6to4,
# Teredo, NAT64). `ipaddress` calls some of them global, each version of Python others.
# https://www.iana.org/assignments/iana-ipv4-special-registry, and multicast (RFC 5771).
SPECIAL_IPV4 = [
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # This network, RFC 791
        "10.0.0.0/8",  # Private use, RFC 1918
        "100.64.0.0/10",  # Shared address space, RFC 6598
        "127.0.0.0/8",  # Loopback, RFC 1122
        "169.254.0.0/16",  # Link local, RFC 3927
        "172.16.0.0/12",  # Private use, RFC 1918
        "192.0.0.0/24",  # IETF protocol assignments, RFC 6890
        "192.0.2.0/24",  # Documentation, RFC 5737
        "192.31.196.0/24",  # AS112, RFC 7535
        "192.52.193.0/24",  # Automatic multicast tunneling, RFC 7450
        "192.88.99.0/24",  # 6to4 relay anycast, RFC 7526
        "192.168.0.0/16",  # Private use, RFC 1918
        "192.175.48.0/24",  # AS112, RFC 7534
        "198.18.0.0/15",  # Benchmarking, RFC 2544
        "198.51.100.0/24",  # Documentation, RFC 5737
        "203.0.113.0/24",  # Documentation, RFC 5737
        "224.0.0.0/4",  # Multicast, RFC 5771
        "240.0.0.0/4",  # Reserved, and the limited broadcast, RFC 1112 and 8190
    )
]
# https://www.iana.org/assignments/ipv6-address-space: all else is reserved, of one link or site,
# multicast, or an IPv4 address in another form (mapped, compatible, translated, NAT64).
GLOBAL_UNICAST_IPV6 = ipaddress.IPv6Network("2000::/3")
# https://www.iana.org/assignments/iana-ipv6-special-registry, what of it lies in global unicast.
SPECIAL_IPV6 = [
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocol assignments, RFC 2928: Teredo, benchmarking, ORCHID and others
        "2001:db8::/32",  # Documentation, RFC 3849
        "2002::/16",  # 6to4, RFC 3056
        "2620:4f:8000::/48",  # AS112, RFC 7534
        "3fff::/20",  # Documentation, RFC 9637
    )
]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Unreachable(Exception):
    """The push service cannot be, or must not be, connected to."""


class Pusher:
    """Hands messages over in the name of this server."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, contact: str, stand_in: str | None) -> None:
        self._key = key
        self._contact = contact
        self._stand_in = stand_in
        #: What a browser subscribes with: only we can push to it then.
        self.public_key = encode(_point(key.public_key()))

    @classmethod
    def of(cls, instance: Path, origins: tuple[str, ...], stand_in: str | None) -> "Pusher | None":
        """The pusher of an instance; None where its key cannot be kept."""
        try:
            pem = kept(instance / KEY_FILE, _new_key)
            key = serialization.load_pem_private_key(pem.encode(), password=None)
        except (OSError, ValueError) as error:
            log.warning("Web push is off: %s", error)
            return None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            log.warning("Web push is off: %s holds another kind of key", KEY_FILE)
            return None
        return cls(key, origins[0] if origins else "mailto:projchat@localhost", stand_in)

    def accepts(self, endpoint: str) -> bool:
        """Whether this may be the address of a push service."""
        if len(endpoint) > LONGEST_ENDPOINT or not endpoint.isascii() or not endpoint.isprintable():
            return False
        try:
            url = urlsplit(endpoint)
            port = url.port
        except ValueError:
            return False
        if self._stand_in and _origin(url) == self._stand_in:
            return True
        plain = url.username is None and url.password is None and not url.fragment
        return url.scheme == "https" and port in (None, 443) and plain and _may_be_public(url)

    def send(
        self, endpoint: str, p256dh: str, auth: str, message: dict[str, Any], topic: str
    ) -> int:
        """Hand a message over; the status of the answer.

        Raises `Unreachable`. Of messages with one topic that wait for a browser the last one stays.
        """
        if not self.accepts(endpoint):
            raise Unreachable(endpoint[:50])
        url = urlsplit(endpoint)
        body = encrypt(json.dumps(message, ensure_ascii=False).encode(), p256dh, auth)
        headers = {
            "Authorization": self._authorization(url),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(DAY_SECONDS),
            "Topic": topic,
            "Urgency": "high",
        }
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        return self._post(url, path, headers, body)

    def _post(self, url: SplitResult, path: str, headers: dict[str, str], body: bytes) -> int:
        connection = self._connection(url)
        # A service that answers a byte at a time must not hold us either.
        limit = threading.Timer(WHOLE_SECONDS, _hang_up, [connection])
        limit.start()
        try:
            connection.request("POST", path, body, headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(type(error).__name__) from None
        finally:
            limit.cancel()
            connection.close()

    def _connection(self, url: SplitResult) -> http.client.HTTPConnection:
        host = url.hostname or ""
        if self._stand_in and _origin(url) == self._stand_in:
            return http.client.HTTPConnection(host, url.port, timeout=CONNECT_SECONDS)
        return _Pinned(host, _public_address(host))

    def _authorization(self, url: SplitResult) -> str:
        claims = {
            "aud": _origin(url),
            "exp": int(time.time()) + TOKEN_SECONDS,
            "sub": self._contact,
        }
        parts = ({"typ": "JWT", "alg": "ES256"}, claims)
        said = ".".join(encode(json.dumps(part).encode()) for part in parts)
        signature = self._key.sign(said.encode(), ec.ECDSA(hashes.SHA256()))
        r, s = utils.decode_dss_signature(signature)
        signed = encode(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        return f"vapid t={said}.{signed}, k={self.public_key}"


class _Pinned(http.client.HTTPSConnection):
    """A connection to the address that was checked; a second look-up might find another."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(host, 443, timeout=CONNECT_SECONDS)
        self._address = address

    def connect(self) -> None:
        """Connect to the address, and insist on the certificate of the name."""
        raw = socket.create_connection((self._address, self.port), CONNECT_SECONDS)
        self.sock = ssl.create_default_context().wrap_socket(raw, server_hostname=self.host)


def encrypt(
    message: bytes,
    p256dh: str,
    auth: str,
    *,
    salt: bytes | None = None,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """Encrypt for the browser that holds the private half of `p256dh` (RFC 8291, section 3)."""
    salt = salt or os.urandom(SECRET_BYTES)
    key = key or ec.generate_private_key(ec.SECP256R1())
    theirs, ours = decode(p256dh), _point(key.public_key())
    shared = key.exchange(ec.ECDH(), _public(theirs))
    secret = _derive(decode(auth), shared, b"WebPush: info\0" + theirs + ours, 32)
    content_key = _derive(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(salt, secret, b"Content-Encoding: nonce\0", 12)
    head = salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(ours)]) + ours
    return head + AESGCM(content_key).encrypt(nonce, message + b"\x02", None)


def fits(p256dh: str, auth: str) -> bool:
    """Whether these are the keys of a subscription."""
    try:
        _public(decode(p256dh))
        return len(decode(auth)) == SECRET_BYTES
    except ValueError:
        return False


def encode(data: bytes) -> str:
    """Base64 as addresses have it, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The reverse. Raises `ValueError`."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def is_public(address: Address) -> bool:
    """Tell whether an address is a global unicast one without a special purpose."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in SPECIAL_IPV4)
    special = any(address in network for network in SPECIAL_IPV6)
    return address in GLOBAL_UNICAST_IPV6 and not special


def _new_key() -> str:
    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def _public(point: bytes) -> ec.EllipticCurvePublicKey:
    if len(point) != POINT_BYTES:
        raise ValueError("not an uncompressed point of P-256")
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def _derive(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def _origin(url: SplitResult) -> str:
    return f"{url.scheme}://{url.netloc}"


def _may_be_public(url: SplitResult) -> bool:
    """Whether a host is worth looking up at all: a name with a dot, or a public address."""
    host = url.hostname or ""
    try:
        return is_public(ipaddress.ip_address(host))
    except ValueError:
        return "." in host and not host.endswith((".localhost", ".local", ".internal"))


def _public_address(host: str) -> str:
    """Where to connect. One private address among them is reason enough to refuse."""
    try:
        found = {
            str(each[4][0]) for each in socket.getaddrinfo(host, 443, proto=socket.IPPROTO_TCP)
        }
    except (OSError, UnicodeError):
        raise Unreachable("no such host") from None
    if not found or not all(is_public(ipaddress.ip_address(each)) for each in found):
        raise Unreachable("not a public host")
    return min(found, key=len)


def _hang_up(connection: http.client.HTTPConnection) -> None:
    if connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            connection.sock.close()
