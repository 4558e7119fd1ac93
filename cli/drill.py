"""``drill``: plays a scenario through the real console, as an exercise that scores the staff."""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console as Terminal

from cli.context import Drilling, House, P, Port, Report, Workshop
from cli.drill_score import DrillBoard, Score
from cli.logs import configure_logs
from cli.output import drill_banner, drill_table
from cli.serve import run_all
from console.factory import build_console
from console.formatting import plain
from console.server import bind
from core.clock import Clock
from core.errors import InputError

LOOK_AGAIN: Final = 0.5
TAIL_SECONDS: Final = 5.0
"""How long the score is shown in the console after all is done."""


def add_drill(app: typer.Typer, workshop: Workshop[P], terminal: Terminal) -> None:
    """Add ``drill``."""

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
        ] = workshop.example,
        speed: Annotated[float, typer.Option(min=0.01, help="How many times as fast.")] = 6.0,
        minutes: Annotated[float, typer.Option(min=0.01, help="When it ends by itself.")] = 15.0,
        receivers: Annotated[
            bool, typer.Option("--receivers", help="Also tell the configured receivers.")
        ] = False,
        port: Port = None,
        report: Report = None,
    ) -> None:
        """Exercise a crisis in the console: nothing real is touched, and staff get a score."""
        if file is None and config != workshop.example:
            raise InputError(
                "The example's crisis is about the example's brand. Name a feed about yours: FILE."
            )
        if file is None and past is not None:
            raise InputError("The example's crisis has its own past. Name a feed, too: FILE.")
        configure_logs(level="ERROR")
        with tempfile.TemporaryDirectory() as folder:
            if file is None:
                past, file = workshop.scenario(Path(folder), speed)
            drilling = Drilling(
                file=file,
                past=past,
                speed=speed,
                url=f"sqlite:{folder}/drill.db",
                receivers=receivers,
            )
            plans = workshop.read(config)
            score = asyncio.run(
                _drill(workshop, plans, drilling, minutes=minutes, port=port, terminal=terminal)
            )
        Terminal().print(drill_table(score))
        if report is not None:
            report.write_text(json.dumps(plain(score), indent=2) + "\n", "utf-8")


async def _drill(
    workshop: Workshop[P],
    plans: P,
    drilling: Drilling,
    *,
    minutes: float,
    port: int | None,
    terminal: Terminal,
) -> Score:
    settings, clock = plans.settings, workshop.clock
    host = settings.console.host
    with bind(host, settings.console.port if port is None else port) as listening:
        url = f"http://{host}:{listening.getsockname()[1]}"
        async with workshop.build_drill(plans, drilling) as house:
            board = DrillBoard(bus=house.bus, clock=clock)
            console = build_console(
                settings,
                store=house.store,
                chat=None,
                connectors=house.connectors,
                engine=house.engine,
                bus=house.bus,
                clock=clock,
                pauses=house.pauses,
                regroups=house.regroups,
                drill=board,
            )
            await run_all(
                console,
                listening,
                engine=house.engine,
                duties=house.duties,
                workers=[house.alerts.run, board.run],
                ready=lambda: drill_banner(terminal, url=url, minutes=minutes),
                lasts=lambda: _lasts(house, board, clock, minutes),
            )
            return board.score()


async def _lasts(house: House, board: DrillBoard, clock: Clock, minutes: float) -> None:
    """Until the time is up, or everything was played and answered."""
    until = clock.monotonic() + minutes * 60
    while clock.monotonic() < until:
        score = board.score()
        is_played = house.feed is not None and house.feed.progress >= 1.0
        is_done = None not in (score.detect, score.acknowledge, score.answer)
        if is_played and is_done:
            break
        await clock.sleep(min(LOOK_AGAIN, until - clock.monotonic()))
    board.ended = True
    await clock.sleep(min(TAIL_SECONDS, minutes * 60))
