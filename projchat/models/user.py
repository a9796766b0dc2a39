"""A person with an account."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from flask_login import UserMixin
from sqlalchemy import Select, String, bindparam, func, select, true
from sqlalchemy.orm import Mapped, SessionTransaction, mapped_column

from .. import names
from ..extensions import Model, db
from .errors import Conflict, Invalid
from .installation import ONLY, Installation
from .membership import Membership
from .mention import EVERYBODY, Mention
from .plain import Plain
from .project import Project
from .types import BigKey, UtcDateTime, now

if TYPE_CHECKING:
    from .login import Login

NAME_LENGTH = 64


class User(Plain, UserMixin, Model):  # type: ignore[misc]  # Flask-Login has no types.
    """A person. The username is case-folded and unique, look-alikes included."""

    __tablename__ = "users"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own form.
    # `login` and what follows it below are plain attributes.
    __allow_unmapped__ = True

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    username_skeleton: Mapped[str] = mapped_column(String(256), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    email: Mapped[str | None] = mapped_column(String(254))
    password_hash: Mapped[str] = mapped_column(String(200))
    locale: Mapped[str | None] = mapped_column(String(8))
    is_admin: Mapped[bool] = mapped_column(default=False)
    # Whether others see how far this person has read.
    show_reading: Mapped[bool] = mapped_column(default=True, server_default=true())
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    # The login that this request came with; set by the session look-up, stored nowhere.
    login: "Login"
    login_token: str
    # The history that the same look-up saw.
    history: str
    _expected: "_Expected | None" = None

    @classmethod
    def register(
        cls, username: str, password_hash: str, name: str | None = None, is_admin: bool = False
    ) -> "User":
        """Make an account. Raises `Invalid` for a name that is malformed or taken.

        Whoever runs the server may give any name that shows; people who choose for themselves
        are held to more: see `choosable_username` and `rename`.
        """
        canonical = cls.free_username(username)
        user = cls(
            username=canonical,
            username_skeleton=names.skeleton(canonical),
            name=_shown(username, "username") if name is None else _shown(name),
            password_hash=password_hash,
            is_admin=is_admin,
        )
        db.session.add(user)
        db.session.flush()
        return user

    @classmethod
    def register_first(cls, username: str, password_hash: str, name: str | None) -> "User":
        """Make the administrator's account. Raises `Conflict` if anybody has an account.

        Of several who try at once all but one wait here, and then find that they are too late.
        """
        db.session.execute(select(Installation.id).with_for_update())
        if cls.anybody():
            raise Conflict("already_set_up")
        if name is not None:
            _require_no_role(_shown(name))
        return cls.register(username, password_hash, name, is_admin=True)

    @classmethod
    def free_username(cls, username: str) -> str:
        """The canonical form of a new username. Raises `Invalid` if it cannot be had."""
        try:
            names.check(username)
        except ValueError as error:
            raise Invalid(str(error), "username") from None
        canonical = names.normalize(username)
        look = names.skeleton(canonical)
        taken = (cls.username == canonical) | (cls.username_skeleton == look)
        if look == names.skeleton(EVERYBODY) or db.session.scalar(select(cls.id).where(taken)):
            raise Invalid("username_taken", "username")
        return canonical

    @classmethod
    def choosable_username(cls, username: str) -> str:
        """The same, for somebody who chooses it for themselves: others will see it as their name.

        Raises `Invalid` also for a username that looks like a role.
        """
        canonical = cls.free_username(username)
        if names.says_role(username):
            raise Invalid("username_reserved", "username")
        return canonical

    @classmethod
    def named(cls, username: str) -> "User | None":
        """The person with this username, in any case; inactive people too."""
        if len(username) > names.LONGEST_TYPED or "\0" in username:
            return None
        canonical = names.normalize(username)
        return db.session.scalar(select(cls).where(cls.username == canonical))

    @classmethod
    def anybody(cls) -> bool:
        """True once the first account exists."""
        return bool(db.session.scalar(select(func.count(cls.id))))

    def is_only_admin(self) -> bool:
        """Whether nobody else may administrate."""
        others = select(User.id).where(User.is_admin, User.active, User.id != self.id).limit(1)
        return self.is_admin and db.session.scalar(others) is None

    @property
    def is_active(self) -> bool:
        """What Flask-Login asks: may this person log in."""
        return self.active

    @property
    def room(self) -> str:
        """The room of all this person's sockets."""
        return self.room_of(self.id)

    @staticmethod
    def room_of(user_id: int) -> str:
        """The same, for a person of whom only the id is at hand."""
        return f"user:{user_id}"

    def get_id(self) -> str:
        """What Flask-Login keeps in the cookie: the token of the login, not the person's id."""
        return self.login_token

    def rename(self, name: str) -> None:
        """Change the name that others see; the present one may stay, whatever it is.

        Raises `Invalid` for a name that does not show, that looks like a role, or like the name or
        the username of somebody in a project of this person.
        """
        if name.strip() == self.name.strip():
            return
        name = _shown(name)
        _require_no_role(name)
        look = names.looks(name)
        if any(not look.isdisjoint(names.looks(other)) for other in self._names_around()):
            raise Invalid("name_taken", "name")
        self.name = name

    def find_project(self, project_id: int) -> Project | None:
        """The project, if this person is a member now; `project.membership` is theirs."""
        expected, self._expected = self._expected, None
        if expected is not None and expected.is_for(project_id):
            return expected.project
        return self.project_of(self.id, project_id)

    def expect_project(self, project_id: int, project: Project | None) -> None:
        """Take what was found of a project, for the first who asks in this transaction."""
        self._expected = _Expected(project_id, project, db.session().get_transaction())

    @staticmethod
    def project_of(user_id: int, project_id: int) -> Project | None:
        """The same, for a person of whom only the id is at hand; one query."""
        found = _through_member(_ONE_OF_MINE, user=user_id, project=project_id)
        return found[0] if found else None

    def projects(self) -> list[Project]:
        """All projects of this person, by name; those that are archived come last."""
        found = _through_member(_ALL_OF_MINE, user=self.id)
        mentions = Mention.unread_of(self.id) if any(one.unread for one in found) else {}
        for project in found:
            project.unread_mentions = mentions.get(project.id, 0)
        return sorted(found, key=lambda one: (bool(one.archived_at), one.name.casefold(), one.id))

    def _names_around(self) -> set[str]:
        """The names and usernames of everybody in the projects of this person."""
        rows = db.session.execute(_AROUND, {"user": self.id}).all()
        return {name for row in rows for name in row}

    def to_dict(self) -> dict[str, Any]:
        """The person as they see themselves."""
        return {
            "id": self.id,
            "username": self.username,
            "name": self.name,
            "email": self.email,
            "locale": self.locale,
            "isAdmin": self.is_admin,
            "showReading": self.show_reading,
        }


