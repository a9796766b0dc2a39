"""Every refusal leaves through here: one shape, the right status, the reader's language."""

import logging
import sqlite3
from typing import Any

import psycopg2.errorcodes
from flask import Flask, Response, g, jsonify, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, SecurityError

from .extensions import db
from .models import Conflict, Forbidden, Invalid, Refusal
from .offload import Overloaded

log = logging.getLogger(__name__)

RETRY_SECONDS = 2

WORDS = {
    "malformed": _l("The request is not understood."),
    "not_json": _l("The body must be a JSON object."),
    "unauthenticated": _l("Log in to go on."),
    "invalid_credentials": _l("The username or the password is wrong."),
    "forbidden": _l("You are not allowed to do this."),
    "csrf_failed": _l("The page is out of date. Reload it and try again."),
    "not_found": _l("There is nothing here, or it is not yours to see."),
    "method_not_allowed": _l("This address does not take such a request."),
    "history_changed": _l(
        "The server was put back to an earlier state. Reload the page to see what is there now."
    ),
    "conflict": _l("This cannot be done in the present state."),
    "too_large": _l("This is too large."),
    "invalid": _l("Check the marked fields."),
    "rate_limited": _l("Too many tries. Wait a little and try again."),
    "unavailable": _l("The database does not answer. Nothing is lost, try again in a moment."),
    "overloaded": _l("Too many people ask for this at the moment. Try again in a few seconds."),
    "full": _l("The server's disk is full. Nothing is lost, try again later."),
    "read_only": _l(
        "The server cannot store anything at present. Nothing is lost, try again later."
    ),
    "busy": _l("The server has too much to write. Nothing is lost, try again in a moment."),
    "internal": _l("Something broke on our side. It has been noted."),
    "already_set_up": _l("The first account exists already. Log in."),
    "not_author": _l("Only the author may change this message."),
    "role_too_low": _l("Your role in this project does not allow this."),
    "message_system": _l("This can only be done with what somebody has written."),
    "not_emoji": _l("A reaction is one emoji."),
    "reactions_full": _l("A message has at most 20 different reactions."),
    "pins_full": _l("A project has at most 100 pinned messages."),
    "message_deleted": _l("The message has been deleted."),
    "message_changed": _l("The message has been changed elsewhere meanwhile."),
    "project_archived": _l("The project is archived and can only be read."),
    "owner_stays": _l("The owner must hand the project over first."),
    "client_id_reused": _l("This clientId was used for another message."),
    "reply_unknown": _l("The message that this replies to is not there."),
    "one_cursor": _l("Give one of before, after, around, since and date."),
    "content_empty": _l("Write something first."),
    "content_too_long": _l("A message has at most 10,000 characters."),
    "content_nul": _l("The text has a character that cannot be stored."),
    "content_surrogate": _l("The text has a character that cannot be stored."),
    "unprintable": _l("The text has a character that cannot be stored."),
    "project_name_length": _l("A project's name has 1 to 100 characters."),
    "description_length": _l("A description has at most 2,000 characters."),
    "username_taken": _l("This username is taken, or looks like one that is."),
    "username_reserved": _l("The username looks like a role. Take another."),
    "username_length": _l("A username has 2 to 32 characters."),
    "username_characters": _l("A username has letters, digits, dots, dashes and underscores."),
    "username_mixed": _l("A username keeps to letters of one alphabet."),
    "username_start": _l("A username starts with a letter or a digit."),
    "username_end": _l("A username does not end with a dot or a dash."),
    "name_length": _l("A name has 1 to 64 characters."),
    "name_characters": _l("The name has a character that cannot be shown."),
    "name_marks": _l("The name has a letter with more than four marks."),
    "name_role": _l("The name looks like a role. Take another."),
    "name_taken": _l("The name looks like that of somebody in your projects. Take another."),
    "password_blank": _l("A password is more than blanks."),
    "password_common": _l("Many people use this password, and so it is tried first. Take another."),
    "password_name": _l("A password is more than your name. Take another."),
    "password_length": _l("A password has 8 to 200 characters."),
    "password_wrong": _l("This is not your present password."),
    "email_invalid": _l("This is not an e-mail address."),
    "push_endpoint": _l("This is not the address of a push service."),
    "push_keys": _l("These are not the keys of a subscription."),
    "setup_token_wrong": _l("This is not the token in the server's log."),
    "field_missing": _l("This field is required."),
    "field_unknown": _l("This field is not known."),
    "field_type": _l("This field has the wrong type."),
    "field_range": _l("This value is out of range."),
    "not_bytes": _l("The body must be bytes (application/octet-stream)."),
    "range_unknown": _l("The file has no such part."),
    "upload_empty": _l("The file is empty."),
    "upload_too_large": _l("The file is too large."),
    "upload_offset": _l("The file goes on somewhere else. Ask where, and send from there."),
    "upload_unknown": _l("A file is not there any more. Attach it again."),
    "upload_attached": _l("The file is part of a message. Delete the message to delete it."),
    "uploads_waiting": _l("Too many of your files wait to be sent. Send or remove some first."),
    "upload_quota": _l("Your files take up all the room you have. Delete some first."),
    "upload_quota_project": _l("The project's files take up all its room. Delete some first."),
    "upload_quota_total": _l("The files on this server take up all its room. Delete some first."),
    "storage_full": _l("There is no room for the file at the moment. Try again later."),
    "unknown_event": _l("This event is not known."),
}

