"""A WSGI application that misbehaves on request, to see what the worker makes of it.

Its routes must not exist in the product: they sleep, block the loop and hoard files. It imports
next to nothing, so that a test of starting and leaving starts at once.
"""

import eventlet

eventlet.monkey_patch()

import json  # noqa: E402
import os  # noqa: E402
import time  # noqa: E402
from contextlib import suppress  # noqa: E402
from urllib.parse import parse_qs  # noqa: E402

from eventlet.patcher import original  # noqa: E402


def who(environ, seconds):
    return {"pid": os.getpid()}


def sleep(environ, seconds):
    time.sleep(seconds)
    return {"pid": os.getpid()}


def block(environ, seconds):
    original("time").sleep(seconds)
    return {"pid": os.getpid()}


def hoard(environ, seconds):
    files = []
    with suppress(OSError):
        while True:
            files.append(os.open("/dev/null", os.O_RDONLY))
    time.sleep(seconds)
    for file in files:
        os.close(file)
    return {"hoarded": len(files)}


def upload(environ, seconds):
    length = int(environ["CONTENT_LENGTH"])
    return {"length": len(environ["wsgi.input"].read(length))}


def ignore(environ, seconds):
    return {"read": 0}


def show(environ, seconds):
    return {key: value for key, value in environ.items() if isinstance(value, str)}


def large(environ, seconds):
    return "x" * (64 << 20)


ROUTES = {
    f"/{route.__name__}": route for route in (who, sleep, block, hoard, upload, ignore, show, large)
}


def app(environ, start_response):
    query = parse_qs(environ.get("QUERY_STRING", ""))
    route = ROUTES.get(environ["PATH_INFO"], who)
    answer = json.dumps(route(environ, float(query.get("seconds", ["0"])[0])))
    start_response("200 OK", [("Content-Type", "application/json"), ("X-Request-ID", "r-1")])
    return [answer.encode()]
