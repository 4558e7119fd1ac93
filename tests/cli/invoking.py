"""The command line of ``run.py``, to be invoked in this process."""

import typer

import run
from cli.main import command_line
from cli.terminal import plain_console


def commands() -> typer.Typer:
    """Every command, with the supermarket example."""
    return command_line(run.EXAMPLE, plain_console(stderr=True))
