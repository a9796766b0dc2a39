"""A WSGI application that answers with the request as it understood it."""

import eventlet

eventlet.monkey_patch()

import json  # noqa: E402


def app(environ, start_response):
    try:
        body = environ["wsgi.input"].read()
    except (OSError, ValueError):
        return answered(start_response, "400 Bad Request", {})
    length = environ.get("CONTENT_LENGTH")
    if length is not None and len(body) < int(length):
        return answered(start_response, "400 Bad Request", {})
    target = environ["RAW_PATH_INFO"]
    if "QUERY_STRING" in environ:
        target += "?" + environ["QUERY_STRING"]
    seen = {"method": environ["REQUEST_METHOD"], "target": target, "body": body.hex(), "pid": 0}
    return answered(start_response, "200 OK", seen)


def answered(start_response, status, seen):
    text = json.dumps(seen).encode()
    start_response(status, [("Content-Type", "application/json")])
    return [text]
