"""A link that lets somebody into one project."""

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, String, exists, select, update
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ..extensions import Model, db
from .membership import Membership, Role
from .types import BigKey, UtcDateTime, now, rfc3339

if TYPE_CHECKING:
    from .project import Project
    from .user import User

DEFAULT_DAYS = 7
LONGEST_DAYS = 90
DEFAULT_USES = 100
MOST_USES = 1000


class Invite(Model):
    """An invitation; some may use it until it expires or is revoked."""

    __tablename__ = "invites"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own form.

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    project_id: Mapped[int] = mapped_column(
        ForeignKey("projects.id", ondelete="CASCADE"), index=True
    )
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    uses: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    max_uses: Mapped[int] = mapped_column(
        BigInteger, default=DEFAULT_USES, server_default=str(MOST_USES)
    )

    project: Mapped["Project"] = relationship(lazy="raise")
    author: Mapped["User"] = relationship(lazy="raise")

    @classmethod
    def issue(
        cls,
        project: "Project",
        user: "User",
        days: int = DEFAULT_DAYS,
        max_uses: int = DEFAULT_USES,
    ) -> "Invite":
        """Make a link into `project` that expires after `days`, or when `max_uses` have used it."""
        invite = cls(
            token=_new_token(),
            project=project,
            author=user,
            created_at=now(),
            expires_at=now() + timedelta(days=days),
            uses=0,
            max_uses=max_uses,
        )
        db.session.add(invite)
        db.session.flush()
        return invite

    @classmethod
    def find(cls, token: str) -> "Invite | None":
        """The invite behind a link, if it still opens its door and its maker may still invite."""
        if not token.isascii() or "\0" in token:
            return None
        return db.session.scalar(
            select(cls)
            .options(joinedload(cls.project), joinedload(cls.author))
            .where(cls.token == token, *cls._is_open(), cls._maker_may_invite())
        )

    @classmethod
    def of(cls, project: "Project") -> list["Invite"]:
        """The invites into `project` that can still be used, newest first."""
        return list(
            db.session.scalars(
                select(cls)
                .options(joinedload(cls.author))
                .where(cls.project_id == project.id, *cls._is_open())
                .order_by(cls.id.desc())
            )
        )

    @classmethod
    def _is_open(cls) -> tuple[ColumnElement[bool], ...]:
        return cls.expires_at > now(), cls.uses < cls.max_uses

    @classmethod
    def _maker_may_invite(cls) -> ColumnElement[bool]:
        return exists().where(
            Membership.project_id == cls.project_id,
            Membership.user_id == cls.created_by,
            Membership.role.in_([role.value for role in Role if role.manages]),
            cls.author.has(active=True),
        )

    def take_place(self) -> bool:
        """Count one more whom the link lets in; False if it opens its door no more.

        Called under the project's lock: what was true when the link was found is asked again.
        """
        counted = db.session.execute(
            update(Invite)
            .where(
                Invite.id == self.id,
                Invite.token == self.token,
                Invite.uses < Invite.max_uses,
                self._maker_may_invite(),
            )
            .values(uses=Invite.uses + 1)
            .execution_options(synchronize_session=False)
        )
        return counted.rowcount == 1  # type: ignore[attr-defined, no-any-return]

    @classmethod
    def renew_all(cls, project: "Project") -> None:
        """Give all links into `project` new addresses: somebody who saw them manages no more."""
        for invite in cls.of(project):
            invite.token = _new_token()
        db.session.flush()

    def to_dict(self, url: str) -> dict[str, Any]:
        """The invite as those who manage the project see it; `url` is its link."""
        return {
            "id": self.id,
            "url": url,
            "token": self.token,
            "createdBy": {"id": self.author.id, "name": self.author.name},
            "createdAt": rfc3339(self.created_at),
            "expiresAt": rfc3339(self.expires_at),
            "uses": self.uses,
            "maxUses": self.max_uses,
        }

    def to_guest_dict(self) -> dict[str, Any]:
        """What somebody who holds the link may know before they accept."""
        return {
            "project": {"id": self.project.id, "name": self.project.name},
            "invitedBy": self.author.name,
            "expiresAt": rfc3339(self.expires_at),
        }


def _new_token() -> str:
    return secrets.token_urlsafe(24)
