"""The naive app: a chat in Flask-SocketIO as its documentation leads one to write it."""

import os
import secrets

import eventlet

eventlet.monkey_patch()

from flask import Flask, request  # noqa: E402 - after the patch.
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user  # noqa: E402
from flask_socketio import SocketIO, emit, join_room  # noqa: E402
from flask_sqlalchemy import SQLAlchemy  # noqa: E402
from sqlalchemy import event  # noqa: E402

app = Flask(__name__)
app.config["SECRET_KEY"] = secrets.token_hex(32)
app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{os.environ['DATABASE']}"
db = SQLAlchemy(app)
login_manager = LoginManager(app)
socketio = SocketIO(app, path="/api/socket", async_mode="eventlet")


class User(UserMixin, db.Model):
    """Somebody who writes."""

    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80), nullable=False)


class Message(db.Model):
    """What somebody wrote."""

    id = db.Column(db.Integer, primary_key=True)
    project_id = db.Column(db.Integer, nullable=False, index=True)
    author_id = db.Column(db.Integer, db.ForeignKey("user.id"), nullable=False)
    content = db.Column(db.Text, nullable=False)
    created_at = db.Column(db.DateTime, server_default=db.func.now())
    author = db.relationship(User)

    def to_dict(self):
        """As the clients get it."""
        return {
            "id": self.id,
            "projectId": self.project_id,
            "content": self.content,
            "author": {"id": self.author.id, "name": self.author.name},
            "createdAt": self.created_at.isoformat(),
        }


@login_manager.user_loader
def load_user(user_id):
    """Find who is logged in."""
    return db.session.get(User, int(user_id))


@app.post("/api/session")
def login():
    """Log in as the only user."""
    login_user(db.session.get(User, 1))
    return {"ok": True}


@app.post("/api/projects/<int:project_id>/messages")
@login_required
def create(project_id):
    """Store a message and tell the room."""
    content = request.get_json()["content"]
    message = Message(project_id=project_id, author_id=current_user.id, content=content)
    db.session.add(message)
    db.session.commit()
    socketio.emit("new-message", message.to_dict(), to=f"project:{project_id}")
    return message.to_dict(), 201


@socketio.on("join_room")
def enter(data):
    """Enter the room of a project."""
    join_room(f"project:{data['projectId']}")
    return {"ok": True}


@socketio.on("typing")
def typing(data):
    """Tell the others who is typing."""
    emit("user-typing", data, to=f"project:{data['projectId']}", include_self=False)


def prepare():
    """Make the tables and the user; the journal as ours has it, for a fair comparison."""

    @event.listens_for(db.engine, "connect")
    def pragmas(connection, _record):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    db.create_all()
    db.session.add(User(name="Alice"))
    db.session.commit()


if __name__ == "__main__":
    with app.app_context():
        prepare()
    socketio.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_output=False)
