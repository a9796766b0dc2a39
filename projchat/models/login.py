"""One row per login: deleting the row ends that login everywhere."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, String, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..extensions import Model, db
from .types import BigKey, UtcDateTime, now, rfc3339
from .user import User

USER_AGENT_LENGTH = 200
SEEN_EVERY = timedelta(minutes=5)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class Login(Model):
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

    @classmethod
    def user_of(cls, token: str, lifetime: timedelta) -> User | None:
        """The active person whose login `token` is, with `user.login` set; one query."""
        given = {"token": _hash(token), "oldest": now() - lifetime}
        row = db.session.execute(_BY_TOKEN, given).first()
        if row is None:
            return None
        login, user = row
        user.login, user.login_token = login, token
        return user

    @classmethod
    def of(cls, user: User) -> list["Login"]:
        """All logins of a person, the latest first."""
        query = select(cls).where(cls.user_id == user.id).order_by(cls.last_seen_at.desc())
        return list(db.session.scalars(query))

    @property
    def room(self) -> str:
        """The room of this login's sockets."""
        return f"login:{self.id}"

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


# Every request asks this, so it is put together once.
_BY_TOKEN = (
    select(Login, User)
    .join(User, User.id == Login.user_id)
    .where(
        Login.token_hash == bindparam("token"),
        Login.created_at > bindparam("oldest"),
        User.active,
    )
)
