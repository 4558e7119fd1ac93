"""``check``: validates a configuration by building everything that it asks for."""

import asyncio
from typing import Annotated, Final

import typer
from rich.console import Console

from cli.config import LoadedConfig, load_config
from cli.context import CliContext, ConfigFile
from cli.output import bilingual
from cli.server import bind
from cli.terminal import visible
from cli.wiring import open_app
from console.app import require_vendor
from core.connector import ChecksCredentials, Connector
from core.errors import ConnectorError
from listeners.factory import untrained_labels

Live = Annotated[bool, typer.Option("--live", help="Try each credential at its platform.")]
_GROUPING: Final = {True: "cli.check.grouped_by_meaning", False: "cli.check.grouped_by_words"}


def add_check(app: typer.Typer, context: CliContext) -> None:
    """Add ``check``."""
    terminal = context.terminal

    @app.command()
    def check(config: ConfigFile, live: Live = False) -> None:
        """Find every mistake in the configuration and in what it names; what passes, serve runs."""
        if not asyncio.run(check_config(load_config(config), terminal, live=live)):
            raise typer.Exit(1)
        for label in untrained_labels():
            terminal.print(f"{label}: {bilingual('cli.check.untrained')}")
        terminal.print(f"{config}: {bilingual('cli.check.passed')}")


async def check_config(loaded: LoadedConfig, terminal: Console, *, live: bool) -> bool:
    """Build everything; with ``live`` try each credential. False where one is refused."""
    passed = True
    with bind(loaded.settings.console.host, loaded.settings.console.port):
        async with open_app(loaded) as app:
            require_vendor()
            terminal.print(bilingual(_GROUPING[app.regroups.by_meaning]))
            for connector in app.connectors if live else ():
                passed &= await _check_credentials(connector, terminal)
    return passed


async def _check_credentials(connector: Connector, terminal: Console) -> bool:
    if not isinstance(connector, ChecksCredentials):
        text = bilingual("cli.check.no_credential")
        terminal.print(f"{connector.name}: {text}")
        return True
    try:
        facts = await connector.check()
    except ConnectorError as error:
        terminal.print(f"{connector.name}: {visible(str(error))}")
        return False
    finally:
        await connector.close()
    for fact in facts:
        terminal.print(f"{connector.name}: {visible(fact)}")
    return True
