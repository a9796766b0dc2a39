"""The commands that look after people, projects and the database."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask_babel import force_locale
from flask_migrate import downgrade, upgrade
from sqlalchemy.exc import DBAPIError

from . import create_app, preflight
from .auth import hash_password
from .config import UnsafeConfiguration, database_url, from_environment, revisions
from .copying import Refused, copying
from .demo import populate
from .errors import words
from .extensions import db
from .i18n import server_locale
from .models import Invite, Login, Project, Refusal, User
from .models.renewal import OutOfIds, renew_history
from .uploads import count_anew, sweep, sweep_strays


def with_app(command: Callable[..., Any]) -> Callable[..., Any]:
    """Run a command in the application's context; what it refuses becomes one plain line."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with _app().app_context(), _in_one_line():
            return command(*args, **kwargs)

    return wrapped


def with_tables(command: Callable[..., Any]) -> Callable[..., Any]:
    """Run a command on a database that is up to date."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if not _look().up_to_date:
            raise click.ClickException(
                "The tables are not up to date: start `projchat db upgrade` first."
            )
        return with_app(command)(*args, **kwargs)

    return wrapped


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Say in the language of the console what was refused, and why a database did not do it."""
    try:
        yield
    except Refusal as refusal:
        with force_locale(server_locale()):
            raise click.ClickException(words(refusal.code)) from None
    except DBAPIError as error:
        raise click.ClickException(
            f"The database did not do it: {preflight.reason_of(error)}."
        ) from None


def _look() -> preflight.State:
    try:
        return preflight.look()
    except UnsafeConfiguration as error:
        raise click.ClickException(str(error)) from None


def _app(overrides: Mapping[str, Any] | None = None) -> Flask:
    try:
        return create_app(overrides)
    except UnsafeConfiguration as error:
        raise click.ClickException(str(error)) from None


@click.group()
def user() -> None:
    """Accounts."""


@user.command("create")
@click.argument("username")
@click.option("--name", help="The name that others see.")
@click.option("--admin", is_flag=True, help="An administrator.")
@with_tables
def create_user(username: str, name: str | None, admin: bool) -> None:
    """Make an account; the password is read from standard input."""
    person = User.register(
        username, hash_password(_password(), username, name or ""), name, is_admin=admin
    )
    db.session.commit()
    click.echo(person.id)


@user.command("disable")
@click.argument("username")
@click.option("--force", is_flag=True, help="Disable the only administrator too.")
@with_tables
def disable_user(username: str, force: bool) -> None:
    """Disable an account and end its logins; open pages are out within 15 seconds."""
    person = _user(username)
    if person.is_only_admin() and not force:
        raise click.ClickException(
            f"{person.username} is the only administrator; say --force if nobody is to be one."
        )
    person.active = False
    _end_logins(person)
    db.session.commit()


@user.command("enable")
@click.argument("username")
@with_tables
def enable_user(username: str) -> None:
    """Let a disabled account log in again."""
    _user(username).active = True
    db.session.commit()


@user.command("set-password")
@click.argument("username")
@with_tables
def set_password(username: str) -> None:
    """Set a password, read from standard input, and end all logins."""
    person = _user(username)
    password_hash = hash_password(_password(), person.username, person.name)
    person.password_hash = password_hash
    _end_logins(person)
    db.session.commit()


@click.group()
def project() -> None:
    """Projects."""


@project.command("create")
@click.argument("name")
@click.option("--owner", required=True, help="The username of the owner.")
@click.option("--member", multiple=True, help="The username of a member; can be repeated.")
@with_tables
def create_project(name: str, owner: str, member: tuple[str, ...]) -> None:
    """Make a project and print its id."""
    made, _ = Project.found(_user(owner), name)
    for username in member:
        made.admit(_user(username))
    db.session.commit()
    click.echo(made.id)


@project.command("invite")
@click.argument("project_id", type=int)
@click.option("--days", default=7, type=click.IntRange(1, 90), help="Days until it expires.")
@with_tables
def invite(project_id: int, days: int) -> None:
    """Print a new invite link into a project, in the name of its owner."""
    found = db.session.get(Project, project_id)
    if found is None:
        raise click.ClickException(f"There is no project {project_id}.")
    owner = next(member.user for member in found.members() if member.owns)
    if not owner.active:
        raise click.ClickException(
            f"The owner of the project, {owner.username}, is disabled, and nobody invites for them."
        )
    made = Invite.issue(found, owner, days)
    db.session.commit()
    # Without PROJCHAT_ORIGINS nobody knows where people will open it.
    site = next(iter(current_app.config["ORIGINS"]), "")
    click.echo(f"{site}/invite/{made.token}")


