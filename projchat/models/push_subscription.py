"""A browser that wants to be told while no page of ours is open in it."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from ..extensions import Model, db
from .login import Login
from .types import BigKey, UtcDateTime, now

ENDPOINT_LENGTH = 1000
KEY_LENGTH = 100
# Each message is pushed to all browsers of a person, and logins are not counted.
MOST_PER_PERSON = 20


class PushSubscription(Model):
    """Where one login's browser is reached. It ends with the login."""

    __tablename__ = "push_subscriptions"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own form.

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    endpoint: Mapped[str] = mapped_column(String(ENDPOINT_LENGTH), unique=True)
    p256dh: Mapped[str] = mapped_column(String(KEY_LENGTH))
    auth: Mapped[str] = mapped_column(String(KEY_LENGTH))
    shows_text: Mapped[bool]
    locale: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @classmethod
    def keep(
        cls, login: Login, endpoint: str, p256dh: str, auth: str, shows_text: bool, locale: str
    ) -> None:
        """Remember the browser of a login; whose login it had before is told nothing any more.

        Of more than `MOST_PER_PERSON` browsers, those that came first are forgotten.
        """
        others = delete(cls).where(cls.login_id == login.id, cls.endpoint != endpoint)
        db.session.execute(others)
        values = {
            "login_id": login.id,
            "user_id": login.user_id,
            "p256dh": p256dh,
            "auth": auth,
            "shows_text": shows_text,
            "locale": locale,
            "created_at": now(),
        }
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        insert = dialect.insert(cls.__table__).values(endpoint=endpoint, **values)
        db.session.execute(insert.on_conflict_do_update(index_elements=["endpoint"], set_=values))
        cls._forget_oldest(login.user_id)

    @classmethod
    def forget(cls, login: Login) -> None:
        """Tell the browser of a login nothing any more."""
        db.session.execute(delete(cls).where(cls.login_id == login.id))

    @classmethod
    def _forget_oldest(cls, user_id: int) -> None:
        mine = cls.user_id == user_id
        latest = select(cls.id).where(mine).order_by(cls.created_at.desc(), cls.id.desc())
        others = cls.id.not_in(latest.limit(MOST_PER_PERSON))
        db.session.execute(delete(cls).where(mine, others))
