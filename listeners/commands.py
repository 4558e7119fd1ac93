"""Commands that need the listeners alone."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from core.config import Settings
from listeners.assembly import build_understanding
from listeners.score import score_lines

ConfigFile = Annotated[Path, typer.Option("--config", help="The configuration (TOML).")]


def add_listening(app: typer.Typer, read: Callable[[Path], Settings], example: Path) -> None:
    """Add ``score``; ``read`` gives the settings of a configuration file."""

    @app.command()
    def score(config: ConfigFile = example) -> None:
        """Judge JSON Lines {"id", "text"} from standard input, one line each, in order."""
        understanding = build_understanding(read(config))
        status = score_lines(sys.stdin.buffer, understanding, out=sys.stdout, errors=sys.stderr)
        raise typer.Exit(status)
