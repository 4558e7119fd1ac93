"""``score`` and ``voice``: commands that need only the listeners."""

import sys
from pathlib import Path

import typer

from cli.context import CliContext, ConfigFile
from cli.settings_file import load_settings
from listeners.factory import Understanding, build_understanding
from listeners.reports import score_lines, share_of_voice_lines


def add_understanding(app: typer.Typer, context: CliContext) -> None:
    """Add ``score`` and ``voice``."""
    example = context.example.config

    @app.command()
    def score(config: ConfigFile = example) -> None:
        """Judge JSON Lines {"id", "text"} from standard input, one line each, in order."""
        status = score_lines(
            sys.stdin.buffer, _understanding(config), out=sys.stdout, errors=sys.stderr
        )
        raise typer.Exit(status)

    @app.command()
    def voice(config: ConfigFile = example) -> None:
        """Share of voice and sentiment of each brand in JSON Lines {"id", "text"} from stdin."""
        status = share_of_voice_lines(
            sys.stdin.buffer, _understanding(config), out=sys.stdout, errors=sys.stderr
        )
        raise typer.Exit(status)


def _understanding(config: Path) -> Understanding:
    return build_understanding(load_settings(config), config.resolve().parent)
