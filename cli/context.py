"""The objects and options that commands share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from core.clock import Clock
from core.settings import Settings

ConfigFile = Annotated[Path, typer.Option("--config", help="The configuration (TOML).")]
Port = Annotated[int | None, typer.Option(help="Instead of console.port; 0 takes a free one.")]
Report = Annotated[Path | None, typer.Option(help="Where to write the report (JSON).")]
By = Annotated[str, typer.Option(help="Who does it, for the audit log.")]
Customer = Annotated[str, typer.Option("--customer", help="Id of the author on their channel.")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """The brand that commands use where no configuration is given."""

    config: Path
    """Its configuration; ``try.txt`` beside it holds texts to try."""
    with_live_feed: Callable[[Settings, Path, datetime], Settings]
    """Writes feeds that begin at a time into a folder, and returns settings that play them."""
    write_drill: Callable[[Path, datetime, float], tuple[Path, Path]]
    """Writes a crisis that begins at a time, for a replay speed, into a folder.

    Returns the feed of the days before it, and the feed of the crisis.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class CliContext:
    """Passed to every command."""

    terminal: Console
    """Standard error; results go to standard output."""
    clock: Clock
    example: Example
