"""Telling a room of what was committed."""

import logging
from collections.abc import Iterable

from ..bell import Said, bell
from ..document import Document
from ..extensions import socketio
from ..failpoints import hit
from ..i18n import server_gettext as _s
from ..indexing import indexer
from ..models import Message, Project, User

# Of a call to a larger room than this, its members learn by the message itself.
MOST_TOLD = 100

log = logging.getLogger("projchat")


def deliver(project: Project, *messages: Message | None, event: str = "new-message") -> None:
    """Emit committed messages to the project's room, in their order; None is passed over."""
    for message in messages:
        if message is not None:
            tell(project, message, Document(message.to_dict()), event)


def tell(project: Project, message: Message, said: Document, event: str = "new-message") -> None:
    """Emit one committed message, as `said`, to the project's room."""
    hit("before-emit")
    socketio.emit(event, said, to=project.room)
    hit("after-emit")
    log.info(_s("📨 Message sent over WebSocket"))
    if event == "new-message":
        _ring(project, message)


def tell_mentioned(message: Message, known: Iterable[int] | None = None) -> None:
    """Tell the open pages of those who are mentioned, in whatever project they are.

    `known` are those who were mentioned before a change.
    """
    newly = sorted(set(message.mentions or ()) - set(known or ()))
    for user_id in newly if len(newly) <= MOST_TOLD else ():
        news = {"projectId": message.project_id, "number": message.number, "userId": user_id}
        socketio.emit("mentioned", news, to=User.room_of(user_id))


def _ring(project: Project, message: Message) -> None:
    """Those who look elsewhere are told, and the words are noted, beside the requests.

    See realtime/notices.py and indexing.py.
    """
    indexer.due(project.id)
    author, mentions = message.author, frozenset(message.mentions or ())
    said = (project.id, project.name, message.number, author.id, author.name, message.body)
    bell.ring(Said(*said, mentions, message.kind == "text"))
