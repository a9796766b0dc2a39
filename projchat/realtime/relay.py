"""The repair of what was not emitted, the beacon, and the second look at who may listen.

The database is the truth and the socket only the fast path: a worker may be killed between
commit and emit, Redis may lose a message. So each worker asks every few seconds, in one query,
for the heads of the projects that have listeners here. What stood at the head a tick ago and has
not been sent by then is sent from the database; the beacon then tells that head. Removed members
and ended logins are looked for at each tick too, which holds while Redis is away, and while
workers of another version do not hear us.
"""

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from flask import Flask, g
from sqlalchemy import select

from ..document import Document
from ..errors import unavailable
from ..eventloop import deadline
from ..extensions import db, socketio
from ..history_watch import history_watch
from ..login_upkeep import login_upkeep
from ..models import Login, Membership, Message, Project, User
from ..presence import Presence
from ..readiness import DEGRADED, Finding
from .fanout import Fanout

log = logging.getLogger("projchat")

# A tick that takes longer is ended, and the next one begins anew.
TICK_SECONDS = 60.0
# A part of it that takes longer is ended, and the others go on.
STEP_SECONDS = 20.0
LATE_SECONDS = 15.0
WATCH_SECONDS = 5.0
# So many ticks with repairs within so much time are no accident.
MANY_REPAIRS = 10
REPAIRS_SECONDS = 60.0
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


class RepairAlarm:
    """Says once that the relay repairs all the time: then it is not the last resort any more."""

    def __init__(self) -> None:
        self._repairs: deque[float] = deque(maxlen=MANY_REPAIRS)
        self._said_at = -math.inf

    def note(self, moment: float) -> None:
        """Note that a tick had something to repair."""
        many = len(self._repairs) == MANY_REPAIRS and moment - self._repairs[0] < REPAIRS_SECONDS
        self._repairs.append(moment)
        if not many:
            return
        if moment - self._said_at > REPAIRS_SECONDS:
            log.warning(
                "The relay repairs all the time: what other processes commit does not come here "
                "by itself. Do all of them have the same REDIS_URL, and does Redis answer?"
            )
        self._said_at = moment


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
        self._alarm = RepairAlarm()
        self.ticked_at = time.monotonic()

    def run(self) -> None:
        """Tick until the process ends; a database that is away is asked again."""
        seconds = self._app.config["RELAY_SECONDS"]
        socketio.start_background_task(self._watch)
        self.ticked_at = time.monotonic()
        while True:
            socketio.sleep(seconds)
            try:
                with self._app.app_context(), deadline(TICK_SECONDS):
                    g.reading = True
                    self.tick()
                self.ticked_at = time.monotonic()
            except Exception as error:
                if unavailable(error):
                    log.warning("The relay waits: the database does not answer")
                else:
                    log.exception("The relay failed and goes on")

    @property
    def seconds_since_tick(self) -> float:
        """How long ago a tick ended, or the relay began."""
        return time.monotonic() - self.ticked_at

    def check(self) -> Finding:
        """Whether a tick has ended lately."""
        late = self.seconds_since_tick > LATE_SECONDS
        return Finding(DEGRADED, "stalled") if late else Finding()

    def _watch(self) -> None:
        """Say once when no tick ends any more, and when they do again: much depends on them."""
        is_late = False
        while True:
            socketio.sleep(WATCH_SECONDS)
            was_late, is_late = is_late, self.seconds_since_tick > LATE_SECONDS
            if is_late and not was_late:
                log.error("Relay is stuck: no tick has ended for %d s", self.seconds_since_tick)
            elif was_late and not is_late:
                log.warning("Relay ticks again")

    def tick(self) -> None:
        """Repair, tell the heads when it is time, and keep presence alive."""
        self._step(self._forget_the_gone)
        socketio.sleep(REST_SECONDS)
        self._step(self._disconnect_ended_logins)
        db.session.rollback()  # SQLite would go on showing what was there at the last look.
        socketio.sleep(REST_SECONDS)
        sent = self._sent()
        heads = self._heads()
        if older := [each for each in heads if heads[each].version < sent.get(each, 0)]:
            self._report_older(older[0])
            return
        self._step(self._evict_removed, heads)
        for project_id in heads:
            self._fanout.polls.wake_unequal(f"project:{project_id}", heads[project_id].version)
        repaired = [project_id for project_id in heads if self._repair(project_id)]
        if repaired:
            self._alarm.note(time.monotonic())
        db.session.rollback()
        began = time.monotonic()
        beacon_due = began - self._beacon_at >= self._app.config["HEAD_SECONDS"]
        self._step(self._tell_heads, heads if beacon_due else repaired)
        if beacon_due:
            self._beacon_at = began
            self._step(self._evict_former_members)
            self._step(self._hang_up_strangers)
        self._told = {key: head.messages for key, head in self._seen.items() if key in heads}
        self._seen = heads

    def _step(self, step: Callable[..., None], *given: Any) -> None:
        """Do one part of a tick, which may not keep the others from theirs."""
        try:
            with deadline(STEP_SECONDS):
                step(*given)
        except TimeoutError:
            log.error("Relay step %s was ended after %d s", step.__name__, STEP_SECONDS)
            db.session.rollback()

    def _tell_heads(self, project_ids: Iterable[int]) -> None:
        for project_id in _one_by_one(project_ids):
            self._tell_head(project_id)

    def _forget_the_gone(self) -> None:
        self._fanout.polls.expire()
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

    def _report_older(self, project_id: int) -> None:
        """What was sent of it is not there: the database went back, and nobody has said so."""
        if history_watch.history is not None:
            fault = f"project {project_id} is older than what was sent of it"
            history_watch.went_back(history_watch.history, fault)

    def start_afresh(self) -> None:
        """Let all come in anew: what they were sent counts another history."""
        self._seen, self._told = {}, {}
        for room, people in list(self._presence.here().items()):
            self._fanout.ledger.forget(room)
            for user_id in list(people):
                self._fanout.evict_here(User.room_of(user_id), room)

    def _evict_removed(self, heads: dict[int, Head]) -> None:
        """Look at the members where something else than talk has come, as each removal does."""
        for room, present in _one_by_one(self._presence.here().items()):
            project_id = _id_of(room)
            head, seen = heads.get(project_id), self._seen.get(project_id)
            if head is None or seen is None or _has_an_event(project_id, seen, head):
                self._evict_strangers(room, present)
        db.session.rollback()

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
            if not ledger.was_sent(room, message["version"]):
                event = _event_of(message, self._told.get(project_id))
                self._fanout.emit_here(event, message, room)
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
        logins |= self._fanout.polls.login_ids()
        for login_id in logins - _lasting_logins(logins):
            self._fanout.disconnect_room_here(Login.room_of(login_id))

    def _evict_former_members(self) -> None:
        for room, present in _one_by_one(self._presence.here().items()):
            self._evict_strangers(room, present)

    def _evict_strangers(self, room: str, present: Mapping[int, Any]) -> None:
        for user_id in present.keys() - _members(_id_of(room), present):
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


