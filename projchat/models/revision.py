"""What a message said before it was edited."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from ..extensions import Model
from .types import BigKey, UtcDateTime, rfc3339


class Revision(Model):
    """A former text of a message, with the time it was written."""

    __tablename__ = "revisions"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own form.

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    message_id: Mapped[int] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), index=True
    )
    body: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def to_dict(self) -> dict[str, Any]:
        """The former text as the members see it."""
        return {"content": self.body, "html": self.html, "createdAt": rfc3339(self.created_at)}
