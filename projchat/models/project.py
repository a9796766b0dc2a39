"""A project: its members, what is said there, and the two counters that put it in order."""

import unicodedata
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    String,
    Text,
    bindparam,
    case,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, joinedload, mapped_column

from .. import names
from ..extensions import Model, db
from ..failpoints import hit
from . import mention
from .errors import AlreadySent, Conflict, Forbidden, Invalid, Refusal
from .invite import Invite
from .membership import Level, Membership, Role
from .mention import Mention
from .message import Message, clean
from .plain import Plain
from .prepared import Prepared
from .timeline import MOST_PINS, Timeline
from .types import BigKey, UtcDateTime, now, rfc3339
from .upload import Upload

if TYPE_CHECKING:
    from .user import User

NAME_LENGTH = 100
DESCRIPTION_LENGTH = 2000
# They turn the text around them.
BIDI_CONTROLS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


class NotAMember(Refusal):
    """The person was removed while the request was under way."""


class Project(Timeline, Plain, Model):
    """A project and its room.

    `message_count` numbers the messages 1, 2, 3 … without a hole; `version` counts every change.
    """

    __tablename__ = "projects"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own form.
    # `membership` and what follows it below are plain attributes.
    __allow_unmapped__ = True

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    description: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    message_count: Mapped[int] = mapped_column(BigInteger, default=0)
    version: Mapped[int] = mapped_column(BigInteger, default=0)
    # Of how many messages the words are in the index; see word_index.py.
    indexed_count: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")

    # The membership of the person through whom the project was found, and the history that its
    # counters count; stored nowhere here.
    membership: Membership
    history: str
    # How many of the viewer's mentions they have not read; None until they are counted.
    unread_mentions: int | None = None

    @classmethod
    def found(cls, owner: "User", name: str, description: str = "") -> tuple["Project", Message]:
        """Start a project; its first message tells who did."""
        project = cls(
            name=_name(name),
            description=_description(description),
            message_count=0,
            indexed_count=0,
            version=0,
            created_at=now(),
        )
        db.session.add(project)
        db.session.flush()
        project.membership = Membership(
            project_id=project.id,
            user_id=owner.id,
            role=Role.OWNER,
            last_read_number=0,
            seen_number=0,
        )
        db.session.add(project.membership)
        db.session.flush()
        return project, project._announce("project-created", owner, text=project.name)

    @property
    def room(self) -> str:
        """The Socket.IO room of the project."""
        return f"project:{self.id}"

    @property
    def unread(self) -> int:
        """How many messages the viewer has not read."""
        return max(0, self.message_count - self.membership.last_read_number)

    @property
    def mentions(self) -> int:
        """How many messages that mention the viewer they have not read."""
        if self.unread_mentions is None:
            self.mention_numbers()
        return self.unread_mentions or 0

    def mention_numbers(self) -> list[int]:
        """The unread messages that mention the viewer, the newest few."""
        numbers = Mention.unread_numbers(self.membership) if self.unread else []
        self.unread_mentions = len(numbers)
        return numbers

    def post(
        self,
        author: "User",
        content: str,
        client_id: str | None = None,
        reply_to: int | None = None,
        uploads: Sequence[str] = (),
    ) -> Message:
        """Add a message; posting reads up to one's own message. With files it needs no text.

        The counter is taken as late as possible, since its row is locked until the commit.
        Raises `Invalid` for content that cannot be stored, for a reply to what is not there and
        for files that do not wait to be sent,
        `Conflict` if archived, `AlreadySent` for a client id that the author has used before
        (the caller rolls back, and the counter with it).
        """
        content = clean(content, may_be_empty=bool(uploads))
        html, mentions = mention.render(self.id, author.id, content)
        values: dict[str, Any] = {"kind": "text", "body": content, "html": html}
        values["mentions"] = mentions
        try:
            files = Upload.waiting(self, author, uploads)
            values["attachments"] = [file.to_attachment() for file in files] or None
            message = self._append(author, client_id=client_id, reply_to=reply_to, **values)
            Upload.attach(files, message)
        except (Conflict, Invalid):
            # Whoever sends again wants to know what became of it, archived since or not; its
            # files do not wait any more.
            if client_id is not None and Message.was_sent(author, client_id):
                raise AlreadySent(client_id) from None
            raise
        Mention.note(message, mentions or ())
        return message

    def first_answer(
        self,
        author: "User",
        client_id: str,
        content: str,
        reply_to: int | None,
        uploads: Sequence[str] = (),
    ) -> Message:
        """The message that `client_id` made when it was first sent.

        Raises `Conflict` if what was sent then is not what is sent now.
        """
        message = db.session.scalars(
            select(Message)
            .options(joinedload(Message.author))
            .where(Message.author_id == author.id, Message.client_id == client_id)
        ).one()
        content = clean(content, may_be_empty=bool(uploads))
        if message.fingerprint != Message.fingerprint_of(self.id, content, reply_to, uploads):
            raise Conflict("client_id_reused", "clientId")
        return message

    def pin(self, actor: "User", message: Message) -> Message:
        """Pin a message; the message that says so. Raises as `Message.pin`, and for too many."""
        message.pin(actor)
        if self.count_pins() > MOST_PINS:
            raise Conflict("pins_full")
        return self._announce("message-pinned", actor, number=message.number)

    def members(self) -> list[Membership]:
        """Everybody in the project, in the order they came."""
        return list(
            db.session.scalars(
                select(Membership)
                .options(joinedload(Membership.user))
                .where(Membership.project_id == self.id)
                .order_by(Membership.joined_at, Membership.user_id)
            )
        )

    def mistakable(self, members: Sequence[Membership]) -> set[int]:
        """The ids of the members whose names do not show, or look like a role or somebody else."""
        bearers: dict[str, set[int]] = {}
        for member in members:
            for name in (member.user.name, member.user.username):
                for look in names.looks(name):
                    bearers.setdefault(look, set()).add(member.user_id)
        return {
            member.user_id
            for member in members
            if names.would_be_refused(member.user.name)
            or any(len(bearers[look]) > 1 for look in names.looks(member.user.name))
        }

    def find_member(self, user_id: int) -> Membership | None:
        """The membership of one person."""
        return db.session.scalar(
            select(Membership)
            .options(joinedload(Membership.user))
            .where(Membership.project_id == self.id, Membership.user_id == user_id)
        )

    def read(self, number: int) -> bool:
        """Note how far the viewer has read; False if their mark did not move forward."""
        number = min(number, self.message_count)
        seen = case((_memberships.seen_number < number, number), else_=_memberships.seen_number)
        return self._move_mark(
            _memberships.last_read_number < number, last_read_number=number, seen_number=seen
        )

    def mark_unread(self, number: int) -> bool:
        """Put the viewer's mark back before a message; False if it has not come so far.

        What the others see of it stays: they were told, and it was read.
        """
        return self._move_mark(_memberships.last_read_number >= number, last_read_number=number - 1)

    def rename(self, actor: "User", name: str) -> Message | None:
        """Change the name; the message that says so, or None if it is the same."""
        self._require_manager()
        # A name from before there were rules may stay.
        if _on_one_line(name) == self.name or (name := _name(name)) == self.name:
            return None
        message = self._announce("project-renamed", actor, text=name)
        self.name = name
        return message

    def describe(self, actor: "User", description: str) -> Message | None:
        """Change the description; the message that says so, or None if it is the same."""
        self._require_manager()
        description = _description(description)
        if description == self.description:
            return None
        message = self._announce("project-described", actor)
        self.description = description
        return message

    def archive(self, actor: "User", archived: bool) -> Message | None:
        """Make the project read-only, or open it again; None if it is so already."""
        self._require_manager()
        if archived == (self.archived_at is not None):
            return None
        if archived:
            message = self._announce("project-archived", actor)
            self.archived_at = now()
        else:
            self.archived_at = None
            db.session.flush()
            message = self._announce("project-unarchived", actor)
        return message

    def admit(self, user: "User") -> Message | None:
        """Let somebody in as a member; None if they are in already."""
        added = db.session.execute(
            _INSERT_MEMBER[db.engine.dialect.name],
            {
                "project_id": self.id,
                "user_id": user.id,
                "role": Role.MEMBER.value,
                "last_read_number": 0,
                "seen_number": 0,
                "notify": Level.ALL.value,
                "joined_at": now(),
            },
        )
        if added.rowcount == 0:  # type: ignore[attr-defined]
            return None
        return self._announce("member-joined", user)

    def remove(self, actor: "User", member: Membership) -> Message:
        """Take somebody out, or leave oneself; their invites end with them.

        Also in an archived project. Where a manager goes, the links that they saw open nothing.
        Raises `Forbidden` unless the actor stands above the member, `Conflict` for the owner.
        """
        leaving = member.user_id == actor.id
        if not leaving:
            self._require_manager()
            if member.manages and not self.membership.owns:
                raise Forbidden("role_too_low")
        if member.owns:
            raise Conflict("owner_stays")
        event = "member-left" if leaving else "member-removed"
        message = self._announce(event, actor, about=member.user, in_archive=True)
        self._delete_of(member)
        if member.manages:
            Invite.renew_all(self)
        return message

    def change_role(self, actor: "User", member: Membership, role: Role) -> Message | None:
        """Give a member another role; making somebody the owner hands the project over."""
        if not self.membership.owns:
            raise Forbidden("role_too_low")
        if member.role == role:
            return None
        if member.owns:
            raise Conflict("owner_stays")
        event = "owner-changed" if role is Role.OWNER else "role-changed"
        message = self._announce(event, actor, about=member.user, text=role.value)
        if role is Role.OWNER:
            self._step_down()
        if not role.manages:
            Invite.renew_all(self)
        member.role = role
        db.session.flush()
        return message

    def next_version(self) -> int:
        """Take the next version, in the transaction of the change that it stamps.

        Raises as `confirm_membership`, for whoever was removed while this waited for its turn.
        """
        version = self._count(new_message=False)
        self._read_membership_again()
        return version

    def confirm_membership(self) -> None:
        """Wait for the changes of members that are under way, then read the viewer's own again.

        The membership was found before the transaction came to write anything, and on PostgreSQL
        it may have ended since. Raises `NotAMember` if it has, `Conflict` if the role is another.
        """
        db.session.execute(_LOCK, {"project": self.id})
        self._read_membership_again()

    def to_dict(self) -> dict[str, Any]:
        """The project as the viewer sees it in a list."""
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "createdAt": rfc3339(self.created_at),
            "archivedAt": rfc3339(self.archived_at),
            "messageCount": self.message_count,
            "version": self.version,
            "role": self.membership.role,
            "lastReadNumber": self.membership.last_read_number,
            "unread": self.unread,
            "mentions": self.mentions,
            "notify": self.membership.notify,
        }

    def _require_manager(self) -> None:
        if not self.membership.manages:
            raise Forbidden("role_too_low")

    def _append(
        self,
        author: "User",
        client_id: str | None = None,
        reply_to: int | None = None,
        in_archive: bool = False,
        **values: Any,
    ) -> Message:
        uploads = [kept["id"] for kept in values.get("attachments") or ()]
        version = self._count(new_message=True, in_archive=in_archive)
        if reply_to is not None and not 0 < reply_to < self.message_count:
            raise Invalid("reply_unknown", "replyTo")
        values |= {
            "project_id": self.id,
            "number": self.message_count,
            "version": version,
            "author_id": author.id,
            "client_id": client_id or str(uuid.uuid4()),
            "fingerprint": Message.fingerprint_of(self.id, values["body"], reply_to, uploads),
            "reply_to": reply_to,
            "thread_root": self._count_reply(reply_to) if reply_to is not None else None,
            "created_at": now(),
        }
        hit("before-insert")
        stored = _INSERT_MESSAGE.one(values)
        if stored is None:
            raise AlreadySent(values["client_id"])
        self._read_own(author)
        known = {**_NOTHING, **values, "id": stored[0], "author": author}
        return Message.plain(known.items())

    def _announce(
        self,
        event: str,
        actor: "User",
        about: "User | None" = None,
        text: str | None = None,
        in_archive: bool = False,
        **more: Any,
    ) -> Message:
        """Add a system message; the reader's side makes the sentence from `event`."""
        about = about or actor
        details = {"type": event, "userId": about.id, "userName": about.name, **more}
        if text is not None:
            details["text"] = text
        plain = " ".join([about.name, event, *([text] if text else [])])
        message = self._append(
            actor, kind="system", body=plain, html="", event=details, in_archive=in_archive
        )
        if event != "member-joined":
            self._read_membership_again()
        return message

    def _count(self, new_message: bool, in_archive: bool = False) -> int:
        """Take the counters by one statement; its row lock puts all changes in one order."""
        given = {"project": self.id, "more": 1 if new_message else 0}
        counters = (_COUNT_ALWAYS if in_archive else _COUNT).one(given)
        if counters is None:
            raise Conflict("project_archived")
        self.learn(version=counters[0], message_count=counters[1], indexed_count=counters[2])
        return int(counters[0])

    def _count_reply(self, number: int) -> int:
        """Count the newest message as a reply where its thread began; the number of that."""
        given = {"project": self.id, "replied": number, "reply": self.message_count}
        return db.session.scalars(_COUNT_REPLY, given).one()  # type: ignore[no-any-return]

    def _read_own(self, author: "User") -> None:
        """Move the author's mark; finding none means that they were removed meanwhile."""
        given = {"project": self.id, "user": author.id, "read": self.message_count}
        if _READ_OWN.count(given) == 0:
            raise NotAMember("not_found")
        own = getattr(self, "membership", None)
        if own is not None and own.user_id == author.id:
            own.learn(last_read_number=self.message_count)

    def _read_membership_again(self) -> None:
        given = {"project": self.id, "user": self.membership.user_id}
        role = db.session.scalar(_ROLE, given)
        if role is None:
            raise NotAMember("not_found")
        if role != self.membership.role:
            raise Conflict("conflict")

    def _move_mark(self, condition: ColumnElement[bool], **values: Any) -> bool:
        own = self.membership
        moved = db.session.execute(
            update(Membership.__table__)  # type: ignore[arg-type]
            .where(_memberships.project_id == self.id, _memberships.user_id == own.user_id)
            .where(condition)
            .values(values)
        )
        if moved.rowcount == 0:  # type: ignore[attr-defined]
            return False
        own.learn(last_read_number=values["last_read_number"])
        self.unread_mentions = None
        return True

    def _delete_of(self, member: Membership) -> None:
        db.session.execute(
            delete(Invite).where(Invite.project_id == self.id, Invite.created_by == member.user_id)
        )
        db.session.delete(member)
        db.session.flush()

    def _step_down(self) -> None:
        """The owner becomes an admin; nobody else may have become the owner meanwhile."""
        table = Membership.__table__
        stepped = db.session.execute(
            update(table)  # type: ignore[arg-type]
            .where(table.c.project_id == self.id, table.c.role == Role.OWNER.value)
            .where(table.c.user_id == self.membership.user_id)
            .values(role=Role.ADMIN.value)
        )
        if stepped.rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict("owner_stays")
        self.membership.learn(role=Role.ADMIN.value)


