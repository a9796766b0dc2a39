"""Who belongs to which project, in which role, and how far they have read."""

import enum
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..extensions import Model
from .plain import Plain
from .types import UtcDateTime, now

if TYPE_CHECKING:
    from .user import User


class Role(enum.StrEnum):
    """What a member may do. A project has exactly one owner."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"

    @property
    def manages(self) -> bool:
        """True for those who may invite, remove, rename and archive."""
        return self is not Role.MEMBER


class Level(enum.StrEnum):
    """Of what a member wants to be told."""

    ALL = "all"
    MENTIONS = "mentions"
    NONE = "none"


class Membership(Plain, Model):
    """One person in one project."""

    __tablename__ = "memberships"
    __table_args__ = (CheckConstraint("role IN ('owner', 'admin', 'member')", name="role"),)

    project_id: Mapped[int] = mapped_column(
        ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[str] = mapped_column(String(8))
    last_read_number: Mapped[int] = mapped_column(BigInteger, default=0)
    # How far the others see that they have read: it stays where their own mark is put back.
    seen_number: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    notify: Mapped[str] = mapped_column(String(8), default="all")
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    user: Mapped["User"] = relationship(lazy="raise")

    @property
    def manages(self) -> bool:
        """True if this member may invite, remove, rename and archive."""
        return Role(self.role).manages

    @property
    def owns(self) -> bool:
        """True if this member is the owner."""
        return self.role == Role.OWNER

    def to_dict(self, viewer_id: int) -> dict[str, Any]:
        """The member as somebody sees them; who does not show their reading shows it to nobody."""
        return {
            "id": self.user_id,
            "name": self.user.name,
            "username": self.user.username,
            "role": self.role,
            "lastReadNumber": self._read_as_seen_by(viewer_id),
        }

    def _read_as_seen_by(self, viewer_id: int) -> int | None:
        if viewer_id == self.user_id:
            return self.last_read_number
        return self.seen_number if self.user.show_reading else None
