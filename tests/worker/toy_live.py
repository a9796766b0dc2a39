"""Flask and Socket.IO as the product uses them, with routes that only a test may have."""

import eventlet

eventlet.monkey_patch()

import hashlib  # noqa: E402
import logging  # noqa: E402
import os  # noqa: E402

from flask import Flask, request  # noqa: E402
from flask_socketio import SocketIO, emit  # noqa: E402

LARGEST = 4 << 20

app = Flask("projchat")
app.config["MAX_CONTENT_LENGTH"] = LARGEST
socketio = SocketIO(app, async_mode="eventlet", path="/api/socket")
log = logging.getLogger("projchat.toy")


@app.get("/who")
def who():
    return {"pid": os.getpid()}


@app.post("/digest")
def digest():
    body = b"".join(iter(lambda: request.stream.read(1 << 16), b""))
    return {"length": len(body), "sha256": hashlib.sha256(body).hexdigest()}


@app.get("/invite/<path:token>")
@app.get("/api/invites/<path:token>")
def invite(token):
    if "fail" in request.args:
        raise RuntimeError("on purpose")
    return {"length": len(token)}


@app.get("/say")
def say():
    log.info("%s", request.args["text"])
    return {}


@socketio.on("connect")
def connect():
    log.info("✅ Клиент подключен: %s", request.sid)


@socketio.on("echo")
def echo(data):
    emit("said", data, broadcast=True)
    return data


@socketio.on("disconnect")
def disconnect(reason):
    log.info("Клиент отключен: %s", request.sid)
