"""The installation itself: one row, which says what the counters and ids of all others count.

A number, a version or an id that somebody holds means something only beside the history that it
was given in. Whenever the database goes back in time, to a backup or a replica that was behind,
what was given away since is given away again, to something else; so the history is renewed then,
and whoever shows another one is told to start afresh.
"""

from datetime import datetime

from sqlalchemy import String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from ..extensions import Model, db
from .types import BigKey, UtcDateTime

HISTORY_LENGTH = 32
ONLY = 1
# How far all ids and versions go on when a history begins: further than anybody can have come.
LEAP = 2**32


class Installation(Model):
    """The one row of this table."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    history: Mapped[str] = mapped_column(String(HISTORY_LENGTH))
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Where the database was when the history was last known to be its own; see history_watch.py.
    source: Mapped[str | None] = mapped_column(Text)

    @classmethod
    def present_history(cls) -> str:
        """The history as the present transaction sees it."""
        return db.session.scalars(_HISTORY).one()


_HISTORY = select(Installation.history).where(Installation.id == ONLY)
