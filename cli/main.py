"""The command line: every command, and the translation of errors into exit statuses."""

import sys
from collections.abc import Callable
from typing import Final

import typer
from rich.console import Console

from cli.commands.backtest import add_backtests
from cli.commands.check import add_check
from cli.commands.drill import add_drill
from cli.commands.replay import add_replay
from cli.commands.serve import add_serve
from cli.commands.store import add_backup, add_customers, add_maintenance
from cli.commands.try_texts import add_try
from cli.commands.understanding import add_understanding
from cli.context import CliContext, Example
from cli.output import plain_console, problem_table, visible
from core.clock import SystemClock
from core.errors import ConfigError, TingfengError

COMMANDS: Final[tuple[Callable[[typer.Typer, CliContext], None], ...]] = (
    add_drill,
    add_serve,
    add_check,
    add_try,
    add_replay,
    add_understanding,
    add_backtests,
    add_backup,
    add_customers,
    add_maintenance,
)
"""Each adds its commands; ``--help`` lists them in this order."""


def command_line(example: Example, terminal: Console) -> typer.Typer:
    """Build the command line; messages for people go to ``terminal``."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    context = CliContext(terminal=terminal, clock=SystemClock(), example=example)
    for add in COMMANDS:
        add(app, context)
    return app


def main(example: Example) -> None:
    """Run the command line on ``sys.argv``.

    Exits with 2 for mistakes in the configuration or the arguments, with 1 for other errors that
    an operator can correct; both are printed without a traceback.
    """
    terminal = plain_console(stderr=True)
    try:
        command_line(example, terminal)()
    except ConfigError as error:
        terminal.print(problem_table(error.problems))
        sys.exit(2)
    except (TingfengError, OSError) as error:
        terminal.print(visible(str(error)))
        sys.exit(1)
