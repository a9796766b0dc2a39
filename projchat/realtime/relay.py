"""The repair of what was not emitted, the beacon, and the second look at who may listen.

The database is the truth and the socket only the fast path: a worker may be killed between
commit and emit, Redis may lose a message. So each worker asks every few seconds, in one query,
for the heads of the projects that have listeners here. What stood at the head a tick ago and has
not been sent by then is sent from the database; the beacon then tells that head. Removed members
and ended logins are looked for in the same way, which holds while Redis is away.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, TypeVar

from flask import Flask, g
from sqlalchemy import select

from ..errors import unavailable
from ..extensions import db, socketio
from ..models import Login, Membership, Message, Project, User
from ..models.timeline import LONGEST_PAGE
from ..presence import Presence
from .fanout import Fanout

log = logging.getLogger("projchat")

IDS_PER_QUERY = 1000
REST_SECONDS = 0.005
# However many rooms there are, going through them is not interrupted more often: a rest may last
# as long as everybody else has something to do.
MOST_RESTS = 40
T = TypeVar("T")


class Head(NamedTuple):
    """How far a project has come: its counters of changes and of messages."""

    version: int
    messages: int


class Relay:
    """One per worker."""

    def __init__(self, app: Flask, fanout: Fanout, presence: Presence) -> None:
        self._app = app
        self._fanout = fanout
        self._presence = presence
        self._seen: dict[int, Head] = {}
        # Up to which message the listeners of a project have been told of every one.
        self._told: dict[int, int] = {}
        self._strangers: set[str] = set()
        self._beacon_at = 0.0

    def run(self) -> None:
        """Tick until the process ends; a database that is away is asked again."""
        seconds = self._app.config["RELAY_SECONDS"]
        while True:
            socketio.sleep(seconds)
            try:
                with self._app.app_context():
                    g.reading = True
                    self.tick()
            except Exception as error:
                if unavailable(error):
                    log.warning("The relay waits: the database does not answer")
                else:
                    log.exception("The relay failed and goes on")

    def tick(self) -> None:
        """Repair, tell the heads when it is time, and keep presence alive."""
        self._forget_the_gone()
        socketio.sleep(REST_SECONDS)
        self._disconnect_ended_logins()
        db.session.rollback()  # SQLite would go on showing what was there at the last look.
        socketio.sleep(REST_SECONDS)
        sent = self._sent()
        heads = self._heads()
        for project_id in heads:
            if heads[project_id].version < sent.get(project_id, 0):
                self._start_afresh(project_id)
        repaired = [project_id for project_id in heads if self._repair(project_id)]
        db.session.rollback()
        began = time.monotonic()
        beacon_due = began - self._beacon_at >= self._app.config["HEAD_SECONDS"]
        for project_id in _one_by_one(heads if beacon_due else repaired):
            self._tell_head(project_id)
        if beacon_due:
            self._beacon_at = began
            self._evict_former_members()
            self._hang_up_strangers()
        self._told = {key: head.messages for key, head in self._seen.items() if key in heads}
        self._seen = heads

    def _forget_the_gone(self) -> None:
        self._fanout.tell_presence()
        for room in self._presence.forget_silent():
            self._fanout.on_people(room)

    def _sent(self) -> dict[int, int]:
        """How far each room was sent everything; read before the heads, or it could be ahead."""
        cursors = {room: self._fanout.ledger.cursor(room) for room in self._presence.rooms()}
        return {_id_of(room): cursor for room, cursor in cursors.items() if cursor is not None}

    def _heads(self) -> dict[int, Head]:
        ids = [_id_of(room) for room in self._presence.rooms()]
        heads: dict[int, Head] = {}
        for some in _chunks(ids):
            query = select(Project.id, Project.version, Project.message_count)
            rows = db.session.execute(query.where(Project.id.in_(some)))
            heads.update((project_id, Head(*counters)) for project_id, *counters in rows)
        db.session.rollback()
        return heads

    def _start_afresh(self, project_id: int) -> None:
        """The database is older than what was sent: a backup was restored. All come in anew."""
        room = f"project:{project_id}"
        log.warning(
            "Project %s is older than what was sent of it: its readers start afresh", project_id
        )
        self._seen.pop(project_id, None)
        self._fanout.ledger.forget(room)
        for user_id in self._presence.here().get(room, ()):
            self._fanout.evict_here(User.room_of(user_id), room)

    def _repair(self, project_id: int) -> bool:
        """Send what stood at the head a tick ago and was not sent; True if there was any.

        It sends a page at most: of more the beacon tells, and the clients ask by themselves.
        """
        room, due = f"project:{project_id}", self._seen.get(project_id, Head(0, 0)).version
        ledger = self._fanout.ledger
        cursor = ledger.cursor(room)
        if cursor is None or cursor >= due:
            return False
        for message in _changes(project_id, cursor, due):
            if not ledger.was_sent(room, message.version):
                event = _event_of(message, self._told.get(project_id))
                self._fanout.emit_here(event, message.to_dict(), room)
        ledger.advance(room, due)
        log.info("The relay repaired project %s from version %s to %s", project_id, cursor, due)
        return True

    def _tell_head(self, project_id: int) -> None:
        """The beacon says what was sent: a client behind it has missed something."""
        room = f"project:{project_id}"
        version = self._fanout.ledger.cursor(room)
        if version is not None:
            head = {"projectId": project_id, "version": version}
            self._fanout.emit_in_rounds_here("head", head, room)

    def _disconnect_ended_logins(self) -> None:
        logins = {person.login_id for person in self._fanout.people.values()}
        for login_id in logins - _living_logins(logins):
            self._fanout.disconnect_room_here(Login.room_of(login_id))

    def _evict_former_members(self) -> None:
        for room, present in _one_by_one(self._presence.here().items()):
            project_id = _id_of(room)
            for user_id in present.keys() - _members(project_id, present):
                self._fanout.evict_here(User.room_of(user_id), room)
            db.session.rollback()  # The next look is at the members as they are then.

    def _hang_up_strangers(self) -> None:
        """Whoever has been here since the beacon before without logging in may not stay."""
        strangers = self._fanout.strangers()
        for connection in strangers & self._strangers:
            self._fanout.hang_up(connection)
        self._strangers = strangers


def _one_by_one(items: Iterable[T]) -> Iterator[T]:
    """One after the other with rests between, for all together would hold up those who talk."""
    waiting = list(items)
    group = -(-len(waiting) // MOST_RESTS)
    for place, item in enumerate(waiting, 1):
        yield item
        if place % group == 0:
            socketio.sleep(REST_SECONDS)


def _changes(project_id: int, after: int, up_to: int) -> Sequence[Message]:
    project = db.session.get(Project, project_id)
    found = [] if project is None else project.changes_since(after, limit=LONGEST_PAGE)
    return [message for message in found if message.version <= up_to]


def _id_of(room: str) -> int:
    return int(room.removeprefix("project:"))


def _event_of(message: Message, told: int | None) -> str:
    """Whether the listeners hear of a message for the first time.

    A change may leave no mark, as a reaction that was taken back; so it counts how far they had
    been told. Just after the first of them came that is not known, and the marks must do.
    """
    marks = (message.edited_at, message.deleted_at, message.pinned_at, message.reactions)
    is_new = not any(marks) if told is None else message.number > told
    return "new-message" if is_new else "message-updated"


def _living_logins(ids: Iterable[int]) -> set[int]:
    living: set[int] = set()
    for some in _chunks(ids):
        query = select(Login.id).join(User, User.id == Login.user_id)
        living.update(db.session.scalars(query.where(Login.id.in_(some), User.active)))
    return living


def _members(project_id: int, user_ids: Iterable[int]) -> set[int]:
    members: set[int] = set()
    for some in _chunks(user_ids):
        query = select(Membership.user_id).where(Membership.project_id == project_id)
        members.update(db.session.scalars(query.where(Membership.user_id.in_(some))))
    return members


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while some := list(islice(iterator, IDS_PER_QUERY)):
        yield some
