"""A number for each request, by which its answer and its log lines are found again."""

import logging
import re
import secrets
from typing import Any

from flask import Flask, Response, current_app, g, has_request_context, request

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[\w.:-]{1,64}", re.ASCII)


def init_app(app: Flask) -> None:
    """Give every request its id, before anything else is done with it."""
    app.before_request(_begin)
    app.after_request(_tell)
    logging.setLogRecordFactory(_record)


def _begin() -> None:
    """Take the id that a proxy we believe has given, or make one."""
    given = request.headers.get(HEADER, "") if current_app.config["PROXIES"] else ""
    g.request_id = given if WELL_FORMED.fullmatch(given) else secrets.token_hex(8)


def _tell(response: Response) -> Response:
    response.headers[HEADER] = g.request_id
    return response


def _record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    """Make an entry of the log that knows which request it is about."""
    record = logging.LogRecord(*args, **kwargs)
    if has_request_context():
        record.request_id = g.get("request_id")
    return record
