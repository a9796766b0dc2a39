"""Telling people of what is said where they do not look: their other tabs, and their browsers.

The post rings the bell (see bell.py) and goes on. One greenlet gathers for a moment, asks once
who the members of each project are and what they want to be told, and says it to all workers at
once: each tells those who have a tab here that is not in the project's room. How many messages
there are now is told to every member, what they say to whoever wants it. Whoever has no tab
anywhere, but a browser that wants it, is told by web push. Only the worker that took the post
rings, so everything is told once, however many workers there are.

What was deleted or changed since then is told as it is now: the database is asked when the notices
go out, and for each push again when its turn comes, whether the person may still be told.
"""

import logging
from collections.abc import Iterable
from typing import Any, NamedTuple

from flask import Flask, g
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import delete, select

from ..bell import Bell, Said
from ..errors import unavailable
from ..extensions import db, socketio
from ..login_upkeep import login_upkeep
from ..models import Level, Login, Membership, Message, PushSubscription, User
from ..presence import Presence
from ..webpush import Pusher, Unreachable
from .fanout import Fanout

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.25
EXCERPT = 140
CARRIERS = 4
MOST_WAITING = 1000
GONE = (404, 410)


class Browser(NamedTuple):
    """A browser that is told by push."""

    endpoint: str
    p256dh: str
    auth: str


class Listener(NamedTuple):
    """A member, what they want to be told, and one of their browsers that is told by push."""

    user_id: int
    level: str
    read_number: int
    browser: Browser | None


class Push(NamedTuple):
    """A message on its way to one browser."""

    user_id: int
    browser: Browser
    said: Said
    mentioned: bool


class Notices:
    """One per worker."""

    def __init__(
        self, app: Flask, fanout: Fanout, presence: Presence, bell: Bell, pusher: Pusher | None
    ) -> None:
        self._app = app
        self._fanout = fanout
        self._presence = presence
        self._bell = bell
        self._pusher = pusher
        self._waiting: Any = None

    def rung(self) -> None:
        """Something was said; it is told in a moment."""
        socketio.start_background_task(self._tell)

    def _tell(self) -> None:
        socketio.sleep(GATHER_SECONDS)
        said = self._bell.take()
        try:
            with self._app.app_context():
                g.reading = True
                for project_id, messages in said.items():
                    self._tell_of(project_id, messages)
        except Exception as error:
            if unavailable(error):
                log.warning("Nobody was notified: the database does not answer")
            else:
                log.exception("The notices failed")

    def _tell_of(self, project_id: int, messages: list[Said]) -> None:
        """Tell all how much there is, and each listener the last of what they want to be told."""
        listeners = _listeners(project_id)
        self._count(project_id, messages, listeners)
        messages = _as_they_are(project_id, messages)
        told = {one: _last_for(one, messages) for one in listeners}
        for said in messages:
            chosen = [one for one, (last, _) in told.items() if last is said]
            for mentioned in (False, True):
                people = {one.user_id for one in chosen if told[one][1] == mentioned}
                if people:
                    self._fanout.emit_to_people(
                        "notify", _notice(said, mentioned), sorted(people), f"project:{project_id}"
                    )
        self._push(told)

    def _count(self, project_id: int, messages: list[Said], listeners: list[Listener]) -> None:
        """Let every member count what is unread; an author has read what they wrote."""
        room = f"project:{project_id}"
        number = max(said.number for said in messages)
        count: dict[str, int | None] = {"projectId": project_id, "messageCount": number}
        marks = {one.user_id: one.read_number for one in listeners}
        authors = marks.keys() & {said.author_id for said in messages}
        for user_id in sorted(authors):
            news = count | {"lastReadNumber": marks[user_id]}
            self._fanout.emit_to_people("unread", news, [user_id], room)
        if others := sorted(marks.keys() - authors):
            news = count | {"lastReadNumber": None}
            self._fanout.emit_to_people("unread", news, others, room)

    def _push(self, told: dict[Listener, tuple[Said | None, bool]]) -> None:
        if self._pusher is None:
            return
        wanted = [
            Push(one.user_id, one.browser, said, mentioned)
            for one, (said, mentioned) in told.items()
            if said is not None and one.browser is not None
        ]
        here = self._presence.everybody() if wanted else set()
        for push in wanted:
            if push.user_id not in here:
                self._hand_over(push)

    # Web push: a few greenlets carry what waits, so that a slow service holds up nobody else.

    def _hand_over(self, push: Push) -> None:
        if self._waiting is None:
            self._waiting = socketio.server.eio.create_queue(MOST_WAITING)
            for _carrier in range(CARRIERS):
                socketio.start_background_task(self._carry)
        if self._waiting.full():
            self._waiting.get()
        self._waiting.put(push)

    def _carry(self) -> None:
        while True:
            push = self._waiting.get()
            try:
                self._deliver(push)
            except Unreachable as error:
                log.info("A push service was not reached: %s", error)
            except Exception as error:
                if unavailable(error):
                    log.warning("Nothing was pushed: the database does not answer")
                else:
                    log.exception("A push failed")

    def _deliver(self, push: Push) -> None:
        if self._pusher is None:
            return
        with self._app.app_context():
            g.reading = True
            message = _payload(push)
        if message is None:
            return
        browser, topic = push.browser, f"project-{push.said.project_id}"
        status = self._pusher.send(browser.endpoint, browser.p256dh, browser.auth, message, topic)
        if status in GONE:
            self._forget(browser)
        elif status >= 400:
            log.info("A push service answered %s", status)

    def _forget(self, browser: Browser) -> None:
        """The browser has gone; should it have come back meanwhile, its keys are others."""
        with self._app.app_context():
            gone = delete(PushSubscription).where(
                PushSubscription.endpoint == browser.endpoint,
                PushSubscription.p256dh == browser.p256dh,
            )
            db.session.execute(gone)
            db.session.commit()


