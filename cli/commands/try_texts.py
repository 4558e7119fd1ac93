"""``try``: shows what would be done with texts, over a store that is thrown away.

Texts are plain lines, each a private message, or lines of a feed.
"""

import asyncio
import gzip
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.config import LoadedConfig, load_config
from cli.context import CliContext, ConfigFile
from cli.output import Trial, trial_table
from cli.terminal import plain_console, visible
from cli.wiring import open_app
from connectors.replay.events import read_event
from core.errors import InputError
from core.model.event_text import whole_text
from core.model.events import Author, Event, EventKind, Page
from core.repositories import Events
from core.runtime.pipeline import Pipeline

_LONGEST: Final = 1 << 20
"""Bytes of a line that are read at once."""
_GZIP: Final = b"\x1f\x8b"


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


def lines_of(file: Path) -> Iterator[bytes]:
    """The lines of ``file``, gzipped or not; of standard input for ``-``.

    Lines of more than 1 MiB are split. Raises InputError if the file cannot be read.
    """
    try:
        if str(file) == "-":
            yield from iter(lambda: sys.stdin.buffer.readline(_LONGEST), b"")
            return
        with file.open("rb") as plain:
            packed = plain.read(2) == _GZIP
            plain.seek(0)
            with gzip.open(plain) if packed else plain as opened:
                yield from iter(lambda: opened.readline(_LONGEST), b"")
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{file} cannot be read ({error}). Name a file of texts.") from error


def read_texts(lines: Iterable[bytes], now: datetime) -> Iterator[Event | InputError]:
    """Yield one Event per line that is not blank, or the InputError that its parsing raised.

    A line that starts with ``{`` is parsed as docs/reference/event-format.md specifies.
    """
    for number, raw in enumerate(lines, 1):
        line = raw.strip().removeprefix(b"\xef\xbb\xbf")
        if not line:
            continue
        if line.startswith(b"{"):
            try:
                yield read_event(line, number)
            except InputError as error:
                yield error
            continue
        yield Event(
            channel="try",
            id=f"line-{number}",
            kind=EventKind.MESSAGE,
            author=Author(id=f"line-{number}"),
            text=line.decode("utf-8", errors="replace"),
            posted_at=now,
            conversation=f"line-{number}",
            solicited=True,
        )
