"""What a project's messages are asked for: pages, changes, threads, pins."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Mapped, joinedload

from ..extensions import db
from .installation import LEAP
from .message import Message
from .page import BATCH_SIZE, MAX_PAGE_BYTES, Page, fetch_in_batches, fill_page, interleave

PAGE_SIZE = 50
LONGEST_PAGE = 500
MOST_PINS = 100


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

    def newest(self, limit: int = PAGE_SIZE, max_bytes: int = MAX_PAGE_BYTES) -> Page:
        """The last `limit` messages, oldest first."""
        return self.before(self.message_count + 1, limit, max_bytes)

    def before(self, number: int, limit: int = PAGE_SIZE, max_bytes: int = MAX_PAGE_BYTES) -> Page:
        """The `limit` messages before `number`, oldest first."""
        query = _messages(self.id).where(Message.number < number)
        newest_first = fetch_in_batches(query, Message.number, limit, descending=True)
        rows = fill_page(_dicts(newest_first), limit, max_bytes).rows[::-1]
        return Page(rows, has_more=bool(rows) and rows[0]["number"] > 1)

    def after(self, number: int, limit: int = PAGE_SIZE) -> Page:
        """The `limit` messages after `number`, oldest first."""
        query = _messages(self.id).where(Message.number > number)
        rows = fill_page(_dicts(fetch_in_batches(query, Message.number, limit)), limit).rows
        return Page(rows, has_more=bool(rows) and rows[-1]["number"] < self.message_count)

    def around(self, number: int, limit: int = PAGE_SIZE) -> Page:
        """Up to `limit` messages with `number` in their middle, oldest first.

        Numbers have no holes, so the page is plain arithmetic. Its bytes are filled from the
        middle outwards.
        """
        first = max(1, min(number - limit // 2, self.message_count - limit + 1))
        rows = fill_page(_dicts(self._outwards(number, first, first + limit - 1)), limit).rows
        rows.sort(key=itemgetter("number"))
        return Page(rows, has_more=len(rows) < self.message_count)

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

    def changes_since(
        self, version: int, limit: int = LONGEST_PAGE, max_bytes: int = MAX_PAGE_BYTES
    ) -> Page:
        """The messages changed after `version` and up to the head, in the order of change."""
        query = _messages(self.id).where(Message.version > version, Message.version <= self.version)
        changed = fetch_in_batches(query, Message.version, limit + 1)
        return fill_page(_dicts(changed), limit, max_bytes)

    def knows(self, version: int, history: str | None) -> bool:
        """Whether a cursor can be one of ours.

        It is not if it is ahead, nor from before a leap (see renewal.py) unless its holder knows
        the history; the very beginning is anybody's.
        """
        since_leap = self.version - version < LEAP // 2
        return version <= self.version and bool(since_leap or history or version == 0)

    def thread(self, message: Message, after: int, limit: int) -> Page:
        """What the thread of a message has after number `after`: its root and all replies."""
        root = message.thread_root or message.number
        query = _messages(self.id).where(Message.thread_root == root, Message.number > after)
        begun = [self.find_message(root)] if after < root else []
        replies = fetch_in_batches(query, Message.number, limit + 1)
        return fill_page(_dicts(chain(filter(None, begun), replies)), limit)

    def pins(self, before: datetime | None = None) -> Page:
        """The messages that were pinned before a moment, the latest first."""
        query = _messages(self.id).where(Message.pinned_at.is_not(None))
        if before is not None:
            query = query.where(Message.pinned_at < before)
        pinned = fetch_in_batches(query, Message.pinned_at, MOST_PINS, descending=True)
        return fill_page(_dicts(pinned), MOST_PINS)

    def count_pins(self) -> int:
        """How many messages are pinned."""
        pinned = (Message.project_id == self.id, Message.pinned_at.is_not(None))
        return db.session.scalar(select(func.count()).where(*pinned)) or 0

    def _outwards(self, number: int, first: int, last: int) -> Iterator[Message]:
        """The messages from `first` to `last`, those next to `number` first."""
        query = _messages(self.id).where(Message.number.between(first, last))
        if last - first < BATCH_SIZE:
            window = db.session.scalars(query.order_by(Message.number))
            return iter(sorted(window, key=lambda message: abs(message.number - number)))
        newer = query.where(Message.number >= number)
        older = query.where(Message.number < number)
        size = last - first + 1
        return interleave(
            fetch_in_batches(newer, Message.number, size),
            fetch_in_batches(older, Message.number, size, descending=True),
        )


def _dicts(messages: Iterable[Message]) -> Iterator[dict[str, Any]]:
    return (message.to_dict() for message in messages)


def _messages(project_id: int) -> Select[Message]:
    return (
        select(Message).options(joinedload(Message.author)).where(Message.project_id == project_id)
    )
