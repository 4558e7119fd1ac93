"""Incidents: one open at a time for a key, saved only over the version that was read."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from core.clock import micros
from core.model.incidents import Incident, next_version
from core.model.mentions import MentionRecord
from storage.encoding import key_of
from storage.records import StoredMention
from storage.sqlite.engine.connection import SqliteTx, View
from storage.sqlite.engine.database import SqliteDatabase
from storage.sqlite.mentions import read_records
from storage.sqlite.tickets import reserve


class SqliteIncidents:
    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db

    async def get(self, id: str) -> Incident | None:  # noqa: A002
        return await self._db.read(lambda view: _get(view, id))

    async def find(
        self, *, state: Literal["open", "resolved"] | None = None, limit: int = 50
    ) -> Sequence[Incident]:
        def query(view: View) -> list[Incident]:
            rows = view.db.execute(
                "SELECT body FROM incidents WHERE ?1 IS NULL OR state = ?1"
                " ORDER BY last_at DESC, id DESC LIMIT ?2",
                (state, limit),
            ).fetchall()
            return [view.coder.load(Incident, body) for (body,) in rows]

        return await self._db.read(query)

    async def open(self, incident: Incident) -> Incident:
        def work(tx: SqliteTx) -> Incident:
            row = tx.db.execute(
                "SELECT body FROM incidents WHERE key = ? AND state = 'open'",
                (key_of(incident.key),),
            ).fetchone()
            if row is not None:
                return tx.coder.load(Incident, row[0])
            opened = incident if incident.id else replace(incident, id=reserve(tx, "INC"))
            tx.db.execute(
                "INSERT INTO incidents (id, key, state, last_at, body) VALUES (?, ?, ?, ?, ?)",
                (
                    opened.id,
                    key_of(opened.key),
                    opened.state,
                    micros(opened.last_at),
                    tx.coder.dump(opened),
                ),
            )
            return opened

        return await self._db.write(work)

    async def save(self, incident: Incident) -> Incident:
        def work(tx: SqliteTx) -> Incident:
            changed = next_version(_get(tx, incident.id), incident)
            tx.db.execute(
                "UPDATE incidents SET key = ?, state = ?, last_at = ?, body = ? WHERE id = ?",
                (
                    key_of(changed.key),
                    changed.state,
                    micros(changed.last_at),
                    tx.coder.dump(changed),
                    changed.id,
                ),
            )
            return changed

        return await self._db.write(work)

    async def assign(self, seqs: Sequence[int], id: str | None) -> None:  # noqa: A002
        def work(tx: SqliteTx) -> None:
            for seq in seqs:
                row = tx.db.execute("SELECT body FROM mentions WHERE seq = ?", (seq,)).fetchone()
                if row is not None:
                    judged = replace(tx.coder.load(StoredMention, row[0]), incident=id)
                    tx.db.execute(
                        "UPDATE mentions SET incident = ?, body = ? WHERE seq = ?",
                        (None if id is None else key_of(id), tx.coder.dump(judged), seq),
                    )

        await self._db.write(work)

    async def mentions(self, id: str, *, limit: int = 2000) -> Sequence[MentionRecord]:  # noqa: A002
        def query(view: View) -> Sequence[MentionRecord]:
            rows = view.db.execute(
                "SELECT seq FROM mentions INDEXED BY mentions_incident WHERE incident = ?"
                " AND withdrawn = 0 ORDER BY posted_at, seq LIMIT ?",
                (key_of(id), limit),
            ).fetchall()
            return read_records(view, [row[0] for row in rows])

        return await self._db.read(query)

    async def count(self, id: str) -> int:  # noqa: A002
        def query(view: View) -> int:
            row = view.db.execute(
                "SELECT count(*) FROM mentions INDEXED BY mentions_incident WHERE incident = ?"
                " AND withdrawn = 0",
                (key_of(id),),
            ).fetchone()
            return int(row[0])

        return await self._db.read(query)


def _get(view: View, name: str) -> Incident | None:
    row = view.db.execute("SELECT body FROM incidents WHERE id = ?", (name,)).fetchone()
    return view.coder.load(Incident, row[0]) if row else None
