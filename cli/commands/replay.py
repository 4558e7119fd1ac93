"""``replay``: plays a feed to its end, with a progress bar, and reports what became of it.

It is a rehearsal: the feed gets a store of its own, and no receiver of alerts is notified.
"""

import asyncio
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cli.config import LoadedConfig, load_config
from cli.context import CliContext, ConfigFile, Report
from cli.logs import configure_logs
from cli.output import bilingual, report_table
from cli.terminal import plain_console
from cli.wiring import App, open_app
from connectors.replay.settings import ReplaySettings, read_feed
from core.clock import Clock
from core.errors import InputError
from core.model.events import EventCounts, Received
from core.model.outbox import ReplyState
from core.model.outcomes import Outcome
from responders.alerting.receivers.registry import without_receivers
from storage.factory import sqlite_path

Speed = Annotated[str, typer.Option(help="max, or how many times faster than life.")]
Replies = Annotated[Path | None, typer.Option(help="Where to write replies (JSON Lines).")]
Into = Annotated[
    Path | None,
    typer.Option(help="Keep the rehearsal's store in this SQLite file; played again, it goes on."),
]
Live = Annotated[
    bool,
    typer.Option("--live", help="No rehearsal: into the configured store, notifying receivers."),
]
_REFRESH_SECONDS: Final = 0.1


_SHARES: Final = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))


class Stopwatch:
    """Notes how long each event took from the durable inbox to its recorded end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started = clock.monotonic()
        self._last = self._started
        self.seconds: list[float] = []
        self.tickets: set[str] = set()
        self.replies = 0
        """Replies and drafts that were planned."""

    def ended(self, item: Received, outcome: Outcome) -> None:
        """One event is done or dropped."""
        now: datetime = self._clock.now()
        self._last = self._clock.monotonic()
        self.seconds.append((now - item.received_at).total_seconds())
        if outcome.plan is not None:
            if outcome.plan.ticket is not None:
                self.tickets.add(outcome.plan.ticket.number)
            self.replies += sum(
                reply.state is not ReplyState.DRAFT for reply in outcome.plan.replies
            )

    def report(self, before: EventCounts, after: EventCounts, alerts: int) -> dict[str, object]:
        """Figures of this run; ``events_in`` is the sum of the four that follow it.

        Events that an earlier run left pending come in again.
        """
        took = self._last - self._started
        dropped = {
            reason: count - before.dropped.get(reason, 0)
            for reason, count in sorted(after.dropped.items())
            if count > before.dropped.get(reason, 0)
        }
        return {
            "events_in": after.received - before.received + before.pending,
            "done": after.done - before.done,
            "pending": after.pending,
            "dead_lettered": after.dead - before.dead,
            "dropped": dropped,
            "events_per_second": round(len(self.seconds) / took, 1) if took > 0 else 0.0,
            "latency_ms": latencies(self.seconds),
            "tickets": len(self.tickets),
            "replies": self.replies,
            "alerts": alerts,
        }


def latencies(seconds: Sequence[float]) -> Mapping[str, float | None]:
    """p50, p95 and p99 in milliseconds (nearest rank); ``None`` where nothing was measured."""
    ordered = sorted(seconds)
    if not ordered:
        return {name: None for name, _ in _SHARES}
    return {
        name: round(ordered[math.ceil(share * len(ordered)) - 1] * 1000, 1)
        for name, share in _SHARES
    }


def add_replay(app: typer.Typer, context: CliContext) -> None:
    """Add ``replay``."""

    @app.command()
    def replay(  # noqa: PLR0917 - each is an option of the command line
        file: Annotated[Path, typer.Argument(help="JSON Lines, gzipped or not.")],
        config: ConfigFile,
        speed: Speed = "max",
        report: Report = None,
        replies: Replies = None,
        into: Into = None,
        live: Live = False,
    ) -> None:
        """Play a feed through the configured brand, with replies that go nowhere; then report.

        Nobody is alerted, and the store that serves is not opened, unless --live says so.
        """
        configure_logs(level="ERROR")
        watch = Stopwatch(context.clock)
        loaded, feed = load_config(config), read_feed(file, speed, replies)
        with _stage(loaded, into, live=live) as (staged, url):
            found = asyncio.run(_replay(staged, url, feed, watch, context.terminal))
        context.terminal.print(_where(into, live=live))
        plain_console().print(report_table(found))
        if report is not None:
            report.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", "utf-8")


@contextmanager
def _stage(
    loaded: LoadedConfig, into: Path | None, *, live: bool
) -> Iterator[tuple[LoadedConfig, str]]:
    """The configuration to play with, and the URL of the store to play into.

    Raises InputError for options that contradict each other.
    """
    if live and into is not None:
        raise InputError(bilingual("cli.replay.either"))
    if live:
        yield loaded, loaded.store_url
        return
    rehearsal = replace(loaded, settings=without_receivers(loaded.settings))
    if into is None:
        with TemporaryDirectory(prefix="tingfeng-replay-") as folder:
            yield rehearsal, f"sqlite:{folder}/replay.db"
        return
    serving = sqlite_path(loaded.store_url)
    if serving is not None and serving.resolve() == into.resolve():
        raise InputError(bilingual("cli.replay.serving", store=into))
    yield rehearsal, f"sqlite:{into.resolve()}"


def _where(into: Path | None, *, live: bool) -> str:
    if live:
        return bilingual("cli.replay.live")
    rehearsal = bilingual("cli.replay.rehearsal")
    return rehearsal if into is None else f"{rehearsal} {bilingual('cli.replay.kept', store=into)}"


async def _replay(
    loaded: LoadedConfig, url: str, feed: ReplaySettings, watch: Stopwatch, terminal: Console
) -> dict[str, object]:
    async with open_app(loaded, url=url, feed=feed, ended=watch.ended) as app:
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
