"""The Flask extensions, unbound: `create_app` binds them, everybody else imports them here."""

from typing import TYPE_CHECKING, Any

from flask_babel import Babel
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_socketio import SocketIO
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from .rate_limits import RateLimiter


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


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
migrate = Migrate()
login_manager = LoginManager()
socketio = LiveServer()
csrf = CSRFProtect()
limiter = RateLimiter(default="1200/minute")
babel = Babel()

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model
