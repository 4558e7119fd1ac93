"""``export`` and ``erase``: the rights of a customer to see and to delete their data."""

from pathlib import Path
from typing import Annotated

import typer

from cli.context import By, CliContext, ConfigFile, Customer
from cli.output import OPERATOR, bilingual
from cli.wiring import run_with_store
from core.model.audit import pseudonym
from storage.factory import AnyStore


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
