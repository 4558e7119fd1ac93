"""``serve``, and the example when no command is given."""

import asyncio

import typer
from rich.console import Console

from cli.config import LoadedConfig, load_config
from cli.context import CliContext, ConfigFile, Port
from cli.logs import configure_logs
from cli.output import banner
from cli.server import bind, run_all, web_address
from cli.wiring import build_console, open_app


def add_serve(app: typer.Typer, context: CliContext) -> None:
    """Add ``serve``, and what happens without a command."""

    @app.callback(invoke_without_command=True)
    def start(invocation: typer.Context, port: Port = None) -> None:
        """Listens to what people say about a brand, and answers. Without a command: the example."""
        if invocation.invoked_subcommand is None:
            configure_logs(level="ERROR")
            asyncio.run(serve_until_stopped(load_live_example(context), port, context.terminal))

    @app.command()
    def serve(config: ConfigFile, port: Port = None) -> None:
        """Run every channel, the console and the schedule until Ctrl-C."""
        configure_logs()
        asyncio.run(serve_until_stopped(load_config(config), port, context.terminal))


def load_live_example(context: CliContext) -> LoadedConfig:
    """The example with feeds that begin now."""
    example, now = context.example, context.clock.now()
    data = example.config.parent / "data"
    return load_config(example.config, lambda settings: example.with_live_feed(settings, data, now))


async def serve_until_stopped(loaded: LoadedConfig, port: int | None, terminal: Console) -> None:
    """Serve on ``port``, or on that of the configuration, until a signal or an error."""
    settings, host = loaded.settings, loaded.settings.console.host
    with bind(host, settings.console.port if port is None else port) as listening:
        url = web_address(host, listening)
        async with open_app(loaded) as app:
            await run_all(
                build_console(app),
                listening,
                engine=app.engine,
                jobs=app.jobs,
                workers=[app.alerts.run],
                ready=lambda: banner(terminal, url=url, brand=settings.brands[0].name),
            )
