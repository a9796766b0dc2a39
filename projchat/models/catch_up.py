"""What happened in a project since somebody was last here: a few bounded questions by index."""

from collections.abc import Callable
from itertools import islice
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, null, or_, select
from sqlalchemy.orm import aliased, joinedload

from ..document import Document, Envelope
from ..extensions import db
from .mention import Mention
from .message import Message
from .page import MAX_PAGE_BYTES, fetch_in_batches, fill_page
from .project import Project
from .user import User

# Of an absence longer than this only the end is summed up.
LONGEST_LOOK = 5000
MOST_LISTED = 50
MOST_CHANGES = 1000
MOST_PEOPLE = 100
# Each section may be as long, beside those who wrote.
SECTION_BYTES = MAX_PAGE_BYTES // 8

Section = Callable[["CatchUp"], list[Document]]


class CatchUp:
    """The messages after number `since`, for the person through whom the project was found."""

    def __init__(self, project: Project, since: int | None = None) -> None:
        self.project = project
        self.viewer_id = project.membership.user_id
        last = project.message_count
        wanted = project.membership.last_read_number if since is None else since
        self.since = max(min(wanted, last), last - LONGEST_LOOK)

    def to_dict(self) -> Envelope:
        """The summary; each of its sections lists messages, oldest first."""
        written = self._written()
        return Envelope(
            since=self.since,
            until=self.project.message_count,
            count=sum(written.values()),
            people=_people(dict(islice(written.items(), MOST_PEOPLE))),
            peopleCount=len(written),
            **{name: section(self) for name, section in SECTIONS.items()},
        )

    def mentions(self) -> list[Document]:
        """Messages that mention the viewer."""
        mine = exists().where(
            Mention.user_id == self.viewer_id,
            Mention.project_id == Message.project_id,
            Mention.number == Message.number,
        )
        return self._listed(mine)

    def replies(self) -> list[Document]:
        """Replies to messages of the viewer."""
        answered = aliased(Message)
        to_me = exists().where(
            answered.project_id == Message.project_id,
            answered.number == Message.reply_to,
            answered.author_id == self.viewer_id,
        )
        return self._listed(Message.reply_to.is_not(None), to_me)

    def questions(self) -> list[Document]:
        """Messages of others that end with a question mark and that no message replies to.

        Whoever answers without the reply function leaves the question in the list.
        """
        reply = aliased(Message)
        replied = select(reply.reply_to).where(
            reply.project_id == self.project.id,
            reply.number > self.since,
            reply.reply_to.is_not(None),
            reply.deleted_at.is_(None),
        )
        asks = or_(Message.body.like("%?"), Message.body.like("%？"))
        return self._listed(asks, Message.number.not_in(replied))

    def files(self) -> list[Document]:
        """Messages of others with files."""
        return self._listed(Message.attachments.is_not(null()))

    def pinned(self) -> list[Document]:
        """Messages that others pinned meanwhile, however old, in the order they were pinned."""
        query = _messages(self.project.id).where(
            Message.pinned_at.is_not(None), Message.pinned_by != self.viewer_id
        )
        if self.since:
            query = query.where(Message.pinned_at > self._then)
        return _last(query, Message.pinned_at)

    def changed(self) -> list[Document]:
        """Older messages that were edited or deleted after the last one before the absence.

        They are taken by version: by number, the database might walk back to the first message.
        """
        project = self.project
        query = (
            _messages(project.id)
            .where(Message.version > project.version - MOST_CHANGES, Message.number <= self.since)
            .where(or_(Message.edited_at > self._then, Message.deleted_at > self._then))
        )
        return sorted(_last(query, Message.version), key=itemgetter("number"))

    def _listed(self, *conditions: ColumnElement[bool]) -> list[Document]:
        query = _messages(self.project.id).where(self._new, *conditions)
        return _last(query.where(Message.author_id != self.viewer_id), Message.number)

    def _written(self) -> dict[int, int]:
        """How much each of the others wrote, by id, those who wrote most first."""
        written = func.count().label("written")
        query = (
            select(Message.author_id, written)
            .where(self._new, Message.author_id != self.viewer_id)
            .group_by(Message.author_id)
            .order_by(written.desc(), Message.author_id)
        )
        return dict(db.session.execute(query).all())

    @property
    def _then(self) -> Any:
        """When the last message before the absence was written.

        A pin is told to the room by a message of its own in the same transaction, so it is later
        than this if, and only if, that message is new.
        """
        query = select(Message.created_at).where(Message.project_id == self.project.id)
        return query.where(Message.number == self.since).scalar_subquery()

    @property
    def _new(self) -> ColumnElement[bool]:
        return and_(
            Message.project_id == self.project.id,
            Message.number > self.since,
            Message.kind == "text",
            Message.deleted_at.is_(None),
        )


SECTIONS: dict[str, Section] = {
    "mentions": CatchUp.mentions,
    "replies": CatchUp.replies,
    "questions": CatchUp.questions,
    "files": CatchUp.files,
    "pinned": CatchUp.pinned,
    "changed": CatchUp.changed,
}


def _people(written: dict[int, int]) -> list[dict[str, Any]]:
    if not written:
        return []
    named = select(User.id, User.name).where(User.id.in_(written))
    names = dict(db.session.execute(named).all())
    return [{"id": key, "name": names[key], "count": written[key]} for key in written]


def _messages(project_id: int) -> Any:
    return (
        select(Message).options(joinedload(Message.author)).where(Message.project_id == project_id)
    )


def _last(query: Any, place: Any) -> list[Document]:
    """The last few messages of a query by their place, the last one at the end."""
    rows = fetch_in_batches(query, place, MOST_LISTED, descending=True)
    page = fill_page((message.to_dict() for message in rows), MOST_LISTED, SECTION_BYTES)
    return page.rows[::-1]
