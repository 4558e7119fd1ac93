"""The audit log."""

from collections.abc import Sequence

from core.clock import micros, moment
from core.model.audit import AuditEntry, next_entry
from storage.encoding import key_of, text_of
from storage.mongo.engine.database import MongoDatabase
from storage.mongo.engine.tx import MongoTx, integer, key


class MongoAudit:
    def __init__(self, db: MongoDatabase) -> None:
        self._db = db

    async def entries(self) -> Sequence[AuditEntry]:
        return await self._db.alone(read_entries)

    async def note(self, *, who: str, what: str, about: str) -> AuditEntry:
        return await self._db.write(lambda tx: note(tx, who=who, what=what, about=about))


async def read_entries(tx: MongoTx, last: int | None = None) -> list[AuditEntry]:
    """Entries, oldest first; the newest ``last`` of them where that is given."""
    docs = await tx.table("audit").many({}, sort=[("_id", -1)], limit=last or 0)
    return [
        AuditEntry(
            seq=integer(doc, "_id"),
            at=moment(integer(doc, "at")),
            who=text_of(key(doc, "who")),
            what=text_of(key(doc, "what")),
            about=text_of(key(doc, "about")),
            before=text_of(key(doc, "before")),
            hash=text_of(key(doc, "hash")),
        )
        for doc in reversed(docs)
    ]


async def note(tx: MongoTx, *, who: str, what: str, about: str) -> AuditEntry:
    """Add an entry."""
    found = await read_entries(tx, last=1)
    entry = next_entry(
        found[-1] if found else None, at=moment(tx.now), who=who, what=what, about=about
    )
    await tx.table("audit").add(
        {
            "_id": entry.seq,
            "at": micros(entry.at),
            "who": key_of(entry.who),
            "what": key_of(entry.what),
            "about": key_of(entry.about),
            "before": entry.before,
            "hash": entry.hash,
        }
    )
    return entry
