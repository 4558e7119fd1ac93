"""Plays a feed through the engine on the command line, with a progress bar and a report."""

import asyncio
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from core.engine import Engine
from core.errors import InputError
from core.report import Stopwatch
from core.repositories import Events


class Feed(Protocol):
    """What is played."""

    @property
    def progress(self) -> float:
        """The part of the feed that is read, in [0, 1]."""
        ...


class AlertWork(Protocol):
    """Carries alerts to their receivers."""

    @property
    def raised(self) -> int: ...

    async def run(self) -> None: ...


async def play(
    engine: Engine,
    feed: Feed,
    *,
    watch: Stopwatch,
    events: Events,
    alerts: AlertWork,
    terminal: Console,
) -> dict[str, object]:
    """Run until every event and reply is settled; returns the report of ``watch``.

    Raises InputError where the feed could not be read to its end; what came before is settled.
    """
    before = await events.counts()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[ended]} events"),
        TimeElapsedColumn(),
    )
    parts = {asyncio.create_task(engine.run()), asyncio.create_task(alerts.run())}
    settled = asyncio.create_task(engine.settled())
    try:
        with Progress(*columns, console=terminal) as bar:
            shown = bar.add_task("replay", total=1.0, ended=0)
            while not settled.done():
                await asyncio.wait(
                    {settled, *parts}, timeout=0.1, return_when=asyncio.FIRST_COMPLETED
                )
                bar.update(shown, completed=feed.progress, ended=len(watch.seconds))
                for part in parts:
                    if part.done():
                        part.result()
            bar.update(shown, completed=feed.progress, ended=len(watch.seconds))
    finally:
        for part in (*parts, settled):
            part.cancel()
        await asyncio.gather(*parts, settled, return_exceptions=True)
    for health in engine.health():
        if health.status == "refused":
            raise InputError(health.reason)
    return watch.report(before, await events.counts(), alerts.raised)
