"""A login lasts as long as its row says, whatever the clocks say."""

import time

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import TimestampSigner

HOUR = 3600


def signed(server, cookie: str, moment: float, monkeypatch, secret: str | None = None) -> str:
    """The same session, signed by the server when its clock said something else."""
    app = Flask("the same key")
    app.secret_key = secret or (server.instance / "secret_key").read_text().strip()
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    values = serializer.loads_unsafe(cookie)[1]
    with monkeypatch.context() as patch:
        patch.setattr(TimestampSigner, "get_timestamp", lambda self: int(moment))
        return serializer.dumps(values)


def user_of(person, cookie: str):
    person.http.cookies.clear()
    return person.get("/api/session", headers={"Cookie": f"projchat={cookie}"}).json()["user"]


def test_it_survives_a_clock_that_is_set_back(server, cast, monkeypatch):
    person = cast.newcomer()
    cookie = signed(server, person.http.cookies["projchat"], time.time() + HOUR, monkeypatch)
    assert user_of(person, cookie)["username"] == person.username


def test_it_rejects_a_cookie_that_somebody_else_signed(server, cast, monkeypatch):
    person = cast.newcomer()
    cookie = signed(server, person.http.cookies["projchat"], time.time(), monkeypatch, "x" * 64)
    assert user_of(person, cookie) is None


def test_it_rejects_what_is_no_cookie(server, cast):
    assert user_of(cast.newcomer(), "nonsense") is None