def _changes(project_id: int, after: int, up_to: int) -> list[Document]:
    project = db.session.get(Project, project_id)
    found = [] if project is None else project.changes_since(after).rows
    return [message for message in found if message["version"] <= up_to]


def _has_an_event(project_id: int, seen: Head, head: Head) -> bool:
    """Whether the project itself tells something in what has come since."""
    if head.messages == seen.messages:
        return False
    query = select(Message.id).where(
        Message.project_id == project_id, Message.number > seen.messages, Message.kind == "system"
    )
    return db.session.scalar(query.limit(1)) is not None


def _id_of(room: str) -> int:
    return int(room.removeprefix("project:"))


def _event_of(message: Document, told: int | None) -> str:
    """Whether the listeners hear of a message for the first time.

    A change may leave no mark, as a reaction that was taken back; so it counts how far they had
    been told. Just after the first of them came that is not known, and the marks must do.
    """
    marks = (message[name] for name in ("editedAt", "deletedAt", "pinnedAt", "reactions"))
    is_new = not any(marks) if told is None else message["number"] > told
    return "new-message" if is_new else "message-updated"


def _lasting_logins(ids: Iterable[int]) -> set[int]:
    living: set[int] = set()
    for some in _chunks(ids):
        lasts = Login.lasts(login_upkeep.lifetimes)
        lasting = select(Login.id).join(User, User.id == Login.user_id).where(User.active, lasts)
        living.update(db.session.scalars(lasting.where(Login.id.in_(some))))
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