# A new message has nothing in most of its columns.
_NOTHING = dict.fromkeys(Message.__table__.c.keys())
# The statements of a post are put together once, each INSERT in the dialects that we speak.
_projects, _memberships = Project.__table__.c, Membership.__table__.c
_count = (
    update(Project.__table__)  # type: ignore[arg-type]
    .where(_projects.id == bindparam("project"))
    .values(
        version=_projects.version + 1, message_count=_projects.message_count + bindparam("more")
    )
    .returning(_projects.version, _projects.message_count, _projects.indexed_count)
)
_COUNT = Prepared(_count.where(_projects.archived_at.is_(None)))
# Whoever must go, or wants to, may also where nobody writes any more.
_COUNT_ALWAYS = Prepared(_count)
_replied, _roots = Message.__table__.alias(), Message.__table__.c
_COUNT_REPLY = (
    update(Message.__table__)  # type: ignore[arg-type]
    .where(
        _roots.project_id == bindparam("project"),
        _roots.number
        == select(func.coalesce(_replied.c.thread_root, _replied.c.number))
        .where(
            _replied.c.project_id == bindparam("project"),
            _replied.c.number == bindparam("replied"),
        )
        .scalar_subquery(),
    )
    .values(reply_count=func.coalesce(_roots.reply_count, 0) + 1, last_reply=bindparam("reply"))
    .returning(_roots.number)
)
_read_own = (
    update(Membership.__table__)  # type: ignore[arg-type]
    .where(
        _memberships.project_id == bindparam("project"), _memberships.user_id == bindparam("user")
    )
    .values(last_read_number=bindparam("read"), seen_number=bindparam("read"))
)
_READ_OWN = Prepared(_read_own)
_LOCK = select(Project.id).where(Project.id == bindparam("project")).with_for_update(read=True)
_ROLE = select(Membership.role).where(
    Membership.project_id == bindparam("project"), Membership.user_id == bindparam("user")
)
_DIALECTS = {"postgresql": postgresql, "sqlite": sqlite}
_INSERT_MESSAGE = Prepared(
    **{
        name: dialect.insert(Message.__table__)
        .on_conflict_do_nothing(index_elements=["author_id", "client_id"])
        .returning(Message.__table__.c.id)
        for name, dialect in _DIALECTS.items()
    }
)
_INSERT_MEMBER = {
    name: dialect.insert(Membership.__table__).on_conflict_do_nothing()
    for name, dialect in _DIALECTS.items()
}


def _name(name: str) -> str:
    name = _on_one_line(name)
    if not name or len(name) > NAME_LENGTH:
        raise Invalid("project_name_length", "name")
    try:
        name = names.check_shown(name)
    except ValueError as error:
        raise Invalid(str(error), "name") from None
    if len(name) > NAME_LENGTH:
        raise Invalid("project_name_length", "name")
    return name


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _description(description: str) -> str:
    description = description.replace("\r\n", "\n").strip()
    if len(description) > DESCRIPTION_LENGTH:
        raise Invalid("description_length", "description")
    # Text that every database can store and that reads as it is written.
    if any(_is_unprintable(char) for char in description):
        raise Invalid("unprintable", "description")
    return description


def _is_unprintable(char: str) -> bool:
    is_control = unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t"
    return is_control or char in BIDI_CONTROLS
