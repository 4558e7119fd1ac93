"""``try``: shows what would be done with texts, over a store that is thrown away."""

import asyncio
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from cli.config import LoadedConfig, load_config
from cli.context import CliContext, ConfigFile
from cli.output import Trial, plain_console, trial_table, visible
from cli.wiring import open_app
from connectors.replay.samples import lines_of, read_texts
from core.errors import InputError
from core.model.event_text import whole_text
from core.model.events import Event, Page
from core.repositories import Events
from core.runtime.pipeline import Pipeline


def add_try(app: typer.Typer, context: CliContext) -> None:
    """Add ``try``."""
    samples = context.example.config.with_name("try.txt")

    @app.command(name="try")
    def try_(
        file: Annotated[Path, typer.Argument(help="Lines of text, or a feed.")] = samples,
        config: ConfigFile = context.example.config,
    ) -> None:
        """Show what would be done with texts; nothing is stored, nothing is sent."""
        texts = read_texts(lines_of(file), context.clock.now())
        plain_console().print(trial_table(asyncio.run(_try(load_config(config), texts))))


async def _try(loaded: LoadedConfig, texts: Iterable[Event | InputError]) -> list[Trial]:
    with tempfile.TemporaryDirectory() as folder:
        async with open_app(loaded, url=f"sqlite:{folder}/try.db") as app:
            return [
                await try_text(text, events=app.store.events, pipeline=app.pipeline)
                for text in texts
            ]


async def try_text(text: Event | InputError, *, events: Events, pipeline: Pipeline) -> Trial:
    """Run one text through the pipeline; an InputError stands for a line that is invalid."""
    if isinstance(text, InputError):
        return Trial(text="", mention=None, plan=None, dropped=visible(str(text)))
    await events.accept("try", Page(events=(text,)))
    claimed = await events.claim(1)
    outcome = await pipeline.process(claimed[0]) if claimed else None
    if outcome is None:
        reason = "withdrawn: a deletion" if claimed else "duplicate: the same event came before"
        return Trial(text=whole_text(text), mention=None, plan=None, dropped=reason)
    return Trial(
        text=whole_text(text),
        mention=outcome.mention,
        plan=outcome.plan,
        dropped=outcome.dropped or "",
    )
