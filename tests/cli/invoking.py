"""The command line of ``run.py``, to be invoked in this process."""

import typer
from rich.console import Console

import run
from cli.main import command_line


def commands() -> typer.Typer:
    """Every command, with the supermarket example."""
    return command_line(run.EXAMPLE, Console(stderr=True))
