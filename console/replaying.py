"""Plays a feed through the engine on the command line, with a progress bar and a report."""

import asyncio
from collections.abc import Callable, Coroutine

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from core.engine import Engine
from core.errors import InputError


async def play(
    engine: Engine,
    *,
    alerts: Callable[[], Coroutine[None, None, None]],
    progress: Callable[[], float],
    ended: Callable[[], int],
    terminal: Console,
) -> None:
    """Run until every event and reply is settled.

    ``alerts`` delivers alerts for ever. ``progress``: the part of the feed that is read, in
    [0, 1]. ``ended``: how many events are processed.
    Raises InputError where the feed could not be read to its end; what came before is settled.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[ended]} events"),
        TimeElapsedColumn(),
    )
    parts = {asyncio.create_task(engine.run()), asyncio.create_task(alerts())}
    settled = asyncio.create_task(engine.settled())
    try:
        with Progress(*columns, console=terminal) as bar:
            shown = bar.add_task("replay", total=1.0, ended=0)
            while not settled.done():
                await asyncio.wait(
                    {settled, *parts}, timeout=0.1, return_when=asyncio.FIRST_COMPLETED
                )
                bar.update(shown, completed=progress(), ended=ended())
                for part in parts:
                    if part.done():
                        part.result()
            bar.update(shown, completed=progress(), ended=ended())
    finally:
        for part in (*parts, settled):
            part.cancel()
        await asyncio.gather(*parts, settled, return_exceptions=True)
    for health in engine.health():
        if health.status == "refused":
            raise InputError(health.reason)
