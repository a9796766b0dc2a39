"""The console command `projchat`. `run` is light; the other commands load the application."""

import importlib
import os
import sys
from collections.abc import Iterable
from typing import NoReturn

import click

from . import preflight, serve
from .config import UnsafeConfiguration
from .logs import speak_utf8


class LazyGroup(click.Group):
    """Loads `projchat.commands` only when one of its commands is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, for the help."""
        return sorted([*super().list_commands(ctx), *self._others()])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by its name."""
        return super().get_command(ctx, cmd_name) or self._others().get(cmd_name)

    def _others(self) -> dict[str, click.Command]:
        commands: dict[str, click.Command] = importlib.import_module("projchat.commands").COMMANDS
        return commands


@click.group(cls=LazyGroup)
@click.version_option(package_name="projchat")
def main() -> None:
    """Chat that lives on the project page."""


@main.command()
@click.option("--reload", is_flag=True, help="Start again when the code changes.")
@click.pass_context
def run(ctx: click.Context, reload: bool) -> NoReturn:
    """Bring the database up to date and serve, as in production."""
    if reload:
        os.environ["PROJCHAT_RELOAD"] = "1"
    state = _look(for_start=True)
    if not state.up_to_date:
        upgrade = main.get_command(ctx, "db")
        ctx.invoke(upgrade.commands["upgrade"])  # type: ignore[union-attr]
    _say(serve.greeting(state))
    serve.hand_over()


@main.command()
def check() -> None:
    """Say which settings are in force and what is wrong with them, and start nothing."""
    _say(serve.in_force(_look()))


def _look(for_start: bool = False) -> preflight.State:
    """Look at all that a start needs, or end with the sentence that says what is wrong."""
    try:
        state = preflight.look()
        if for_start:
            preflight.refuse_taken_port(state.settings["HOST"], state.settings["PORT"])
    except UnsafeConfiguration as error:
        raise click.ClickException(str(error)) from None
    return state


def _say(lines: Iterable[str]) -> None:
    speak_utf8(sys.stdout)
    for line in lines:
        click.echo(line)
    sys.stdout.flush()