class _Expected(NamedTuple):
    """What was found of a project together with the login, good while the transaction lasts."""

    project_id: int
    project: Project | None
    transaction: SessionTransaction | None

    def is_for(self, project_id: int) -> bool:
        """Whether this is what is asked for, and still true."""
        return project_id == self.project_id and self.transaction is db.session().get_transaction()


# Nearly every request asks one of these, so they are put together once.
_ALL_OF_MINE = (
    select(Project, Membership, Installation.history)
    .join(Membership, Membership.project_id == Project.id)
    .join(Installation, Installation.id == ONLY)
    .where(Membership.user_id == bindparam("user"))
)
_ONE_OF_MINE = _ALL_OF_MINE.where(Project.id == bindparam("project"))
_MINE = select(Membership.project_id).where(Membership.user_id == bindparam("user"))
_AROUND = (
    select(User.name, User.username)
    .join(Membership, Membership.user_id == User.id)
    .where(Membership.project_id.in_(_MINE), User.id != bindparam("user"))
    .distinct()
)


def _through_member(query: Select[Project, Membership, str], **given: int) -> list[Project]:
    """Projects through the eyes of a member: each with their membership."""
    rows = db.session.execute(query, given).all()
    for project, membership, history in rows:
        project.membership, project.history = membership, history
    return [project for project, *_ in rows]


def _shown(name: str, field: str = "name") -> str:
    try:
        return names.check_display_name(name)
    except ValueError as error:
        raise Invalid(str(error), field) from None


def _require_no_role(name: str) -> None:
    if names.says_role(name):
        raise Invalid("name_role", "name")
