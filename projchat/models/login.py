"""One row per login: deleting the row ends that login everywhere."""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, ForeignKey, String, bindparam, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..extensions import Model, db
from .installation import ONLY, Installation
from .membership import Membership
from .plain import Plain
from .prepared import Prepared
from .project import Project
from .types import BigKey, UtcDateTime, now, rfc3339
from .user import User

USER_AGENT_LENGTH = 200
SEEN_EVERY = timedelta(minutes=5)


class Lifetimes(NamedTuple):
    """How long a login lasts: since it began, and since the last visit."""

    whole: timedelta
    idle: timedelta

    def bounds(self) -> dict[str, datetime]:
        """The moments after which a login that lasts must have begun, and been seen."""
        moment = now()
        return {"begun_after": moment - self.whole, "seen_after": moment - self.idle}


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class Login(Plain, Model):
    """A person logged in with one browser. The cookie holds the token, the table its hash."""

    __tablename__ = "sessions"
    # The id of an ended login must not come back: sockets are gathered under it.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own form.

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    user_agent: Mapped[str] = mapped_column(String(USER_AGENT_LENGTH))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)

    user: Mapped[User] = relationship(lazy="raise")

    @classmethod
    def begin(cls, user: User, user_agent: str) -> "Login":
        """Log `user` in; `user.login_token` goes into the cookie."""
        user.login_token = secrets.token_urlsafe(32)
        login = cls(
            user_id=user.id,
            token_hash=_hash(user.login_token),
            user_agent=user_agent.replace("\0", "")[:USER_AGENT_LENGTH],
            created_at=now(),
            last_seen_at=now(),
        )
        user.login = login
        db.session.add(login)
        return login

    def end(self) -> None:
        """Delete this login, which may have ended meanwhile."""
        db.session.execute(delete(Login).where(Login.id == self.id))

    @classmethod
    def user_of(
        cls, token: str, lifetimes: Lifetimes, project_id: int | None = None
    ) -> User | None:
        """The active person whose login `token` is, with `user.login` set; one query.

        It looks for one of their projects at once, if it is known which they will ask for.
        """
        given: dict[str, Any] = {"token": _hash(token), **lifetimes.bounds()}
        if project_id is None:
            row = _BY_TOKEN.one(given)
        else:
            row = _BY_TOKEN_WITH_PROJECT.one({**given, "project": project_id})
        if row is None:
            return None
        values = iter(row)
        login, user = _plain(Login, values), _plain(User, values)
        user.login, user.login_token = login, token
        user.history = next(values)
        if project_id is not None:
            project, membership = _plain(Project, values), _plain(Membership, values)
            project.membership, project.history = membership, user.history
            user.expect_project(project_id, project if project.id else None)
        return user

    @classmethod
    def owner_of(cls, token: str) -> int | None:
        """The id of the person whose login `token` is."""
        row = _OWNER_BY_TOKEN.one({"token": _hash(token)})
        return row[0] if row else None

    @classmethod
    def of(cls, user: User) -> list["Login"]:
        """All logins of a person, the latest first."""
        query = select(cls).where(cls.user_id == user.id).order_by(cls.last_seen_at.desc())
        return list(db.session.scalars(query))

    @classmethod
    def lasts(cls, lifetimes: Lifetimes) -> ColumnElement[bool]:
        """The condition that a login is not over."""
        bounds = lifetimes.bounds()
        return (cls.created_at > bounds["begun_after"]) & (cls.last_seen_at > bounds["seen_after"])

    @classmethod
    def note_visits(cls, ids: Iterable[int]) -> None:
        """Note that the browsers of these logins were here now."""
        db.session.execute(update(cls).where(cls.id.in_(ids)).values(last_seen_at=now()))

    @classmethod
    def next_by_id(cls, after: int, most: int, lifetimes: Lifetimes) -> list[tuple[int, bool]]:
        """The ids of the logins that follow one in the table, and whether each of them lasts."""
        query = select(cls.id, cls.lasts(lifetimes)).where(cls.id > after).order_by(cls.id)
        return [
            (login_id, bool(lasts)) for login_id, lasts in db.session.execute(query.limit(most))
        ]

    @classmethod
    def remove_ended(cls, ids: Iterable[int], lifetimes: Lifetimes) -> None:
        """Remove those of these logins that are over, and with them their browsers' push."""
        db.session.execute(delete(cls).where(cls.id.in_(ids), ~cls.lasts(lifetimes)))

    @property
    def room(self) -> str:
        """The room of this login's sockets."""
        return self.room_of(self.id)

    @staticmethod
    def room_of(login_id: int) -> str:
        """The same, for a login of which only the id is at hand."""
        return f"login:{login_id}"

    @property
    def is_stale(self) -> bool:
        """True if the last visit was noted long enough ago to be worth noting again."""
        return now() - self.last_seen_at > SEEN_EVERY

    def to_dict(self, current: "Login") -> dict[str, Any]:
        """The login as its owner sees it."""
        return {
            "id": self.id,
            "userAgent": self.user_agent,
            "createdAt": rfc3339(self.created_at),
            "lastSeenAt": rfc3339(self.last_seen_at),
            "current": self.id == current.id,
        }


Found = TypeVar("Found", bound=Plain)


def _plain(model: type[Found], values: Iterator[Any]) -> Found:
    """The next columns of a row as an object."""
    return model.plain(zip(_COLUMNS[model], values, strict=False))


_LOOKED_UP = (Login, User, Project, Membership)
_TABLES = [model.__table__ for model in _LOOKED_UP]
_COLUMNS: dict[type, list[str]] = {
    model: table.c.keys() for model, table in zip(_LOOKED_UP, _TABLES, strict=True)
}
_logins, _users, _projects, _memberships = _TABLES
_installation = Installation.__table__
_by_token = (
    select(_logins, _users, _installation.c.history)
    .join_from(_logins, _users, _users.c.id == _logins.c.user_id)
    .join(_installation, _installation.c.id == ONLY)
    .where(
        _logins.c.token_hash == bindparam("token"),
        _logins.c.created_at > bindparam("begun_after"),
        _logins.c.last_seen_at > bindparam("seen_after"),
        _users.c.active,
    )
)
_by_token_with_project = (
    _by_token.add_columns(_projects, _memberships)
    .outerjoin(
        _memberships,
        (_memberships.c.user_id == _logins.c.user_id)
        & (_memberships.c.project_id == bindparam("project")),
    )
    .outerjoin(_projects, _projects.c.id == _memberships.c.project_id)
)
_OWNER_BY_TOKEN = Prepared(
    select(_logins.c.user_id).where(_logins.c.token_hash == bindparam("token"))
)
# Nearly every request asks one of these.
_BY_TOKEN = Prepared(_by_token)
_BY_TOKEN_WITH_PROJECT = Prepared(_by_token_with_project)
