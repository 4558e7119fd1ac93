"""``backup``, ``restore`` and ``migrate``."""

import asyncio
import os
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.config import load_config
from cli.context import By, CliContext, ConfigFile
from cli.output import OPERATOR, bilingual, progress_bars
from cli.wiring import KEY, run_with_store, store_keys
from storage.backup import backup, restore
from storage.factory import AnyStore
from storage.moving import move_store

STORE_URL: Final = "sqlite:PATH or mongodb://…"


def add_backup(app: typer.Typer, context: CliContext) -> None:
    """Add ``backup``, ``restore`` and ``migrate``."""
    terminal, clock = context.terminal, context.clock

    @app.command(name="backup")
    def backup_(file: Path, config: ConfigFile, by: By = OPERATOR) -> None:
        """Write everything the store holds to FILE, while it is used."""

        async def work(store: AnyStore) -> None:
            await backup(store, file)
            await store.audit.note(who=by, what="backup", about=str(file))

        run_with_store(config, work, clock=clock)
        terminal.print(f"{file}: {bilingual('cli.backup.written')}")

    @app.command(name="restore")
    def restore_(file: Path, config: ConfigFile, by: By = OPERATOR) -> None:
        """Make the store hold what FILE holds; a SQLite backup also while the store is used."""
        url = load_config(config).store_url
        asyncio.run(restore(file, url, clock=clock, keys=store_keys()))
        run_with_store(
            config,
            lambda store: store.audit.note(who=by, what="restore", about=str(file)),
            clock=clock,
        )
        terminal.print(f"{file}: {bilingual('cli.backup.restored')}")

    @app.command()
    def migrate(
        source: Annotated[str, typer.Option("--from", help=STORE_URL)],
        target: Annotated[str, typer.Option("--to", help=STORE_URL)],
    ) -> None:
        """Move everything to another store, verified by count and checksum; may be repeated."""
        with progress_bars(terminal) as advance:
            key = os.environ.get(KEY)
            moved = asyncio.run(move_store(source, target, clock=clock, key=key, tell=advance))
        terminal.print(bilingual("cli.migrate.verified", rows=moved.rows))
