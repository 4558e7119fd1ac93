"""Beside the ports: ageing out, moving, the rights of customers, the audit log, the doctor."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from functools import partial

from storage.audit import Entry
from storage.doctor import Finding
from storage.encoding import micros
from storage.portable import SEALED_KINDS, Progress, Row
from storage.privacy import Dossier
from storage.records import CLASSES, EventClass
from storage.sqlite import ageing, health, rows, sealing
from storage.sqlite import maintenance as upkeep
from storage.sqlite import privacy as people
from storage.sqlite.base import SqliteBase
from storage.sqlite.work import Tx


class SqliteOffice(SqliteBase):
    """What the operator does with the store."""

    async def age(
        self, *, raw: datetime, spam: datetime, messages: datetime, records: datetime
    ) -> int:
        """Forget what is older than these times; returns how many records.

        The texts of public posts (``raw``), of dropped events (``spam``) and of private messages;
        resolved tickets, quiet conversations with their lines, resolved alerts and dead letters
        (``records``). Numbers, tracked figures and the audit log stay. May be repeated; works in
        small transactions, so that nobody waits for it.
        """
        limits = {"dropped": spam, "public": raw, "private": messages}
        total = sum([await self.purge_class(which, limits[which]) for which in CLASSES])
        limit = micros(records)
        for step in ageing.STEPS:
            after: ageing.Place = None
            while True:
                done, after = await self._write(ageing.batch(step, limit, after))
                total += done
                if after is None:
                    break
        return total

    async def purge_class(self, which: EventClass, before: datetime) -> int:
        """Forget the raw texts of one class of events received before; returns how many."""
        total, limit = 0, micros(before)
        while True:
            done = await self._write(lambda tx: upkeep.purge_raw(tx, limit, which))
            if done is None:
                return total
            total += done

    async def rows(self, kind: str) -> AsyncIterator[list[Row]]:
        """As storage.portable.Movable."""
        last: Row | None = None
        while found := await self._read(partial(rows.read, kind=kind, after=last)):
            yield found
            last = found[-1]

    async def write_rows(self, kind: str, found: Sequence[Row]) -> None:
        """As storage.portable.Movable."""
        await self._write(lambda tx: rows.write(tx, kind, found))

    async def row_count(self, kind: str) -> int:
        """As storage.portable.Movable."""
        return await self._read(lambda view: rows.count(view, kind))

    async def reseal(self, tell: Callable[[Progress], None]) -> int:
        """Seal everything under the newest key; returns how many records were not.

        May be broken off and repeated; works in small transactions, so that nobody waits for it.
        """
        total = 0
        for kind in SEALED_KINDS:
            rows, done = await self.row_count(kind), 0
            after: sealing.Place = None
            while True:
                looked, sealed, after = await self._write(_resealing(kind, after))
                done, total = done + looked, total + sealed
                tell(Progress(kind=kind, done=done, total=max(rows, done)))
                if after is None:
                    break
        await self._empty_log()
        return total

    async def export_customer(self, customer: str) -> Dossier:
        """Everything about the customer whose id (``Author.id``) is given."""
        return await self._read(lambda view: people.export(view, customer))

    async def erase_customer(self, customer: str, *, by: str) -> dict[str, int]:
        """Forget the customer, in the index and on the disk too; how many records by kind."""
        done = await self._write(lambda tx: people.erase(tx, customer, by))
        first = True
        while await self._write(partial(upkeep.merge_indexes, first=first)) or first:
            first = False
        await self._empty_log()
        return done

    async def note(self, *, who: str, what: str, about: str) -> Entry:
        """Add to the audit log."""
        return await self._write(lambda tx: people.note(tx, who=who, what=what, about=about))

    async def audit(self) -> Sequence[Entry]:
        """The audit log, oldest first."""
        return await self._read(people.audit)

    async def examine(self, *, mend: bool) -> Sequence[Finding]:
        """What the doctor finds; ``mend`` puts right what is safe to."""
        path = self.path
        return await self._write(lambda tx: health.examine(tx, path, mend=mend))


def _resealing(kind: str, after: sealing.Place) -> Callable[[Tx], tuple[int, int, sealing.Place]]:
    return lambda tx: sealing.reseal(tx, kind, after)
