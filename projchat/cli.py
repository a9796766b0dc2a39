"""The console command `projchat`. `run` is light; the other commands load the application."""

import importlib
import os
import sys
from typing import NoReturn

import click

from . import serve
from .config import UnsafeConfiguration


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
def main() -> None:
    """Chat that lives on the project page."""


@main.command()
@click.option("--reload", is_flag=True, help="Start again when the code changes.")
@click.pass_context
def run(ctx: click.Context, reload: bool) -> NoReturn:
    """Bring the database up to date and serve, as in production."""
    try:
        state = serve.look()
    except UnsafeConfiguration as error:
        raise click.ClickException(str(error)) from None
    if not state.up_to_date:
        upgrade = main.get_command(ctx, "db")
        ctx.invoke(upgrade.commands["upgrade"])  # type: ignore[union-attr]
    for line in serve.greeting(state):
        click.echo(line)
    sys.stdout.flush()
    if reload:
        os.environ["PROJCHAT_RELOAD"] = "1"
    serve.hand_over()
