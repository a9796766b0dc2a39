"""The commands that look after people, projects and the database."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from flask import Flask
from flask_migrate import upgrade

from . import create_app
from .auth import hash_password
from .config import UnsafeConfiguration
from .demo import populate
from .extensions import db
from .models import Invite, Login, Project, Refusal, User


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


def _app() -> Flask:
    try:
        return create_app()
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


@click.group("db")
def database() -> None:
    """The database."""


@database.command("upgrade")
@with_app
def upgrade_database() -> None:
    """Bring the tables up to date."""
    upgrade()


@click.command()
@with_app
def demo() -> None:
    """Fill an empty database with two people and a project with history."""
    upgrade()
    if User.anybody():
        raise click.ClickException("The database is in use; the demo wants an empty one.")
    for line in populate():
        click.echo(line)


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


COMMANDS = {command.name: command for command in (user, project, database, demo)}
