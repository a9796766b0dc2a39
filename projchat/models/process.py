"""The worker processes that serve this database, as each of them says of itself."""

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from ..extensions import Model, db
from .types import UtcDateTime, now

# Whoever has not been seen for so long is gone.
LIFETIME = timedelta(seconds=60)


class Process(Model):
    """One worker process; its row goes when it has not been seen for a while."""

    __tablename__ = "processes"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    # Of the process that watches over the workers: those of one reload are no strangers.
    pid: Mapped[int] = mapped_column(BigInteger)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Which Redis it talks through, as a digest of the address; empty without one.
    bus: Mapped[str] = mapped_column(String(64))

    @classmethod
    def forget_gone(cls) -> None:
        """Remove the rows of processes that have not been seen for a while."""
        db.session.execute(delete(cls).where(cls.seen_at < now() - LIFETIME))

    @classmethod
    def others(cls, host: str, pid: int) -> list["Process"]:
        """All processes but those of one master."""
        rows = db.session.scalars(select(cls).order_by(cls.id))
        return [each for each in rows if (each.host, each.pid) != (host, pid)]
