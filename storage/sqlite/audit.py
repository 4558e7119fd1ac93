"""The audit log; triggers of the schema refuse any change of it."""

from collections.abc import Sequence

from core.clock import micros, moment
from core.model.audit import AuditEntry, next_entry
from storage.encoding import key_of, text_of
from storage.sqlite.engine.connection import SqliteTx, View
from storage.sqlite.engine.database import SqliteDatabase


class SqliteAudit:
    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db

    async def entries(self) -> Sequence[AuditEntry]:
        return await self._db.read(read_entries)

    async def note(self, *, who: str, what: str, about: str) -> AuditEntry:
        return await self._db.write(lambda tx: note(tx, who=who, what=what, about=about))


def read_entries(view: View, last: int | None = None) -> list[AuditEntry]:
    """Entries, oldest first; the newest ``last`` of them where that is given."""
    rows = view.db.execute(
        "SELECT seq, at, who, what, about, before, hash FROM audit ORDER BY seq DESC LIMIT ?",
        (-1 if last is None else last,),
    ).fetchall()
    return [
        AuditEntry(
            seq=seq,
            at=moment(at),
            who=text_of(who),
            what=text_of(what),
            about=text_of(about),
            before=before,
            hash=digest,
        )
        for seq, at, who, what, about, before, digest in reversed(rows)
    ]


def note(tx: SqliteTx, *, who: str, what: str, about: str) -> AuditEntry:
    """Add an entry."""
    found = read_entries(tx, last=1)
    entry = next_entry(
        found[-1] if found else None, at=moment(tx.now), who=who, what=what, about=about
    )
    tx.db.execute(
        "INSERT INTO audit (seq, at, who, what, about, before, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            entry.seq,
            micros(entry.at),
            *(key_of(part) for part in (entry.who, entry.what, entry.about)),
            entry.before,
            entry.hash,
        ),
    )
    return entry
