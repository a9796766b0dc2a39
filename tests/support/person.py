"""People: each one has an account, logs in, calls the API and listens."""

from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from support.live import Live
from support.server import Server

PASSWORD = "correct horse battery"
TIMEOUT = 15
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
AUTOMATIC = object()


class Person:
    """Somebody at a browser of their own: a session, its CSRF token and its live connections."""

    def __init__(self, server: Server, username: str = "", password: str = PASSWORD) -> None:
        self.server = server
        self.id = 0
        self.username = username
        self.password = password
        self.name = username
        self.http = requests.Session()
        # The server may close a kept connection just as it is used again: clients repeat what is
        # safe (RFC 9112, section 9.3.1).
        again = Retry(1, allowed_methods={"GET"}, respect_retry_after_header=False)
        self.http.mount("http://", HTTPAdapter(max_retries=again))
        self.csrf_token = ""
        self._connections: list[Live] = []

    def __repr__(self) -> str:
        """Show who it is in a failed assertion."""
        return f"<{self.username or 'anonymous'}>"

    # Accounts

    def setup(self, name: str) -> requests.Response:
        """Make the first account of a fresh server; versions before there were tokens know none."""
        given = {"name": name, "username": self.username, "password": self.password}
        token = self.server.setup_token()
        return self._enter("/api/setup", {**given, "token": token} if token else given)

    def login(self, password: str | None = None) -> requests.Response:
        """Log in."""
        given = self.password if password is None else password
        return self._enter("/api/session", {"username": self.username, "password": given})

    def logout(self) -> requests.Response:
        """Log out."""
        return self.delete("/api/session")

    def register(self, token: str) -> requests.Response:
        """Make an account by an invite link."""
        return self._enter(
            f"/api/invites/{token}", {"username": self.username, "password": self.password}
        )

    def again(self) -> "Person":
        """The same person at another browser, logged in there too."""
        other = Person(self.server, self.username, self.password)
        assert other.login().ok
        return other

    # HTTP

    def request(
        self, method: str, path: str, csrf: Any = AUTOMATIC, **options: Any
    ) -> requests.Response:
        """Send a request; unsafe ones carry the CSRF token, unless `csrf` gives another or None."""
        headers = dict(options.pop("headers", None) or {})
        token = csrf
        if csrf is AUTOMATIC:
            token = self._token() if method in UNSAFE else None
        if token is not None:
            headers["X-CSRFToken"] = token
        options.setdefault("timeout", TIMEOUT)
        options.setdefault("allow_redirects", False)
        response = self.http.request(method, self.server.url + path, headers=headers, **options)
        self._keep_token(response)
        return response

    def get(self, path: str, **options: Any) -> requests.Response:
        """GET."""
        return self.request("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> requests.Response:
        """POST, JSON as a rule."""
        return self.request("POST", path, json=json, **options)

    def put(self, path: str, json: Any = None, **options: Any) -> requests.Response:
        """PUT, JSON as a rule."""
        return self.request("PUT", path, json=json, **options)

    def patch(self, path: str, json: Any = None, **options: Any) -> requests.Response:
        """PATCH, JSON as a rule."""
        return self.request("PATCH", path, json=json, **options)

    def delete(self, path: str, json: Any = None, **options: Any) -> requests.Response:
        """DELETE."""
        return self.request("DELETE", path, json=json, **options)

    # Live

    def live(self, **options: Any) -> Live:
        """Connect; the end of the test closes the connection."""
        connection = Live(self.server.url, self.cookie_header(), **options)
        self._connections.append(connection)
        return connection

    def cookie_header(self) -> str:
        """The cookies as a browser would send them."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.http.cookies)

    def hang_up(self) -> None:
        """Close every live connection."""
        while self._connections:
            self._connections.pop().close()

    # Internal

    def _enter(self, path: str, body: dict[str, str]) -> requests.Response:
        response = self.post(path, body)
        user = response.json().get("user") if response.ok else None
        if user:
            self.id, self.name = user["id"], user["name"]
        return response

    def _token(self) -> str:
        if not self.csrf_token:
            self.get("/api/session")
        return self.csrf_token

    def _keep_token(self, response: requests.Response) -> None:
        if response.headers.get("Content-Type", "").startswith("application/json"):
            try:
                body = response.json()
            except requests.JSONDecodeError:
                return
            if isinstance(body, dict) and isinstance(body.get("csrfToken"), str):
                self.csrf_token = body["csrfToken"]
