"""The command line: every command, and the translation of errors into exit statuses.

A command's module is imported when the command is called, so that a short one does not wait for
the web server and the platforms that another one needs.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Final, cast

import typer
from rich.console import Console

from cli.context import CliContext, Example
from cli.terminal import plain_console, visible
from core.clock import SystemClock
from core.errors import ConfigError, TingfengError


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandModule:
    """A module in ``cli.commands``."""

    module: str
    adder: str
    """Its function that adds commands to a command line."""
    names: tuple[str, ...]
    """The commands that it adds."""

    def add(self, app: typer.Typer, context: CliContext) -> None:
        """Import the module and add its commands."""
        module = import_module(f"cli.commands.{self.module}")
        cast("Callable[[typer.Typer, CliContext], None]", getattr(module, self.adder))(app, context)


COMMANDS: Final = (
    CommandModule(module="drill", adder="add_drill", names=("drill",)),
    CommandModule(module="serve", adder="add_serve", names=("serve",)),
    CommandModule(module="check", adder="add_check", names=("check",)),
    CommandModule(module="try_texts", adder="add_try", names=("try",)),
    CommandModule(module="replay", adder="add_replay", names=("replay",)),
    CommandModule(module="understanding", adder="add_understanding", names=("score", "voice")),
    CommandModule(module="adapt", adder="add_adapt", names=("adapt",)),
    CommandModule(module="backtest", adder="add_backtests", names=("backtest",)),
    CommandModule(module="store", adder="add_backup", names=("backup", "restore", "migrate")),
    CommandModule(module="store", adder="add_customers", names=("export", "erase")),
    CommandModule(module="store", adder="add_maintenance", names=("doctor", "rotate")),
)
"""``--help`` lists the commands in this order."""


def command_line(example: Example, terminal: Console, arguments: Sequence[str] = ()) -> typer.Typer:
    """Build the command line; messages for people go to ``terminal``.

    ``arguments``: those of the process. Where they begin with the name of a command, the modules of
    the others are left out.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    context = CliContext(terminal=terminal, clock=SystemClock(), example=example)
    called = [one for one in COMMANDS if arguments and arguments[0] in one.names]
    if called:
        # Without a callback, typer takes a lone command for the whole command line.
        app.callback()(_no_options)
    for one in called or COMMANDS:
        one.add(app, context)
    return app


def _no_options() -> None:
    """Options stand behind the name of the command."""


def main(example: Example) -> None:
    """Run the command line on ``sys.argv``.

    Exits with 2 for mistakes in the configuration or the arguments, with 1 for other errors that
    an operator can correct; both are printed without a traceback.
    """
    terminal = plain_console(stderr=True)
    try:
        command_line(example, terminal, sys.argv[1:])()
    except ConfigError as error:
        # What it says of mistakes needs the catalogue, which takes longer than a command.
        from cli.output import problem_table  # noqa: PLC0415

        terminal.print(problem_table(error.problems))
        sys.exit(2)
    except (TingfengError, OSError) as error:
        terminal.print(visible(str(error)))
        sys.exit(1)