STATUS_CODES = {
    400: "malformed",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    416: "range_unknown",
    422: "invalid",
    429: "rate_limited",
    503: "unavailable",
}
REFUSAL_STATUS = {Invalid: 422, Forbidden: 403, Conflict: 409}


_TROUBLES: dict[int | str | None, str] = {
    sqlite3.SQLITE_FULL: "full",
    psycopg2.errorcodes.DISK_FULL: "full",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_IOERR: "read_only",
    psycopg2.errorcodes.READ_ONLY_SQL_TRANSACTION: "read_only",
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    psycopg2.errorcodes.LOCK_NOT_AVAILABLE: "busy",
}


class ApiError(Exception):
    """A refusal with its status, code and fields (a field's value is a code of `WORDS`).

    `retry_after` is the number of seconds after which trying again makes sense.
    """

    def __init__(
        self,
        status: int,
        code: str,
        fields: dict[str, str] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.fields = fields or {}
        self.retry_after = RETRY_SECONDS if retry_after is None and status == 503 else retry_after

    @classmethod
    def of(cls, refusal: Refusal) -> "ApiError":
        """The answer to a rule of the models that was broken."""
        status = REFUSAL_STATUS.get(type(refusal), 404)
        if isinstance(refusal, Invalid) and refusal.field:
            return cls(status, "invalid", {refusal.field: refusal.code})
        fields = {refusal.field: refusal.code} if refusal.field else {}
        return cls(status, refusal.code, fields)

    def to_dict(self) -> dict[str, Any]:
        """The one shape of all errors."""
        fields = {name: words(code) for name, code in self.fields.items()}
        return {"error": {"code": self.code, "message": words(self.code), "fields": fields}}


def words(code: str) -> str:
    """What a code says to the reader."""
    return str(WORDS.get(code, WORDS["malformed"]))


def unavailable(error: BaseException) -> bool:
    """True if the database is away, locked or full: nothing was stored, trying again may help."""
    return trouble(error) is not None


def trouble(error: BaseException) -> str | None:
    """The code of what keeps the database from its work; None if that is not the matter."""
    if reason := _TROUBLES.get(_driver_code(error)):
        return reason
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout):
        return "unavailable"
    away = isinstance(error, DBAPIError) and error.connection_invalidated
    return "unavailable" if away else None


def _driver_code(error: BaseException) -> int | str | None:
    """What the driver calls an error: of SQLite the primary code, of PostgreSQL the SQLSTATE."""
    cause = getattr(error, "orig", None)
    code: int | None = getattr(cause, "sqlite_errorcode", None)
    return getattr(cause, "pgcode", None) if code is None else code & 0xFF


def init_app(app: Flask) -> None:
    """Answer every exception in the one shape."""
    app.register_error_handler(ApiError, _answer)
    app.register_error_handler(Refusal, lambda refusal: _answer(ApiError.of(refusal)))
    app.register_error_handler(Overloaded, _overloaded)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _http(error: HTTPException) -> Response | tuple[Response, int] | HTTPException:
    if error.response is not None or (error.code or 500) < 400:
        return error
    status = error.code or 500
    if status not in STATUS_CODES:
        status = 500 if status >= 500 else 400
    if isinstance(error, SecurityError):
        g.untrusted_host = True
    answer = _answer(ApiError(status, STATUS_CODES.get(status, "internal")))
    answer.headers.update(
        {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    )
    return answer


def _overloaded(_error: Overloaded) -> Response:
    log.warning("503 Too many calls wait: %s %s", request.method, request.endpoint)
    return _answer(ApiError(503, "overloaded"))


def _unexpected(error: Exception) -> Response:
    db.session.rollback()
    g.failing = True
    if reason := trouble(error):
        log.warning("503 %s: %s", type(error).__name__, _reason(error))
        return _answer(ApiError(503, reason))
    log.exception("500 %s %s", request.method, request.endpoint)
    return _answer(ApiError(500, "internal"))


def _reason(error: BaseException) -> str:
    """The driver's own words, without the statement and its parameters."""
    return str(getattr(error, "orig", None) or error).strip().split("\n")[0][:200]


def _answer(error: ApiError) -> Response:
    db.session.rollback()
    if request.path.startswith("/api/") or g.get("untrusted_host"):
        response = jsonify(error.to_dict())
    else:
        response = Response(_page(error), mimetype="text/html")
    response.status_code = error.status
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _page(error: ApiError) -> str:
    """The error as a page."""
    return render_template(
        "errors/error.html", status=error.status, title=_("Error"), message=words(error.code)
    )
