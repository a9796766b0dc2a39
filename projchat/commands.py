"""The commands that look after people, projects and the database."""

import os
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask_migrate import upgrade

from . import create_app
from .auth import hash_password
from .config import UnsafeConfiguration, database_url, from_environment
from .copying import Refused, copying
from .demo import populate
from .extensions import db
from .models import Invite, Login, Project, Refusal, User
from .uploads import sweep, sweep_strays


def with_app(command: Callable[..., Any]) -> Callable[..., Any]:
    """Run a command in the application's context; a refusal becomes one plain line."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with _app().app_context():
            try:
                return command(*args, **kwargs)
            except Refusal as refusal:
                raise click.ClickException(refusal.code) from None

    return wrapped


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
@with_app
def create_user(username: str, name: str | None, admin: bool) -> None:
    """Make an account; the password is read from standard input."""
    person = User.register(username, hash_password(_password()), name, is_admin=admin)
    db.session.commit()
    click.echo(person.id)


@user.command("disable")
@click.argument("username")
@with_app
def disable_user(username: str) -> None:
    """Disable an account and end its logins; open pages are out within 15 seconds."""
    person = _user(username)
    person.active = False
    _end_logins(person)
    db.session.commit()


@user.command("enable")
@click.argument("username")
@with_app
def enable_user(username: str) -> None:
    """Let a disabled account log in again."""
    _user(username).active = True
    db.session.commit()


@user.command("set-password")
@click.argument("username")
@with_app
def set_password(username: str) -> None:
    """Set a password, read from standard input, and end all logins."""
    password_hash = hash_password(_password())
    person = _user(username)
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
@with_app
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
@with_app
def invite(project_id: int, days: int) -> None:
    """Print the path of a new invite link into a project, in the name of its owner."""
    found = db.session.get(Project, project_id)
    if found is None:
        raise click.ClickException(f"There is no project {project_id}.")
    owner = next(member.user for member in found.members() if member.owns)
    made = Invite.issue(found, owner, days)
    db.session.commit()
    click.echo(f"/invite/{made.token}")


@click.group()
def uploads() -> None:
    """The files that people send."""


@uploads.command("clean")
@with_app
def clean_uploads() -> None:
    """Delete files that were never sent, and bytes that belong to no file."""
    click.echo(sweep() + sweep_strays())


@click.group("db")
def database() -> None:
    """The database."""


@database.command("upgrade")
@with_app
def upgrade_database() -> None:
    """Bring the tables up to date."""
    upgrade()


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


@click.command()
@with_app
def demo() -> None:
    """Fill an empty database with two people and a project with history."""
    upgrade()
    if User.anybody():
        raise click.ClickException("The database is in use; the demo wants an empty one.")
    for line in populate():
        click.echo(line)


def _addresses(source: str | None, target: str) -> tuple[str, str]:
    """Where from and where to, as SQLAlchemy wants them."""
    try:
        instance: Path = from_environment()["INSTANCE"]
    except UnsafeConfiguration as error:
        raise Refused(str(error)) from None
    here, there = database_url(source, instance), database_url(target, instance)
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
