"""One message of a project, or one event in its life (kind `system`)."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    delete,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .. import emoji, markup
from ..extensions import Model, db
from . import mention, word_index
from .errors import Conflict, Forbidden, Invalid, Unchanged
from .mention import Mention
from .page import Page, fetch_in_batches, fill_page
from .plain import Plain
from .revision import Revision
from .types import BigKey, UtcDateTime, now, rfc3339
from .upload import Upload, attachment_dict

if TYPE_CHECKING:
    from .membership import Membership
    from .project import Project
    from .user import User

CLIENT_ID_LENGTH = 100
# Stands for whatever moment of the last edit, where None means that there was none.
ANY_EDIT = "*"
MOST_REACTIONS = 20
MOST_REVISIONS = 100


class Message(Plain, Model):
    """A message. `number` is its place in the timeline, `version` its latest change.

    Both come from the counters of the project, in the transaction of the change itself, so their
    order is the order of commit.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("author_id", "client_id"),
        UniqueConstraint("project_id", "number"),
        Index("ix_messages_project_id_version", "project_id", "version"),
        Index(
            "ix_messages_thread",
            "project_id",
            "thread_root",
            "number",
            postgresql_where=text("thread_root IS NOT NULL"),
            sqlite_where=text("thread_root IS NOT NULL"),
        ),
        Index(
            "ix_messages_pinned",
            "project_id",
            "pinned_at",
            postgresql_where=text("pinned_at IS NOT NULL"),
            sqlite_where=text("pinned_at IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(BigInteger)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    client_id: Mapped[str] = mapped_column(String(CLIENT_ID_LENGTH))
    fingerprint: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(8), default="text")
    body: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    event: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    attachments: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    reply_to: Mapped[int | None] = mapped_column(BigInteger)
    # The ids of those whom it mentions; the rows of `Mention` are for counting.
    mentions: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # What to_dict() shows, in the order of first use: [{"emoji": "👍", "userIds": [3]}].
    reactions: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    # The message that the thread began with, for a reply; how many replies a message has that one
    # began with, and the number of the latest.
    thread_root: Mapped[int | None] = mapped_column(BigInteger)
    reply_count: Mapped[int | None] = mapped_column(BigInteger)
    last_reply: Mapped[int | None] = mapped_column(BigInteger)
    # The id of whoever pinned it, as in the reactions.
    pinned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    pinned_by: Mapped[int | None] = mapped_column(BigInteger)

    author: Mapped["User"] = relationship(lazy="raise")
    project: Mapped["Project"] = relationship(lazy="raise")

    @staticmethod
    def fingerprint_of(
        project_id: int, content: str, reply_to: int | None, uploads: Sequence[str] = ()
    ) -> str:
        """What was sent, in brief: tells a retry from another message under the same id."""
        said = "\0".join([str(project_id), str(reply_to), content, *uploads]).encode()
        return hashlib.blake2b(said, digest_size=16).hexdigest()

    @classmethod
    def was_sent(cls, author: "User", client_id: str) -> bool:
        """Whether the author has used this client id."""
        sent = select(cls.id).where(cls.author_id == author.id, cls.client_id == client_id)
        return db.session.scalar(sent) is not None

    def edit(self, user: "User", content: str, known: str | None = ANY_EDIT) -> None:
        """Change the text.

        `known` is the `editedAt` that the author saw: what they did not see, they do not
        overwrite, and a request that was cut off and arrives late undoes nothing.
        Raises `Forbidden` for anybody but the author, `Conflict` once deleted or archived, or
        if the text was changed since `known`, `Unchanged` if it says so already.
        """
        if self.kind != "text" or self.author_id != user.id:
            raise Forbidden("not_author")
        content = clean(content, may_be_empty=bool(self.attachments))
        html, mentions = mention.render(self.project_id, self.author_id, content)
        self._begin_change()
        self._require_text()
        if content == self.body:
            raise Unchanged
        if known not in (ANY_EDIT, rfc3339(self.edited_at)):
            raise Conflict("message_changed")
        self._keep_text()
        mentioned, words_before = self.mentions or (), word_index.keys_of(self)
        self._change(body=content, html=html, mentions=mentions, edited_at=now())
        Mention.renew(self, mentioned)
        word_index.change(self, words_before)

    def delete(self, membership: "Membership") -> None:
        """Leave a tombstone without content.

        Raises `Forbidden` unless the member is the author or manages the project, `Unchanged` if
        it is one already.
        """
        if self.kind != "text" or not (self.author_id == membership.user_id or membership.manages):
            raise Forbidden("not_author")
        self._begin_change()
        if self.deleted_at is not None:
            raise Unchanged
        db.session.execute(delete(Revision).where(Revision.message_id == self.id))
        mentioned, words_before = self.mentions or (), word_index.keys_of(self)
        Upload.forget_all_of(self)
        self._change(
            body="",
            html="",
            attachments=None,
            mentions=None,
            deleted_at=now(),
            reactions=None,
            pinned_at=None,
            pinned_by=None,
        )
        Mention.renew(self, mentioned)
        word_index.remove(self, words_before)

    def revisions(self, before: datetime | None = None) -> Page:
        """What it said before a moment, oldest first; of very many the latest."""
        query = select(Revision).where(Revision.message_id == self.id)
        if before is not None:
            query = query.where(Revision.created_at < before)
        latest = fetch_in_batches(query, Revision.id, MOST_REVISIONS + 1, descending=True)
        page = fill_page((revision.to_dict() for revision in latest), MOST_REVISIONS)
        return Page(page.rows[::-1], page.has_more)

    def pin(self, user: "User") -> None:
        """Pin it. Raises `Conflict` once deleted or archived, `Unchanged` if it is pinned."""
        self._begin_change()
        self._require_text()
        if self.pinned_at is not None:
            raise Unchanged
        self._change(pinned_at=now(), pinned_by=user.id)

    def unpin(self) -> None:
        """Let go of it. Raises as `pin` does."""
        self._begin_change()
        self._require_text()
        if self.pinned_at is None:
            raise Unchanged
        self._change(pinned_at=None, pinned_by=None)

    def react(self, user: "User", name: str, chosen: bool) -> None:
        """Add a reaction of the user, or take it back.

        Raises `Invalid` for what is no single emoji, `Conflict` for too many different ones and
        once deleted or archived, `Unchanged` if it is so already.
        """
        name = _emoji(name)
        self._begin_change()
        self._require_text()
        users = {each["emoji"]: each["userIds"] for each in self.reactions or []}
        if chosen is (user.id in users.get(name, [])):
            raise Unchanged
        others = [each for each in users.get(name, []) if each != user.id]
        users[name] = [*others, user.id] if chosen else others
        if len(users) > MOST_REACTIONS:
            raise Conflict("reactions_full")
        reactions = [{"emoji": name, "userIds": ids} for name, ids in users.items() if ids]
        self._change(reactions=reactions or None)

    def _keep_text(self) -> None:
        written = self.edited_at or self.created_at
        db.session.add(
            Revision(message_id=self.id, body=self.body, html=self.html, created_at=written)
        )

    def _require_text(self) -> None:
        if self.kind != "text":
            raise Conflict("message_system")
        if self.deleted_at is not None:
            raise Conflict("message_deleted")

    def _begin_change(self) -> None:
        """Take the next version, and read the message again as the change before left it.

        The counter's row lock lets one change after the other into a project, so nothing that
        somebody else did meanwhile is written over or told as it was.
        """
        version = self.project.next_version()
        db.session.refresh(self, COLUMNS)
        self._change(version=version)

    def _change(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)

    @property
    def file_ids(self) -> set[str]:
        """The ids of its files."""
        return {kept["id"] for kept in self.attachments or ()}

    def attachment_dicts(self) -> list[dict[str, Any]]:
        """The files of the message, with their addresses."""
        return [attachment_dict(self.project_id, kept) for kept in self.attachments or ()]

    def to_dict(self) -> dict[str, Any]:
        """The message as the page, the API, the live events and others see it."""
        return {
            "id": self.id,
            "projectId": self.project_id,
            "number": self.number,
            "version": self.version,
            "clientId": self.client_id,
            "kind": self.kind,
            "content": self.body,
            "html": self.html,
            "event": self.event,
            "attachments": self.attachment_dicts(),
            "author": {"id": self.author_id, "name": self.author.name},
            "replyTo": self.reply_to,
            "mentions": self.mentions or [],
            "createdAt": rfc3339(self.created_at),
            "editedAt": rfc3339(self.edited_at),
            "deletedAt": rfc3339(self.deleted_at),
            "threadRoot": self.thread_root,
            "replyCount": self.reply_count or 0,
            "lastReply": self.last_reply,
            "reactions": self.reactions or [],
            "pinnedAt": rfc3339(self.pinned_at),
            "pinnedBy": self.pinned_by,
        }


COLUMNS = Message.__table__.columns.keys()


def _emoji(name: str) -> str:
    spelled = emoji.spelled(name)
    if spelled is None:
        raise Invalid("not_emoji", "emoji")
    return spelled


def clean(content: str, may_be_empty: bool = False) -> str:
    """The text as it is stored. Raises `Invalid` for what cannot be."""
    if may_be_empty and not content.strip():
        return ""
    try:
        return markup.clean(content)
    except ValueError as error:
        raise Invalid(f"content_{error}", "content") from None
