"""An authority for certificates: it certifies by hand, and to whoever proves himself by ACME."""

import base64
import hashlib
import json
import secrets
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

PORT = 14000
ANSWER_SECONDS = 10


class Authority:
    """Its key and its certificate lie in a folder, and so does what it has certified."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self.certificate = folder / "ca.pem"
        self.issued: list[str] = []
        self.key: dict[str, str] = {}
        self.token = ""
        self.proven = False
        self._openssl(
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority"
            " -keyout ca.key -out ca.pem"
        )

    def certify(self) -> None:
        """Make `privkey.pem` and `fullchain.pem` for the site."""
        self._openssl(
            f"req -newkey rsa:2048 -nodes -subj /CN={self.name} -keyout privkey.pem -out site.csr"
            f" -addext subjectAltName=DNS:{self.name}"
        )
        (self.folder / "fullchain.pem").write_text(self._sign("-in site.csr"))

    def serve(self) -> str:
        """Answer by ACME on this machine, as long as we live; the address of the directory."""
        server = Acme(("127.0.0.1", PORT), Answer)
        server.authority = self
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{PORT}/directory"

    def prove(self) -> None:
        """Fetch the proof from the site by plain HTTP (RFC 8555, section 8.3)."""
        canonical = json.dumps(self.key, sort_keys=True, separators=(",", ":")).encode()
        thumbprint = _encoded(hashlib.sha256(canonical).digest())
        answer = requests.get(
            f"http://{self.name}/.well-known/acme-challenge/{self.token}",
            timeout=ANSWER_SECONDS,
            allow_redirects=False,
        )
        self.proven = answer.text.strip() == f"{self.token}.{thumbprint}"

    def issue(self, csr: bytes) -> None:
        """Certify what somebody asks for who has proven himself."""
        assert self.proven
        (self.folder / "asked.csr").write_bytes(csr)
        signed = self._sign("-inform DER -in asked.csr")
        self.issued.append(signed + self.certificate.read_text())

    def _sign(self, asked: str) -> str:
        return self._openssl(
            f"x509 -req {asked} -CA ca.pem -CAkey ca.key -days 2 -copy_extensions copy"
        )

    def _openssl(self, words: str) -> str:
        ended = subprocess.run(
            ["openssl", *words.split()],
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
        )
        return ended.stdout


class Acme(ThreadingHTTPServer):
    """Listens for clients."""

    authority: Authority


class Answer(BaseHTTPRequestHandler):
    """As much of RFC 8555 as a client needs, one order at a time. Signatures are believed."""

    server: Acme
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Say where everything is."""
        names = ("newNonce", "newAccount", "newOrder", "revokeCert", "keyChange")
        self._answer(200, {name: self._at(name) for name in names})

    def do_HEAD(self) -> None:
        """Give a nonce."""
        self._answer(200, None)

    def do_POST(self) -> None:
        """Go a step further with the account, the order, its proof or its certificate."""
        authority = self.server.authority
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said = {name: _decoded(body[name]) for name in ("protected", "payload")}
        payload = json.loads(said["payload"]) if said["payload"] else {}
        match self.path.strip("/"):
            case "newAccount":
                authority.key = json.loads(said["protected"])["jwk"]
                self._answer(201, {"status": "valid"}, Location=self._at("account"))
            case "newOrder":
                authority.token, authority.proven = secrets.token_urlsafe(32), False
                self._answer(201, self._order("pending"), Location=self._at("order"))
            case "proof":
                self._answer(200, self._proof())
            case "challenge":
                authority.prove()
                self._answer(200, self._challenge(), Link=f'<{self._at("proof")}>;rel="up"')
            case "finalize":
                authority.issue(_decoded(payload["csr"]))
                self._answer(200, self._order("valid"), Location=self._at("order"))
            case "order":
                self._answer(200, self._order("valid"))
            case "certificate":
                self._answer(200, authority.issued[-1])
            case _:
                self._answer(404, {"type": "urn:ietf:params:acme:error:malformed"})

    def _order(self, status: str) -> dict[str, Any]:
        return {
            "status": status,
            "identifiers": [self._identifier()],
            "authorizations": [self._at("proof")],
            "finalize": self._at("finalize"),
            **({"certificate": self._at("certificate")} if status == "valid" else {}),
        }

    def _proof(self) -> dict[str, Any]:
        challenge = self._challenge()
        return {
            "status": challenge["status"],
            "identifier": self._identifier(),
            "challenges": [challenge],
        }

    def _challenge(self) -> dict[str, str]:
        authority = self.server.authority
        return {
            "type": "http-01",
            "url": self._at("challenge"),
            "token": authority.token,
            "status": "valid" if authority.proven else "pending",
        }

    def _identifier(self) -> dict[str, str]:
        return {"type": "dns", "value": self.server.authority.name}

    def _at(self, name: str) -> str:
        return f"http://127.0.0.1:{PORT}/{name}"

    def _answer(self, status: int, body: dict[str, Any] | str | None, **headers: str) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        data = text.encode() if body is not None else b""
        kind = "pem-certificate-chain" if isinstance(body, str) else "json"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Replay-Nonce", secrets.token_urlsafe(16))
        self.send_header("Content-Type", f"application/{kind}")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
