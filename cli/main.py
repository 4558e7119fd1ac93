"""The command line, over a house that the composition root knows how to build."""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console as Terminal

from cli.context import Feeding, P, Port, Report, Workshop
from cli.drill import add_drill
from cli.logs import configure_logs
from cli.output import Trial, banner, report_table, trial_table, visible
from cli.replay import play
from cli.serve import run_all
from cli.try_texts import try_out
from console.app import require_vendor
from console.factory import build_console
from console.server import bind
from core.connector import ChecksCredentials, Connector
from core.errors import ConnectorError, InputError
from core.report import Stopwatch
from listeners.factory import untrained_labels

ConfigFile = Annotated[Path, typer.Option("--config", help="The configuration (TOML).")]
Live = Annotated[bool, typer.Option("--live", help="Try each credential at its platform.")]
_GROUPED: Final = {
    True: "相同的事按词语和语义归并 posts are grouped by their words and by what they mean",
    False: "相同的事只按词语归并 posts are grouped by their words alone "
    "(more: pip install -e '.[semantic]')",
}
Speed = Annotated[str, typer.Option(help="max, or how many times faster than life.")]
Replies = Annotated[Path | None, typer.Option(help="Where to write replies (JSON Lines).")]


def add_commands(app: typer.Typer, workshop: Workshop[P], terminal: Terminal) -> None:
    """Add ``serve``, ``check``, ``try``, ``replay``, ``drill``, and the example without one."""
    add_drill(app, workshop, terminal)
    samples = workshop.example.with_name("try.txt")

    @app.callback(invoke_without_command=True)
    def start(context: typer.Context, port: Port = None) -> None:
        """Listens to what people say about a brand, and answers. Without a command: the example."""
        if context.invoked_subcommand is None:
            configure_logs(level="ERROR")
            asyncio.run(_serve(workshop, workshop.read_today(), port, terminal))

    @app.command()
    def serve(config: ConfigFile, port: Port = None) -> None:
        """Run every channel, the console and the schedule until Ctrl-C."""
        configure_logs()
        asyncio.run(_serve(workshop, workshop.read(config), port, terminal))

    @app.command()
    def check(config: ConfigFile, live: Live = False) -> None:
        """Find every mistake in the configuration and in what it names; what passes, serve runs."""
        sound = asyncio.run(_check(workshop, workshop.read(config), terminal, live=live))
        if not sound:
            raise typer.Exit(1)
        for label in untrained_labels():
            terminal.print(f"{label}: 未训练，不会自动判定 untrained, never predicted")
        terminal.print(f"{config}: 没有发现错误 no mistake found")

    @app.command(name="try")
    def try_(
        file: Annotated[Path, typer.Argument(help="Lines of text, or a feed.")] = samples,
        config: ConfigFile = workshop.example,
    ) -> None:
        """Show what would be done with texts; nothing is stored, nothing is sent."""
        trials = asyncio.run(_try(workshop, workshop.read(config), file))
        Terminal().print(trial_table(trials))

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
        watch = Stopwatch(workshop.clock)
        feeding = Feeding(file=file, speed=speed, replies=replies, watch=watch)
        found = asyncio.run(_replay(workshop, workshop.read(config), feeding, terminal))
        Terminal().print(report_table(found))
        if report is not None:
            report.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", "utf-8")


async def _serve(workshop: Workshop[P], plans: P, port: int | None, terminal: Terminal) -> None:
    settings, host = plans.settings, plans.settings.console.host
    with bind(host, settings.console.port if port is None else port) as listening:
        url = f"http://{host}:{listening.getsockname()[1]}"
        async with workshop.build(plans) as house:
            console = build_console(
                settings,
                store=house.store,
                chat=house.chat,
                connectors=house.connectors,
                engine=house.engine,
                bus=house.bus,
                clock=workshop.clock,
                pauses=house.pauses,
                regroups=house.regroups,
            )
            await run_all(
                console,
                listening,
                engine=house.engine,
                duties=house.duties,
                workers=[house.alerts.run],
                ready=lambda: banner(terminal, url=url, brand=settings.brands[0].name),
            )


async def _check(workshop: Workshop[P], plans: P, terminal: Terminal, *, live: bool) -> bool:
    """Build everything; with ``live`` try each credential. False where one does not work."""
    sound = True
    with bind(plans.settings.console.host, plans.settings.console.port):
        async with workshop.build(plans) as house:
            require_vendor()
            if house.regroups is not None:
                terminal.print(_GROUPED[house.regroups.by_meaning])
            for connector in house.connectors if live else ():
                sound &= await _try_credential(connector, terminal)
    return sound


async def _try_credential(connector: Connector, terminal: Terminal) -> bool:
    if not isinstance(connector, ChecksCredentials):
        terminal.print(f"{connector.name}: 无需凭证 needs no credential", markup=False)
        return True
    try:
        facts = await connector.check()
    except ConnectorError as error:
        terminal.print(f"{connector.name}: {visible(str(error))}", markup=False)
        return False
    finally:
        await connector.close()
    for fact in facts:
        terminal.print(f"{connector.name}: {visible(fact)}", markup=False)
    return True


async def _try(workshop: Workshop[P], plans: P, file: Path) -> list[Trial]:
    with tempfile.TemporaryDirectory() as folder:
        async with workshop.build_apart(plans, f"sqlite:{folder}/try.db") as house:
            return await try_out(
                workshop.texts(file), events=house.store.events, pipeline=house.pipeline
            )


async def _replay(
    workshop: Workshop[P], plans: P, feeding: Feeding, terminal: Terminal
) -> dict[str, object]:
    async with workshop.build_replay(plans, feeding) as house:
        if house.feed is None:
            raise InputError("There is no feed to play. Name a file.")
        return await play(
            house.engine,
            house.feed,
            watch=feeding.watch,
            events=house.store.events,
            alerts=house.alerts,
            terminal=terminal,
        )
