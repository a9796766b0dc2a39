"""Who is called by name in a message: `@anna`, or `@all`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, ForeignKey, Index, bindparam, delete, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from .. import markup, names
from ..extensions import Model, db
from .membership import Membership, Role

if TYPE_CHECKING:
    from .message import Message

EVERYBODY = "all"
# In a room of this size anybody may call everybody; in a larger one those who manage it.
SMALL_ROOM = 10
MOST_LISTED = 100


class Mention(Model):
    """One person called in one message; only members are, and nobody by their own message."""

    __tablename__ = "mentions"
    __table_args__ = (
        Index("ix_mentions_user_id_project_id_number", "user_id", "project_id", "number"),
    )

    project_id: Mapped[int] = mapped_column(
        ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )

    @staticmethod
    def note(message: "Message", user_ids: Iterable[int]) -> None:
        """Write down who is called in a new message."""
        where = {"project_id": message.project_id, "number": message.number}
        rows = [{**where, "user_id": user_id} for user_id in user_ids]
        if rows:
            db.session.execute(insert(Mention), rows)

    @staticmethod
    def renew(message: "Message", before: Iterable[int]) -> None:
        """Bring the rows of a message that was changed up to date."""
        now, before = set(message.mentions or ()), set(before)
        gone = before - now
        if gone:
            db.session.execute(
                delete(Mention).where(
                    Mention.project_id == message.project_id,
                    Mention.number == message.number,
                    Mention.user_id.in_(gone),
                )
            )
        Mention.note(message, sorted(now - before))

    @staticmethod
    def unread_of(user_id: int) -> dict[int, int]:
        """How many unread mentions a person has, by project."""
        rows = db.session.execute(_UNREAD_BY_PROJECT, {"user": user_id})
        return {project_id: count for project_id, count in rows if count}

    @staticmethod
    def unread_numbers(membership: Membership) -> list[int]:
        """The messages in which a member is called and that they have not read, the newest few."""
        query = select(Mention.number).where(
            Mention.user_id == membership.user_id,
            Mention.project_id == membership.project_id,
            Mention.number > membership.last_read_number,
        )
        return list(db.session.scalars(query.order_by(Mention.number.desc()).limit(MOST_LISTED)))


_UNREAD = (
    select(func.count())
    .where(
        Mention.user_id == Membership.user_id,
        Mention.project_id == Membership.project_id,
        Mention.number > Membership.last_read_number,
    )
    .correlate(Membership)
    .scalar_subquery()
)
_UNREAD_BY_PROJECT = select(Membership.project_id, _UNREAD).where(
    Membership.user_id == bindparam("user")
)


def render(project_id: int, author_id: int, text: str) -> tuple[str, list[int] | None]:
    """The HTML of a text, and the ids of those whom it calls; None if it calls nobody.

    A text without an `@` asks the database nothing.
    """
    typed = {name: names.normalize(name) for name in markup.names_in(text)}
    if not typed:
        return markup.render(text), None
    all_of_them = EVERYBODY in typed.values() and _may_call_everybody(project_id, author_id)
    members = _members(project_id, None if all_of_them else typed.values())
    found = {name: str(members[plain]) for name, plain in typed.items() if plain in members}
    if all_of_them:
        found |= {name: EVERYBODY for name, plain in typed.items() if plain == EVERYBODY}
    html, said = markup.render_mentions(text, found)
    ids = members.values() if EVERYBODY in said else map(int, said)
    return html, sorted(set(ids) - {author_id}) or None


def _may_call_everybody(project_id: int, author_id: int) -> bool:
    membership = db.session.get(Membership, (project_id, author_id))
    if membership is not None and Role(membership.role).manages:
        return True
    count = select(func.count()).where(Membership.project_id == project_id)
    return (db.session.scalar(count) or 0) <= SMALL_ROOM


def _members(project_id: int, usernames: Iterable[str] | None) -> dict[str, int]:
    """The members with these usernames, or all of them, as ids by username."""
    people = Model.metadata.tables["users"].c
    query = (
        select(people.username, people.id)
        .join(Membership, Membership.user_id == people.id)
        .where(Membership.project_id == project_id)
    )
    if usernames is not None:
        query = query.where(people.username.in_(set(usernames)))
    return {row.username: row.id for row in db.session.execute(query)}
