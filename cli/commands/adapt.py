"""``adapt``: learns from the corrections of staff."""

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
from listeners.learning.adapt import adapt_and_report, output_path
from listeners.learning.labels import Label, labels_from_corrections, labels_from_file

CLOSED_TYPES: Final = frozenset({"x"})
"""Connector types whose platform forbids that models learn from its texts."""


def add_adapt(app: typer.Typer, context: CliContext) -> None:
    """Add ``adapt``."""
    example = context.example.config

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
