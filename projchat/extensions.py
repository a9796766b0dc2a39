"""The Flask extensions, unbound: `create_app` binds them, everybody else imports them here."""

from typing import TYPE_CHECKING, Any

from flask_babel import Babel
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, current_user
from flask_migrate import Migrate
from flask_socketio import SocketIO
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """The declarative base; named constraints let migrations drop them on any database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class LiveServer(SocketIO):  # type: ignore[misc]  # It has no types.
    """Socket.IO; `manager` knows the sockets of this worker and tells the others."""

    server: Any

    @property
    def manager(self) -> Any:
        """The client manager, a `projchat.realtime.fanout.Fanout`."""
        return self.server.manager


def throttle_key() -> str:
    """Whom a rate limit counts: the person, or the address of somebody not logged in."""
    if current_user.is_authenticated:
        return f"user:{current_user.id}"
    return f"address:{get_remote_address()}"


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
migrate = Migrate()
login_manager = LoginManager()
socketio = LiveServer()
csrf = CSRFProtect()
limiter = Limiter(throttle_key, default_limits=["1200/minute"])
babel = Babel()

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model