@click.group()
def uploads() -> None:
    """The files that people send."""


@uploads.command("clean")
@with_tables
def clean_uploads() -> None:
    """Delete files that were never sent, and bytes that belong to no file; count what is left."""
    click.echo(sweep() + sweep_strays())
    count_anew()


@click.group("db")
def database() -> None:
    """The database."""


@database.command("upgrade")
@with_app
def upgrade_database() -> None:
    """Bring the tables up to date."""
    _look()
    upgrade()


@database.command("downgrade")
@click.argument("revision")
@with_app
def downgrade_database(revision: str) -> None:
    """Take the tables back to an earlier REVISION, for an earlier version of the code.

    Stop the server first, and do this with the later version, which knows the way.
    """
    if revision not in revisions():
        known = ", ".join(revisions())
        raise click.ClickException(f"There is no revision {revision}; there are {known}.")
    downgrade(revision=revision)


@click.group()
def data() -> None:
    """Everything that has been written."""


@data.command("copy")
@click.option("--from", "source", help="sqlite:///…; the one in the instance folder by default.")
@click.option("--to", "target", help="postgresql://…; DATABASE_URL by default.")
def copy_data(source: str | None, target: str | None) -> None:
    """Copy everything from SQLite to PostgreSQL. Stop the server first.

    Started again after it was ended, it goes on where it was.
    """
    target = target or os.environ.get("DATABASE_URL") or ""
    try:
        _copy_data(*_addresses(source, target))
    except Refused as refused:
        raise click.ClickException(str(refused)) from None


@data.command("restored")
@with_app
def declare_restored() -> None:
    """Say that the database was put back to an earlier state.

    Whoever holds numbers or ids that were given away since then is told to start afresh, all
    people log in again, and nothing that was given away is given away a second time. May be said
    twice, and while the server runs.
    """
    upgrade()
    try:
        with db.engine.begin() as connection:
            done = renew_history(connection)
    except OutOfIds as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"The history {done.former} has ended, {done.history} begins.")
    click.echo(
        f"Logins ended: {done.logins}. Projects whose readers start afresh: {done.projects}."
    )


@click.command()
@with_app
def demo() -> None:
    """Fill an empty database with two people and a project with history."""
    if current_app.config["PRODUCTION"]:
        raise click.ClickException("The demo's passwords are public: it is not for production.")
    upgrade()
    if User.anybody():
        raise click.ClickException("The database is in use; the demo wants an empty one.")
    for line in populate():
        click.echo(line)


def _addresses(source: str | None, target: str) -> tuple[str, str]:
    """Where from and where to, as SQLAlchemy wants them."""
    try:
        instance: Path = from_environment()["INSTANCE"]
        here, there = database_url(source, instance), database_url(target, instance)
    except UnsafeConfiguration as error:
        raise Refused(str(error)) from None
    if not here.startswith("sqlite:///") or not there.startswith("postgresql"):
        raise Refused("The copy goes from sqlite:///… to postgresql://… (--to or DATABASE_URL).")
    if not Path(here.removeprefix("sqlite:///")).is_file():
        raise Refused(f"There is no database at {here}.")
    return here, there


def _copy_data(source: str, target: str) -> None:
    with copying(source, target) as copy:
        if copy.target_is_bare():
            with _app({"SQLALCHEMY_DATABASE_URI": target}).app_context():
                upgrade()
        there = copy.begin()
        with _bar("Copying", copy.total) as bar:
            bar.update(there)
            for count in copy.copied():
                bar.update(count)
        with _bar("Comparing", 2 * copy.total) as bar:
            for count in copy.compared():
                bar.update(count)
        copy.finish()
    click.echo(f"{copy.total} rows are there, the same as here. Start the server with")
    click.echo("DATABASE_URL set to the new database; the old file is as it was.")


def _bar(label: str, length: int) -> Any:
    return click.progressbar(length=length, label=label, show_pos=True)


def _password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _user(username: str) -> User:
    person = User.named(username)
    if person is None:
        raise click.ClickException(f"There is no user {username!r}.")
    return person


def _end_logins(person: User) -> None:
    for login in Login.of(person):
        db.session.delete(login)


COMMANDS = {command.name: command for command in (user, project, uploads, database, data, demo)}
