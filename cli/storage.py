"""Commands that need the store alone: backup, restore, migrate, customers, keys, doctor."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from core.audit import pseudonym
from core.clock import Clock
from core.errors import InputError
from core.health import Finding
from storage.backup import backup, restore
from storage.encryption import Keys, new_key
from storage.factory import AnyStore, open_store, rotate_key
from storage.moving import move_store
from storage.portable import Progress as Step

R = TypeVar("R")
WHOEVER: Final = "operator"
KEY: Final = "TINGFENG_KEY"
NEW_KEY: Final = "TINGFENG_NEW_KEY"
ConfigFile = Annotated[Path, typer.Option("--config", help="The configuration (TOML).")]
By = Annotated[str, typer.Option(help="Who does it, for the audit log.")]
Customer = Annotated[str, typer.Option("--customer", help="Id of the author on their channel.")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """How a command reaches the store of a configuration."""

    url_of: Callable[[Path], str]
    """The store's URL of a configuration file."""
    clock: Clock
    terminal: Console

    def on(
        self,
        config: Path,
        work: Callable[[AnyStore], Awaitable[R]],
    ) -> R:
        """Open the store, do the work, close it."""

        async def opened() -> R:
            store = await open_store(self.url_of(config), clock=self.clock, keys=keys())
            try:
                return await work(store)
            finally:
                await store.close()

        return asyncio.run(opened())


def add_storage(app: typer.Typer, access: Access) -> None:
    """Add all of them."""
    _add_keeping(app, access)
    _add_customers(app, access)
    _add_care(app, access)


def _add_keeping(app: typer.Typer, access: Access) -> None:
    terminal = access.terminal

    @app.command(name="backup")
    def backup_(file: Path, config: ConfigFile, by: By = WHOEVER) -> None:
        """Write everything the store holds to FILE, while it is used."""

        async def work(store: AnyStore) -> None:
            await backup(store, file)
            await store.audit.note(who=by, what="backup", about=str(file))

        access.on(config, work)
        terminal.print(f"{file}: 备份完成 backup written", markup=False)

    @app.command(name="restore")
    def restore_(file: Path, config: ConfigFile, by: By = WHOEVER) -> None:
        """Make the store hold what FILE holds; a SQLite backup also while the store is used."""
        asyncio.run(restore(file, access.url_of(config), clock=access.clock, keys=keys()))
        access.on(config, lambda store: store.audit.note(who=by, what="restore", about=str(file)))
        terminal.print(f"{file}: 恢复完成 restored", markup=False)

    @app.command()
    def migrate(
        source: Annotated[str, typer.Option("--from", help="sqlite:PATH or mongodb://…")],
        target: Annotated[str, typer.Option("--to", help="sqlite:PATH or mongodb://…")],
    ) -> None:
        """Move everything to another store, verified by count and checksum; may be repeated."""
        with _bars(terminal) as tell:
            key = os.environ.get(KEY)
            moved = asyncio.run(move_store(source, target, clock=access.clock, key=key, tell=tell))
        terminal.print(f"{moved.rows} 行已核对 rows moved and verified")


def _add_customers(app: typer.Typer, access: Access) -> None:
    terminal = access.terminal

    @app.command()
    def export(customer: Customer, config: ConfigFile, out: Path, by: By = WHOEVER) -> None:
        """Write everything about one customer to OUT (JSON)."""

        async def work(store: AnyStore) -> str:
            dossier = await store.customers.export(customer)
            await store.audit.note(who=by, what="export", about=pseudonym(customer))
            return dossier.to_json()

        out.write_text(access.on(config, work) + "\n", encoding="utf-8")
        terminal.print(f"{out}: 导出完成 exported", markup=False)

    @app.command()
    def erase(
        customer: Customer,
        config: ConfigFile,
        by: By = WHOEVER,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    ) -> None:
        """Forget one customer everywhere; this cannot be undone."""
        if not yes:
            typer.confirm(f"删除后无法恢复。Forget {customer!r} for ever?", abort=True)
        gone = access.on(config, lambda store: store.customers.erase(customer, by=by))
        terminal.print(_sentence(gone) or "没有找到 nothing was found", markup=False)


def _add_care(app: typer.Typer, access: Access) -> None:
    @app.command()
    def doctor(
        config: ConfigFile,
        mend: Annotated[bool, typer.Option("--mend", help="Put right what is safe.")] = False,
        by: By = WHOEVER,
    ) -> None:
        """Check the store; the exit status is 1 where something is left to do."""

        async def work(store: AnyStore) -> Sequence[Finding]:
            found = await store.maintenance.examine(mend=mend)
            mended = ", ".join(f"{each.check}: {each.what}" for each in found if each.mended)
            if mended:
                await store.audit.note(who=by, what="mend", about=mended)
            return found

        findings = access.on(config, work)
        table = Table(box=box.SIMPLE_HEAD)
        for heading in ("检查 check", "发现 finding", "处理 done"):
            table.add_column(heading, overflow="fold")
        for finding in findings:
            done = "已修复 mended" if finding.mended else finding.remedy
            table.add_row(finding.check, Text(finding.what), Text(done))
        Console().print(table if findings else "一切正常 nothing to mend")
        raise typer.Exit(int(any(not finding.mended for finding in findings)))

    @app.command()
    def rotate(config: ConfigFile, by: By = WHOEVER) -> None:
        """Replace TINGFENG_KEY by TINGFENG_NEW_KEY everywhere; without one, print a fresh key.

        If it was broken off, repeat it. Repeat it too once all processes were started anew.
        """
        old, new = os.environ.get(KEY), os.environ.get(NEW_KEY)
        if not new:
            typer.echo(new_key())
            return
        if not old:
            raise InputError(f"{KEY} is not set. Set it to the key with which the data is read.")
        url = access.url_of(config)
        with _bars(access.terminal) as tell:
            done = asyncio.run(
                rotate_key(url, clock=access.clock, old=old, new=new, by=by, tell=tell)
            )
        access.terminal.print(
            f"{done} 条已重新加密 records sealed anew. {NEW_KEY} 已生效 is the key from now on; "
            f"set {KEY} to it."
        )


@contextmanager
def _bars(terminal: Console) -> Iterator[Callable[[Step], None]]:
    """A bar for each kind of rows."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=terminal) as bar:
        rows: dict[str, TaskID] = {}

        def tell(step: Step) -> None:
            if step.kind not in rows:
                rows[step.kind] = bar.add_task(step.kind, total=step.total)
            bar.update(rows[step.kind], completed=step.done)

        yield tell


def keys() -> Keys:
    """What the environment says stores are opened with."""
    return Keys(master=os.environ.get(KEY))


def _sentence(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items() if number)
