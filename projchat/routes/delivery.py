"""Telling a room of what was committed."""

import logging

from ..extensions import socketio
from ..failpoints import hit
from ..i18n import server_gettext as _s
from ..models import Message, Project

log = logging.getLogger("projchat")


def deliver(project: Project, *messages: Message | None, event: str = "new-message") -> None:
    """Emit committed messages to the project's room, in their order; None is passed over."""
    for message in messages:
        if message is not None:
            hit("before-emit")
            socketio.emit(event, message.to_dict(), to=project.room)
            hit("after-emit")
            log.info(_s("📨 Message sent over WebSocket"))
