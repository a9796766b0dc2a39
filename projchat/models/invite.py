"""A link that lets somebody into one project."""

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ..extensions import Model, db
from .types import BigKey, UtcDateTime, now, rfc3339

if TYPE_CHECKING:
    from .project import Project
    from .user import User

DEFAULT_DAYS = 7
LONGEST_DAYS = 90


class Invite(Model):
    """An invitation; it can be used by many until it expires or is revoked."""

    __tablename__ = "invites"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    project_id: Mapped[int] = mapped_column(
        ForeignKey("projects.id", ondelete="CASCADE"), index=True
    )
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)

    project: Mapped["Project"] = relationship(lazy="raise")
    author: Mapped["User"] = relationship(lazy="raise")

    @classmethod
    def issue(cls, project: "Project", user: "User", days: int = DEFAULT_DAYS) -> "Invite":
        """Make a link into `project` that expires after `days`."""
        invite = cls(
            token=secrets.token_urlsafe(24),
            project=project,
            author=user,
            created_at=now(),
            expires_at=now() + timedelta(days=days),
        )
        db.session.add(invite)
        db.session.flush()
        return invite

    @classmethod
    def find(cls, token: str) -> "Invite | None":
        """The invite behind a link, if it still opens its door."""
        if not token.isascii() or "\0" in token:
            return None
        return db.session.scalar(
            select(cls)
            .options(joinedload(cls.project), joinedload(cls.author))
            .where(cls.token == token, cls.expires_at > now())
        )

    @classmethod
    def of(cls, project: "Project") -> list["Invite"]:
        """The invites into `project` that can still be used, newest first."""
        return list(
            db.session.scalars(
                select(cls)
                .options(joinedload(cls.author))
                .where(cls.project_id == project.id, cls.expires_at > now())
                .order_by(cls.id.desc())
            )
        )

    def to_dict(self, url: str) -> dict[str, Any]:
        """The invite as those who manage the project see it; `url` is its link."""
        return {
            "id": self.id,
            "url": url,
            "token": self.token,
            "createdBy": {"id": self.author.id, "name": self.author.name},
            "createdAt": rfc3339(self.created_at),
            "expiresAt": rfc3339(self.expires_at),
        }

    def to_guest_dict(self) -> dict[str, Any]:
        """What somebody who holds the link may know before they accept."""
        return {
            "project": {"id": self.project.id, "name": self.project.name},
            "invitedBy": self.author.name,
            "expiresAt": rfc3339(self.expires_at),
        }
