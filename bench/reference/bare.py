"""The bare app: what a post costs in Flask at the least, with next to nothing done for it.

One route, one signed session, one INSERT by sqlite3's own module, one emit. No ORM, no look-up of
who is asking, no check of anything, no log.
"""

import os
import secrets
import sqlite3

import eventlet

eventlet.monkey_patch()

from flask import Flask, abort, request, session  # noqa: E402 - after the patch.
from flask_socketio import SocketIO, join_room  # noqa: E402

app = Flask(__name__)
app.config["SECRET_KEY"] = secrets.token_hex(32)
socketio = SocketIO(app, path="/api/socket", async_mode="eventlet")
database = sqlite3.connect(os.environ["DATABASE"], isolation_level=None, check_same_thread=False)
INSERT = "INSERT INTO message (project, author, content) VALUES (?, ?, ?)"


@app.post("/api/session")
def login():
    """Log in as the only user."""
    session["user"] = 1
    return {"ok": True}


@app.post("/api/projects/<int:project_id>/messages")
def create(project_id):
    """Store a message and tell the room."""
    author = session.get("user") or abort(401)
    content = request.get_json()["content"]
    stored = database.execute(INSERT, (project_id, author, content))
    message = {"id": stored.lastrowid, "projectId": project_id, "content": content}
    socketio.emit("new-message", message, to=f"project:{project_id}")
    return message, 201


@socketio.on("join_room")
def enter(data):
    """Enter the room of a project."""
    join_room(f"project:{data['projectId']}")
    return {"ok": True}


def prepare():
    """Make the table; the journal as ours has it, for a fair comparison."""
    database.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE message"
        " (id INTEGER PRIMARY KEY, project INTEGER, author INTEGER, content TEXT)"
    )


if __name__ == "__main__":
    prepare()
    socketio.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_output=False)
