"""``doctor`` and ``rotate``: the integrity of the store and its encryption key."""

import asyncio
import os
from collections.abc import Sequence
from typing import Annotated, Final

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from cli.config import load_config
from cli.context import By, CliContext, ConfigFile
from cli.output import OPERATOR, bilingual, progress_bars
from cli.problems import in_every_language
from cli.terminal import plain_console
from cli.wiring import KEY, run_with_store
from core.errors import InputError
from core.model.health import Finding
from storage.encryption import new_key
from storage.factory import AnyStore, rotate_key

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
