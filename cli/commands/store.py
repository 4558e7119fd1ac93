"""Commands on the store: backup, restore, migrate; export, erase; doctor and rotate.

``export`` and ``erase`` are the rights of a customer to see and to delete their data.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from cli.config import load_config
from cli.context import By, CliContext, ConfigFile, Customer
from cli.output import OPERATOR, bilingual, progress_bars
from cli.problems import in_every_language
from cli.terminal import plain_console
from cli.wiring import KEY, run_with_store, store_keys
from core.errors import InputError
from core.model.audit import pseudonym
from core.model.health import Finding
from storage.backup import backup, restore
from storage.encryption import new_key
from storage.factory import AnyStore, rotate_key
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


def add_customers(app: typer.Typer, context: CliContext) -> None:
    """Add ``export`` and ``erase``."""
    terminal, clock = context.terminal, context.clock

    @app.command()
    def export(customer: Customer, config: ConfigFile, out: Path, by: By = OPERATOR) -> None:
        """Write everything about one customer to OUT (JSON)."""

        async def work(store: AnyStore) -> str:
            dossier = await store.customers.export(customer)
            await store.audit.note(who=by, what="export", about=pseudonym(customer))
            return dossier.to_json()

        text = run_with_store(config, work, clock=clock)
        out.write_text(text + "\n", encoding="utf-8")
        terminal.print(f"{out}: {bilingual('cli.customers.exported')}")

    @app.command()
    def erase(
        customer: Customer,
        config: ConfigFile,
        by: By = OPERATOR,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    ) -> None:
        """Forget one customer everywhere; this cannot be undone."""
        if not yes:
            typer.confirm(bilingual("cli.customers.confirm", customer=repr(customer)), abort=True)
        erased = run_with_store(
            config, lambda store: store.customers.erase(customer, by=by), clock=clock
        )
        summary = ", ".join(f"{number} {name}" for name, number in erased.items() if number)
        terminal.print(summary or bilingual("cli.customers.unknown"))


NEW_KEY: Final = "TINGFENG_NEW_KEY"


def add_maintenance(app: typer.Typer, context: CliContext) -> None:
    """Add ``doctor`` and ``rotate``."""
    terminal, clock = context.terminal, context.clock

    @app.command()
    def doctor(
        config: ConfigFile,
        mend: Annotated[bool, typer.Option("--mend", help="Put right what is safe.")] = False,
        by: By = OPERATOR,
    ) -> None:
        """Check the store; the exit status is 1 where something is left to do."""

        async def work(store: AnyStore) -> Sequence[Finding]:
            found = await store.maintenance.examine(mend=mend)
            mended = ", ".join(f"{each.check}: {each.what}" for each in found if each.mended)
            if mended:
                await store.audit.note(who=by, what="mend", about=mended)
            return found

        findings = run_with_store(config, work, clock=clock)
        plain_console().print(_table(findings) if findings else bilingual("cli.doctor.healthy"))
        raise typer.Exit(int(any(not finding.mended for finding in findings)))

    @app.command()
    def rotate(config: ConfigFile, by: By = OPERATOR) -> None:
        """Replace TINGFENG_KEY by TINGFENG_NEW_KEY everywhere; without one, print a fresh key.

        If it was broken off, repeat it. Repeat it too once all processes were started anew.
        """
        old, new = os.environ.get(KEY), os.environ.get(NEW_KEY)
        if not new:
            typer.echo(new_key())
            return
        if not old:
            raise InputError(f"{KEY} is not set. Set it to the key with which the data is read.")
        url = load_config(config).store_url
        with progress_bars(terminal) as advance:
            done = asyncio.run(rotate_key(url, clock=clock, old=old, new=new, by=by, tell=advance))
        terminal.print(bilingual("cli.rotate.done", records=done, new=NEW_KEY, key=KEY))


def _table(findings: Sequence[Finding]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("cli.doctor.check", "cli.doctor.finding", "cli.doctor.action"):
        table.add_column(bilingual(heading), overflow="fold")
    for finding in findings:
        done = bilingual("cli.doctor.mended") if finding.mended else finding.remedy
        table.add_row(finding.check, Text(in_every_language(finding.what)), Text(done))
    return table
