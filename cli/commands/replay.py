"""``replay``: plays a feed to its end, with a progress bar, and reports what became of it."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cli.config import LoadedConfig, load_config
from cli.context import CliContext, ConfigFile, Report
from cli.logs import configure_logs
from cli.output import plain_console, report_table
from cli.wiring import App, open_app
from connectors.replay.settings import ReplaySettings, read_feed
from core.errors import InputError
from core.runtime.report import Stopwatch

Speed = Annotated[str, typer.Option(help="max, or how many times faster than life.")]
Replies = Annotated[Path | None, typer.Option(help="Where to write replies (JSON Lines).")]
_REFRESH_SECONDS: Final = 0.1


def add_replay(app: typer.Typer, context: CliContext) -> None:
    """Add ``replay``."""

    @app.command()
    def replay(
        file: Annotated[Path, typer.Argument(help="JSON Lines, gzipped or not.")],
        config: ConfigFile,
        speed: Speed = "max",
        report: Report = None,
        replies: Replies = None,
    ) -> None:
        """Play a feed through the configured brand, with replies that go nowhere; then report."""
        configure_logs(level="ERROR")
        watch = Stopwatch(context.clock)
        loaded, feed = load_config(config), read_feed(file, speed, replies)
        found = asyncio.run(_replay(loaded, feed, watch, context.terminal))
        plain_console().print(report_table(found))
        if report is not None:
            report.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", "utf-8")


async def _replay(
    loaded: LoadedConfig, feed: ReplaySettings, watch: Stopwatch, terminal: Console
) -> dict[str, object]:
    async with open_app(loaded, feed=feed, ended=watch.ended) as app:
        return await play(app, watch=watch, terminal=terminal)


async def play(app: App, *, watch: Stopwatch, terminal: Console) -> dict[str, object]:
    """Run until every event and reply is settled; returns the report of ``watch``.

    Raises InputError where the feed could not be read to its end, after what came before is
    settled, and where ``app`` has no feed. An error of a part ends the replay.
    """
    if app.feed is None:
        raise InputError("There is no feed to play. Name a file.")
    before = await app.store.events.counts()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[ended]} events"),
        TimeElapsedColumn(),
    )
    parts = {asyncio.create_task(app.engine.run()), asyncio.create_task(app.alerts.run())}
    settled = asyncio.create_task(app.engine.settled())
    try:
        with Progress(*columns, console=terminal) as bar:
            task = bar.add_task("replay", total=1.0, ended=0)
            while not settled.done():
                await asyncio.wait(
                    {settled, *parts},
                    timeout=_REFRESH_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                bar.update(task, completed=app.feed.progress, ended=len(watch.seconds))
                for part in parts:
                    if part.done():
                        part.result()
            bar.update(task, completed=app.feed.progress, ended=len(watch.seconds))
    finally:
        for part in (*parts, settled):
            part.cancel()
        await asyncio.gather(*parts, settled, return_exceptions=True)
    for health in app.engine.health():
        if health.status == "refused":
            raise InputError(health.reason)
    return watch.report(before, await app.store.events.counts(), app.alerts.raised)
