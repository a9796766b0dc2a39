"""A push service in the tests' own process, and a browser that subscribes with it."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PUBLIC = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
AUTH = bytes(range(16))
TIMEOUT = 10.0


class PushService:
    """Takes what is pushed, and answers `status`, once `answers` is set."""

    def __init__(self) -> None:
        self.status = 201
        self.answers = threading.Event()
        self.answers.set()
        self.pushed: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.take({"path": self.path, "headers": dict(self.headers), "body": body})
                service.answers.wait(TIMEOUT)
                self.send_response(service.status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, push: dict[str, Any]) -> None:
        """Something was pushed."""
        with self._changed:
            self.pushed.append(push)
            self._changed.notify_all()

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        """Wait until so much was pushed."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.pushed) >= count, TIMEOUT), self.pushed
            return list(self.pushed)

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()


class PushBrowser:
    """A browser's own side of a subscription: its keys."""

    def __init__(self, service: PushService, name: str = "browser") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.endpoint = f"{service.url}/push/{name}"

    @property
    def subscription(self) -> dict[str, Any]:
        """What the page sends to the server."""
        return {
            "endpoint": self.endpoint,
            "p256dh": unpadded(self._key.public_key().public_bytes(*PUBLIC)),
            "auth": unpadded(AUTH),
        }

    def read(self, push: dict[str, Any]) -> Any:
        """Decrypt what was pushed, as RFC 8291 has it."""
        body = push["body"]
        salt, size, rest = body[:16], body[20], body[21:]
        theirs, sealed = rest[:size], rest[size:]
        ours = self._key.public_key().public_bytes(*PUBLIC)
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        shared = self._key.exchange(ec.ECDH(), point)
        secret = derive(AUTH, shared, b"WebPush: info\0" + ours + theirs, 32)
        key = derive(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
        nonce = derive(salt, secret, b"Content-Encoding: nonce\0", 12)
        opened = AESGCM(key).decrypt(nonce, sealed, None)
        assert opened.endswith(b"\x02")
        return json.loads(opened[:-1])


def claims(push: dict[str, Any]) -> dict[str, Any]:
    """What the server says of itself, once its signature has been checked (RFC 8292)."""
    scheme, _, rest = push["headers"]["Authorization"].partition(" ")
    assert scheme == "vapid"
    parts = dict(each.strip().split("=", 1) for each in rest.split(","))
    said, _, signature = parts["t"].rpartition(".")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), padded(parts["k"]))
    raw = padded(signature)
    pair = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    key.verify(utils.encode_dss_signature(*pair), said.encode(), ec.ECDSA(hashes.SHA256()))
    return json.loads(padded(said.split(".")[1]))


def derive(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    """HKDF."""
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def unpadded(data: bytes) -> str:
    """Base64url."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def padded(text: str) -> bytes:
    """The reverse."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