def _listeners(project_id: int) -> list[Listener]:
    browser = [getattr(PushSubscription, name) for name in Browser._fields]
    rows = db.session.execute(
        select(Membership.user_id, Membership.notify, Membership.last_read_number, *browser)
        .join(User, User.id == Membership.user_id)
        .outerjoin(PushSubscription, PushSubscription.user_id == Membership.user_id)
        .where(Membership.project_id == project_id, User.active)
    ).all()
    db.session.rollback()
    return [
        Listener(user_id, level, read_number, Browser(*found) if found[0] else None)
        for user_id, level, read_number, *found in rows
    ]


def _as_they_are(project_id: int, messages: list[Said]) -> list[Said]:
    """Look up what messages say now; the deleted ones are left out."""
    rows = db.session.execute(
        select(Message.number, Message.body, Message.mentions).where(
            Message.project_id == project_id,
            Message.number.in_([said.number for said in messages]),
            Message.deleted_at.is_(None),
        )
    ).all()
    db.session.rollback()
    present = {number: (body, frozenset(mentions or ())) for number, body, mentions in rows}
    return [
        said._replace(content=present[said.number][0], mentions=present[said.number][1])
        for said in messages
        if said.number in present
    ]


def _last_for(listener: Listener, messages: Iterable[Said]) -> tuple[Said | None, bool]:
    """The last message that somebody wants to be told, and whether it mentions them."""
    last, mentioned = None, False
    for said in messages:
        if said.author_id == listener.user_id or not said.is_text:
            continue
        mentions = listener.user_id in said.mentions
        if mentions or listener.level == Level.ALL:
            last, mentioned = said, mentions
    wants = listener.level != Level.NONE
    return (last, mentioned) if wants else (None, False)


def _notice(said: Said, mentioned: bool) -> dict[str, Any]:
    return {
        "projectId": said.project_id,
        "projectName": said.project_name,
        "number": said.number,
        "author": {"id": said.author_id, "name": said.author_name},
        "content": _excerpt(said.content),
        "mentioned": mentioned,
    }


def _payload(push: Push) -> dict[str, Any] | None:
    """Write what the service worker shows as it is: it has no catalogue of words.

    None if the message, the membership, the login or the subscription has ended meanwhile.
    """
    said, browser = push.said, push.browser
    found = db.session.execute(
        select(Message.body, PushSubscription.shows_text, PushSubscription.locale)
        .select_from(PushSubscription)
        .join(Login, Login.id == PushSubscription.login_id)
        .join(User, User.id == PushSubscription.user_id)
        .join(Membership, Membership.user_id == PushSubscription.user_id)
        .join(Message, Message.project_id == Membership.project_id)
        .where(
            PushSubscription.endpoint == browser.endpoint,
            PushSubscription.p256dh == browser.p256dh,
            PushSubscription.user_id == push.user_id,
            Login.lasts(login_upkeep.lifetimes),
            User.active,
            Membership.project_id == said.project_id,
            Membership.notify != Level.NONE,
            Message.number == said.number,
            Message.deleted_at.is_(None),
        )
    ).one_or_none()
    db.session.rollback()
    if found is None:
        return None
    content, shows_text, locale = found
    with force_locale(locale):
        plain = _("Mentions you") if push.mentioned else _("New message")
        title = _("%(name)s in %(project)s", name=said.author_name, project=said.project_name)
    return {
        "projectId": said.project_id,
        "number": said.number,
        "title": title,
        "body": _excerpt(content) if shows_text else plain,
    }


def _excerpt(content: str) -> str:
    line = " ".join(content.split())
    return f"{line[:EXCERPT]}…" if len(line) > EXCERPT else line
