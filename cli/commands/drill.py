"""``drill``: plays a crisis through the real console, and scores how staff deal with it."""

import asyncio
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from cli.config import LoadedConfig, load_config
from cli.context import CliContext, Port, Report
from cli.logs import configure_logs
from cli.output import drill_banner, drill_table
from cli.server import bind, run_all, web_address
from cli.terminal import plain_console
from cli.wiring import App, build_console, open_app
from connectors.replay.settings import read_feed
from console.drill import DrillScore, DrillScoreboard
from console.json_encoding import to_json
from core.errors import InputError
from responders.alerting.receivers.registry import without_receivers

POLL_SECONDS: Final = 0.5
TAIL_SECONDS: Final = 5.0
"""Seconds for which the console shows the final score."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """The feeds of an exercise."""

    file: Path
    past: Path | None
    """A feed of the days before, from which the usual volume is learned."""
    speed: float
    """As a multiple of real time."""
    url: str
    """The store of the exercise."""


def add_drill(app: typer.Typer, context: CliContext) -> None:
    """Add ``drill``."""
    example = context.example

    @app.command()
    def drill(  # noqa: PLR0917 - each is an option of the command line
        file: Annotated[
            Path | None, typer.Argument(help="A feed; the example's crisis without one.")
        ] = None,
        past: Annotated[
            Path | None,
            typer.Option("--past", help="A feed of the days before FILE: what is usual."),
        ] = None,
        config: Annotated[
            Path, typer.Option("--config", help="The configuration (TOML).")
        ] = example.config,
        speed: Annotated[float, typer.Option(min=0.01, help="How many times as fast.")] = 6.0,
        minutes: Annotated[float, typer.Option(min=0.01, help="When it ends by itself.")] = 15.0,
        receivers: Annotated[
            bool, typer.Option("--receivers", help="Also tell the configured receivers.")
        ] = False,
        port: Port = None,
        report: Report = None,
    ) -> None:
        """Exercise a crisis in the console: nothing real is touched, and staff get a score."""
        if file is None and config != example.config:
            raise InputError(
                "The example's crisis is about the example's brand. Name a feed about yours: FILE."
            )
        if file is None and past is not None:
            raise InputError("The example's crisis has its own past. Name a feed, too: FILE.")
        configure_logs(level="ERROR")
        with tempfile.TemporaryDirectory() as folder:
            if file is None:
                past, file = example.write_drill(Path(folder), context.clock.now(), speed)
            scenario = Scenario(file=file, past=past, speed=speed, url=f"sqlite:{folder}/drill.db")
            loaded = load_config(config)
            if not receivers:
                loaded = replace(loaded, settings=without_receivers(loaded.settings))
            score = asyncio.run(
                _drill(loaded, scenario, minutes=minutes, port=port, terminal=context.terminal)
            )
        plain_console().print(drill_table(score))
        if report is not None:
            report.write_text(json.dumps(to_json(score), indent=2) + "\n", "utf-8")


async def _drill(
    loaded: LoadedConfig,
    scenario: Scenario,
    *,
    minutes: float,
    port: int | None,
    terminal: Console,
) -> DrillScore:
    settings, host = loaded.settings, loaded.settings.console.host
    feed = read_feed(scenario.file, str(scenario.speed), None)
    with bind(host, settings.console.port if port is None else port) as listening:
        url = web_address(host, listening)
        async with open_app(
            loaded, url=scenario.url, feed=feed, past=scenario.past, drill=True
        ) as app:
            board = DrillScoreboard(bus=app.bus, clock=app.clock)
            await run_all(
                build_console(app, drill=board),
                listening,
                engine=app.engine,
                jobs=app.jobs,
                workers=[app.alerts.run, board.run],
                ready=lambda: drill_banner(terminal, url=url, minutes=minutes),
                until=lambda: _finished(app, board, minutes),
            )
            return board.score()


async def _finished(app: App, board: DrillScoreboard, minutes: float) -> None:
    """Return after ``minutes``, or once everything was played and answered."""
    clock = app.clock
    until = clock.monotonic() + minutes * 60
    while clock.monotonic() < until:
        score = board.score()
        is_played = app.feed is not None and app.feed.progress >= 1.0
        is_scored = None not in (score.detect, score.acknowledge, score.answer)
        if is_played and is_scored:
            break
        await clock.sleep(min(POLL_SECONDS, until - clock.monotonic()))
    board.ended = True
    await clock.sleep(min(TAIL_SECONDS, minutes * 60))
