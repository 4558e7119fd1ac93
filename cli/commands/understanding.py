"""``score``, ``voice`` and ``adapt``: commands that need only the listeners."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.config import load_config
from cli.context import CliContext, ConfigFile
from cli.wiring import run_with_store
from core.model.mentions import CorrectedMention
from core.settings import Settings
from listeners.factory import Understanding, build_understanding
from listeners.learning.adapt import adapt_and_report, output_path
from listeners.learning.labels import Label, labels_from_corrections, labels_from_file
from listeners.reports import score_lines, share_of_voice_lines

CLOSED_TYPES: Final = frozenset({"x"})
"""Connector types whose platform forbids that models learn from its texts."""


def add_understanding(app: typer.Typer, context: CliContext) -> None:
    """Add ``score``, ``voice`` and ``adapt``."""
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

    @app.command()
    def adapt(
        config: ConfigFile = example,
        out: Annotated[
            Path | None, typer.Option(help="Where to write; beside the configuration by default.")
        ] = None,
        labels: Annotated[
            Path | None,
            typer.Option(
                help="JSON Lines with text, sentiment, complaint, category instead of the store."
            ),
        ] = None,
    ) -> None:
        """Learn from what staff corrected in the console, if that proves a step forward."""
        settings = load_config(config).settings
        if labels is not None:
            known = labels_from_file(labels)
        else:
            corrections = run_with_store(
                config, lambda store: store.corrections.recent(), clock=context.clock
            )
            known = _learnable(corrections, settings)
        path = output_path(settings, config.resolve().parent, out)
        raise typer.Exit(adapt_and_report(known, path, out=sys.stdout))


def _learnable(corrections: Sequence[CorrectedMention], settings: Settings) -> list[Label]:
    """Labels of the texts that may be learned from; prints how many may not."""
    closed = {one.name for one in settings.channels if one.type in CLOSED_TYPES}
    known = labels_from_corrections(corrections, closed=closed)
    if left_out := len(corrections) - len(known):
        sys.stdout.write(
            f"Left out: {left_out} corrections of texts whose platform forbids training (X).\n"
        )
    return known


def _understanding(config: Path) -> Understanding:
    loaded = load_config(config)
    return build_understanding(loaded.settings, loaded.folder)
