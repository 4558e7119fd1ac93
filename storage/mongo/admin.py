"""Beside the ports: ageing out, moving, the rights of customers, the audit log, the doctor."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime

from storage.audit import Entry
from storage.doctor import Finding
from storage.encoding import micros
from storage.mongo import ageing, health, rows, sealing
from storage.mongo import maintenance as upkeep
from storage.mongo import privacy as people
from storage.mongo.base import MongoBase
from storage.mongo.link import Where
from storage.portable import BATCH, SEALED_KINDS, Progress, Row
from storage.privacy import Dossier
from storage.records import CLASSES, EventClass


class MongoOffice(MongoBase):
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
            async for ids in self._ids(step.kind, step.where(limit)):
                done = await self._write(step.batch(ids, limit))
                if done is None:
                    break
                total += done
        return total

    async def _ids(self, kind: str, where: Where) -> AsyncIterator[list[object]]:
        async with self._noted(), self._link.asking():
            batch: list[object] = []
            async for doc in self._tx(None).table(kind).each(where):
                batch.append(doc["_id"])
                if len(batch) == ageing.BATCH:
                    yield batch
                    batch = []
            if batch:
                yield batch

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
        async with self._noted(), self._link.asking():
            async for found in rows.read(self._tx(None), kind):
                yield found

    async def write_rows(self, kind: str, found: Sequence[Row]) -> None:
        """As storage.portable.Movable."""
        await self._alone(lambda tx: rows.write(tx, kind, found))

    async def row_count(self, kind: str) -> int:
        """As storage.portable.Movable."""
        return await self._alone(lambda tx: rows.count(tx, kind))

    async def reseal(self, tell: Callable[[Progress], None]) -> int:
        """Seal everything under the newest key; returns how many records were not.

        May be broken off and repeated.
        """
        total = 0
        async with self._noted(), self._link.asking():
            tx = self._tx(None)
            for kind in SEALED_KINDS:
                rows, done = await tx.table(kind).count({}), 0
                async for doc in tx.table(kind).each():
                    total += await sealing.reseal(tx, kind, doc)
                    done += 1
                    if done % BATCH == 0:
                        tell(Progress(kind=kind, done=done, total=max(rows, done)))
                tell(Progress(kind=kind, done=done, total=max(rows, done)))
        return total

    async def export_customer(self, customer: str) -> Dossier:
        """Everything about the customer whose id (``Author.id``) is given."""
        return await self._alone(lambda tx: people.export(tx, customer))

    async def erase_customer(self, customer: str, *, by: str) -> dict[str, int]:
        """Forget the customer; how many records by kind."""
        return await self._write(lambda tx: people.erase(tx, customer, by))

    async def note(self, *, who: str, what: str, about: str) -> Entry:
        """Add to the audit log."""
        return await self._write(lambda tx: people.note(tx, who=who, what=what, about=about))

    async def audit(self) -> Sequence[Entry]:
        """The audit log, oldest first."""
        return await self._alone(people.audit)

    async def examine(self, *, mend: bool) -> Sequence[Finding]:
        """What the doctor finds; ``mend`` puts right what is safe to, while nothing else writes."""
        return await self._alone(lambda tx: health.examine(tx, mend=mend))
