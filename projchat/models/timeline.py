"""What a project's messages are asked for: pages, changes, threads, pins."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Select, select
from sqlalchemy.orm import Mapped, joinedload

from ..extensions import db
from .message import Message

PAGE_SIZE = 50
LONGEST_PAGE = 500


class Timeline:
    """The half of a `Project` that reads; numbers have no hole, versions order the changes."""

    if TYPE_CHECKING:
        id: Mapped[int]
        message_count: Mapped[int]
        version: Mapped[int]

    def find_message(self, number: int) -> Message | None:
        """The message with this number."""
        message = db.session.scalar(_messages(self.id).where(Message.number == number))
        if message is not None:
            message.learn(project=self)
        return message

    def newest(self, limit: int = PAGE_SIZE) -> list[Message]:
        """The last `limit` messages, oldest first."""
        return self.before(self.message_count + 1, limit)

    def before(self, number: int, limit: int = PAGE_SIZE) -> list[Message]:
        """The `limit` messages before `number`, oldest first."""
        query = _messages(self.id).where(Message.number < number)
        rows = db.session.scalars(query.order_by(Message.number.desc()).limit(limit))
        return list(reversed(list(rows)))

    def after(self, number: int, limit: int = PAGE_SIZE) -> list[Message]:
        """The `limit` messages after `number`, oldest first."""
        query = _messages(self.id).where(Message.number > number)
        return list(db.session.scalars(query.order_by(Message.number).limit(limit)))

    def around(self, number: int, limit: int = PAGE_SIZE) -> list[Message]:
        """Up to `limit` messages with `number` in their middle, oldest first.

        Numbers have no holes, so the page is plain arithmetic.
        """
        first = max(1, min(number - limit // 2, self.message_count - limit + 1))
        return self.after(first - 1, limit)

    def first_since(self, moment: datetime) -> int | None:
        """The number of the first message written at a moment or later.

        Numbers grow with time, so a few looks by number find it without an index of times.
        """
        low, high = 1, self.message_count + 1
        written = select(Message.created_at).where(Message.project_id == self.id)
        while low < high:
            middle = (low + high) // 2
            created_at = db.session.scalar(written.where(Message.number == middle))
            if created_at is not None and created_at >= moment:
                high = middle
            else:
                low = middle + 1
        return low if low <= self.message_count else None

    def changes_since(self, version: int, limit: int = LONGEST_PAGE) -> list[Message]:
        """The messages changed after `version` and up to the head, in the order of change."""
        return list(
            db.session.scalars(
                _messages(self.id)
                .where(Message.version > version, Message.version <= self.version)
                .order_by(Message.version)
                .limit(limit)
            )
        )

    def thread(self, message: Message, after: int, limit: int) -> list[Message]:
        """What the thread of a message has after number `after`: its root and all replies."""
        root = message.thread_root or message.number
        query = _messages(self.id).where(Message.thread_root == root, Message.number > after)
        begun = [self.find_message(root)] if after < root else []
        replies = db.session.scalars(query.order_by(Message.number).limit(limit - len(begun)))
        return [each for each in begun if each is not None] + list(replies)

    def pins(self) -> list[Message]:
        """The pinned messages, the latest first."""
        query = _messages(self.id).where(Message.pinned_at.is_not(None))
        return list(db.session.scalars(query.order_by(Message.pinned_at.desc(), Message.id)))


def _messages(project_id: int) -> Select[Message]:
    return (
        select(Message).options(joinedload(Message.author)).where(Message.project_id == project_id)
    )
