"""Alerts, their delivery to each receiver, mutes, and the incidents that alerts are about."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from core.clock import micros, moment
from core.errors import Conflict
from core.model.alerts import Alert, Mute, acknowledged, mute_note, next_alert_version
from core.model.incidents import Incident, next_incident_version
from core.model.mentions import MentionRecord
from storage.encoding import key_of
from storage.records import LEASE, StoredMention
from storage.sqlite.audit import note
from storage.sqlite.engine.connection import SqliteTx, View
from storage.sqlite.engine.database import SqliteDatabase
from storage.sqlite.mentions import read_records
from storage.sqlite.tickets import reserve


class SqliteAlerts:
    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db

    async def get(self, key: str) -> Alert | None:
        def query(view: View) -> Alert | None:
            row = view.db.execute(
                "SELECT body FROM alerts WHERE key = ?", (key_of(key),)
            ).fetchone()
            return view.coder.load(Alert, row[0]) if row else None

        return await self._db.read(query)

    async def recent(self, *, limit: int = 50) -> Sequence[Alert]:
        def query(view: View) -> list[Alert]:
            rows = view.db.execute(
                "SELECT body FROM alerts ORDER BY created_at DESC, id DESC LIMIT ?", (limit,)
            ).fetchall()
            return [view.coder.load(Alert, body) for (body,) in rows]

        return await self._db.read(query)

    async def live(self, *, limit: int = 1000) -> Sequence[Alert]:
        def query(view: View) -> list[Alert]:
            rows = view.db.execute(
                "SELECT body FROM alerts WHERE state <> 'resolved' ORDER BY created_at, id LIMIT ?",
                (limit,),
            ).fetchall()
            return [view.coder.load(Alert, body) for (body,) in rows]

        return await self._db.read(query)

    async def add(self, alert: Alert, receivers: Sequence[str]) -> bool:
        def work(tx: SqliteTx) -> bool:
            created = micros(alert.created_at)
            found = tx.db.execute(
                "INSERT INTO alerts (key, state, created_at, body) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (key_of(alert.key), alert.state, created, tx.coder.dump(alert)),
            )
            if not found.rowcount:
                return False
            tx.db.executemany(
                "INSERT OR IGNORE INTO deliveries (alert, receiver, due) VALUES (?, ?, ?)",
                [(found.lastrowid, key_of(receiver), created) for receiver in receivers],
            )
            return True

        return await self._db.write(work)

    async def save(self, alert: Alert, *, receivers: Sequence[str] = ()) -> Alert:
        def work(tx: SqliteTx) -> Alert:
            row, stored = _find_alert(tx, alert.key)
            changed = next_alert_version(stored, alert)
            _update_alert(tx, row, changed)
            tx.db.executemany(
                "INSERT OR REPLACE INTO deliveries (alert, receiver, due) VALUES (?, ?, ?)",
                [(row, key_of(receiver), tx.now) for receiver in receivers],
            )
            return changed

        return await self._db.write(work)

    async def acknowledge(self, key: str, *, by: str) -> Alert:
        def work(tx: SqliteTx) -> Alert:
            row, stored = _find_alert(tx, key)
            changed = next_alert_version(stored, acknowledged(stored, by=by, at=moment(tx.now)))
            _update_alert(tx, row, changed)
            return changed

        return await self._db.write(work)

    async def claim(self, receiver: str, limit: int, now: datetime) -> Sequence[Alert]:
        def work(tx: SqliteTx) -> list[Alert]:
            at, name = micros(now), key_of(receiver)
            rows = tx.db.execute(
                "SELECT a.id, a.body FROM deliveries d JOIN alerts a ON a.id = d.alert"
                " WHERE d.receiver = ? AND d.delivered = 0 AND d.due <= ?"
                " ORDER BY d.due, a.id LIMIT ?",
                (name, at, limit),
            ).fetchall()
            tx.db.executemany(
                "UPDATE deliveries SET owner = ?, due = ? WHERE alert = ? AND receiver = ?",
                [(tx.owner, at + LEASE, row, name) for row, _ in rows],
            )
            return [tx.coder.load(Alert, body) for _, body in rows]

        return await self._db.write(work)

    async def finish(
        self, key: str, receiver: str, *, delivered: bool, reason: str = "", retry_at: datetime
    ) -> None:
        def work(tx: SqliteTx) -> None:
            tx.db.execute(
                "UPDATE deliveries SET owner = 0, delivered = ?, reason = ?, due = ?"
                " WHERE alert = (SELECT id FROM alerts WHERE key = ?) AND receiver = ?"
                " AND delivered = 0 AND owner = ?",
                (
                    delivered,
                    key_of(reason),
                    micros(retry_at),
                    key_of(key),
                    key_of(receiver),
                    tx.owner,
                ),
            )

        await self._db.write(work)

    async def mutes(self) -> Sequence[Mute]:
        def query(view: View) -> list[Mute]:
            rows = view.db.execute("SELECT body FROM silences ORDER BY until, id")
            return [view.coder.load(Mute, body) for (body,) in rows]

        return await self._db.read(query)

    async def mute(self, mute: Mute) -> None:
        def work(tx: SqliteTx) -> None:
            tx.db.execute(
                "INSERT OR REPLACE INTO silences (id, until, body) VALUES (?, ?, ?)",
                (key_of(mute.id), micros(mute.until), tx.coder.dump(mute)),
            )
            note(tx, who=mute.by, what="silence", about=mute_note(mute))

        await self._db.write(work)

    async def unmute(self, id: str, *, by: str) -> bool:  # noqa: A002
        def work(tx: SqliteTx) -> bool:
            done = tx.db.execute("DELETE FROM silences WHERE id = ?", (key_of(id),))
            if done.rowcount:
                note(tx, who=by, what="end silence", about=id)
            return done.rowcount > 0

        return await self._db.write(work)


def _find_alert(tx: SqliteTx, key: str) -> tuple[int, Alert]:
    row = tx.db.execute("SELECT id, body FROM alerts WHERE key = ?", (key_of(key),)).fetchone()
    if row is None:
        raise Conflict(f"there is no alert {key}. Read the list again.")
    return row[0], tx.coder.load(Alert, row[1])


def _update_alert(tx: SqliteTx, row: int, alert: Alert) -> None:
    tx.db.execute(
        "UPDATE alerts SET state = ?, body = ? WHERE id = ?",
        (alert.state, tx.coder.dump(alert), row),
    )


class SqliteIncidents:
    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db

    async def get(self, id: str) -> Incident | None:  # noqa: A002
        return await self._db.read(lambda view: _get_incident(view, id))

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
            changed = next_incident_version(_get_incident(tx, incident.id), incident)
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


def _get_incident(view: View, name: str) -> Incident | None:
    row = view.db.execute("SELECT body FROM incidents WHERE id = ?", (name,)).fetchone()
    return view.coder.load(Incident, row[0]) if row else None
