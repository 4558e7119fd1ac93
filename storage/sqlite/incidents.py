"""Incidents: one open at a time for a key, changed only by who has seen the last change."""

import dataclasses
from collections.abc import Sequence
from typing import Literal

from core.clock import micros
from core.errors import Conflict
from core.incidents import Incident
from storage.encoding import key_of
from storage.records import Judged
from storage.sqlite.tickets import reserve
from storage.sqlite.work import Tx, View


def open_one(tx: Tx, incident: Incident) -> Incident:
    """Store a new incident, numbered where it has no id; or return the open one of its key."""
    row = tx.db.execute(
        "SELECT body FROM incidents WHERE key = ? AND state = 'open'", (key_of(incident.key),)
    ).fetchone()
    if row is not None:
        return tx.coder.load(Incident, row[0])
    if not incident.id:
        incident = dataclasses.replace(incident, id=reserve(tx, "INC"))
    tx.db.execute(
        "INSERT INTO incidents (id, key, state, last_at, body) VALUES (?, ?, ?, ?, ?)",
        (
            incident.id,
            key_of(incident.key),
            incident.state,
            micros(incident.last_at),
            tx.coder.dump(incident),
        ),
    )
    return incident


def compare_and_set(tx: Tx, incident: Incident) -> Incident:
    """Store a change made on ``incident.version``; raises Conflict if that is not the last."""
    stored = one(tx, incident.id)
    if stored is None or stored.version != incident.version:
        raise Conflict(f"{incident.id} was changed by somebody else. Read it again.")
    changed = dataclasses.replace(incident, version=incident.version + 1)
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


def one(view: View, number: str) -> Incident | None:
    row = view.db.execute("SELECT body FROM incidents WHERE id = ?", (number,)).fetchone()
    return view.coder.load(Incident, row[0]) if row else None


def latest(view: View, state: Literal["open", "resolved"] | None, limit: int) -> list[Incident]:
    """Incidents, the last active first."""
    rows = view.db.execute(
        "SELECT body FROM incidents WHERE ?1 IS NULL OR state = ?1"
        " ORDER BY last_at DESC, id DESC LIMIT ?2",
        (state, limit),
    ).fetchall()
    return [view.coder.load(Incident, body) for (body,) in rows]


def assign(tx: Tx, seqs: Sequence[int], number: str | None) -> None:
    """Note which incident mentions belong to."""
    for seq in seqs:
        row = tx.db.execute("SELECT body FROM mentions WHERE seq = ?", (seq,)).fetchone()
        if row is not None:
            judged = dataclasses.replace(tx.coder.load(Judged, row[0]), incident=number)
            tx.db.execute(
                "UPDATE mentions SET incident = ?, body = ? WHERE seq = ?",
                (None if number is None else key_of(number), tx.coder.dump(judged), seq),
            )
