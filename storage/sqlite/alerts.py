"""Alerts, and their delivery to every receiver."""

import dataclasses
from collections.abc import Sequence

from core.alerts import Alert, acknowledged
from core.clock import micros, moment
from core.errors import Conflict
from storage.encoding import key_of
from storage.records import LEASE
from storage.sqlite.work import Tx, View


def add(tx: Tx, alert: Alert, receivers: Sequence[str]) -> bool:
    """Store an alert and a delivery for each receiver; False where its key is there already."""
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


def claim(tx: Tx, receiver: str, limit: int, now: int) -> list[Alert]:
    """Take due deliveries, oldest first."""
    rows = tx.db.execute(
        "SELECT a.id, a.body FROM deliveries d JOIN alerts a ON a.id = d.alert"
        " WHERE d.receiver = ? AND d.delivered = 0 AND d.due <= ? ORDER BY d.due, a.id LIMIT ?",
        (key_of(receiver), now, limit),
    ).fetchall()
    tx.db.executemany(
        "UPDATE deliveries SET owner = ?, due = ? WHERE alert = ? AND receiver = ?",
        [(tx.owner, now + LEASE, row, key_of(receiver)) for row, _ in rows],
    )
    return [tx.coder.load(Alert, body) for _, body in rows]


def finish(tx: Tx, key: str, receiver: str, *, delivered: bool, reason: str, retry_at: int) -> None:
    """Note how a delivery went.

    What was armed again since this process claimed it stays due: it has news to tell.
    """
    tx.db.execute(
        "UPDATE deliveries SET owner = 0, delivered = ?, reason = ?, due = ?"
        " WHERE alert = (SELECT id FROM alerts WHERE key = ?) AND receiver = ? AND delivered = 0"
        " AND owner = ?",
        (delivered, key_of(reason), retry_at, key_of(key), key_of(receiver), tx.owner),
    )


def newest(view: View, limit: int) -> list[Alert]:
    rows = view.db.execute(
        "SELECT body FROM alerts ORDER BY created_at DESC, id DESC LIMIT ?", (limit,)
    ).fetchall()
    return [view.coder.load(Alert, body) for (body,) in rows]


def one(view: View, key: str) -> Alert | None:
    row = view.db.execute("SELECT body FROM alerts WHERE key = ?", (key_of(key),)).fetchone()
    return view.coder.load(Alert, row[0]) if row else None


def live(view: View, limit: int) -> list[Alert]:
    """Alerts that are not resolved, oldest first."""
    rows = view.db.execute(
        "SELECT body FROM alerts WHERE state <> 'resolved' ORDER BY created_at, id LIMIT ?",
        (limit,),
    ).fetchall()
    return [view.coder.load(Alert, body) for (body,) in rows]


def change(tx: Tx, alert: Alert, receivers: Sequence[str]) -> Alert:
    """Store a change made on ``alert.version``, and tell receivers of it.

    Raises Conflict if that is not the last version.
    """
    row, stored = _find(tx, alert.key)
    if stored.version != alert.version:
        raise Conflict(f"the alert {alert.key} was changed by somebody else. Read it again.")
    changed = _save(tx, row, alert)
    tx.db.executemany(
        "INSERT OR REPLACE INTO deliveries (alert, receiver, due) VALUES (?, ?, ?)",
        [(row, key_of(receiver), tx.now) for receiver in receivers],
    )
    return changed


def acknowledge(tx: Tx, key: str, by: str) -> Alert:
    """Take a firing alert on; raises Conflict where it is not firing any more."""
    row, alert = _find(tx, key)
    if alert.state != "firing":
        raise Conflict(f"the alert {key} is {alert.state} already. Read it again.")
    return _save(tx, row, acknowledged(alert, by=by, at=moment(tx.now)))


def _find(tx: Tx, key: str) -> tuple[int, Alert]:
    row = tx.db.execute("SELECT id, body FROM alerts WHERE key = ?", (key_of(key),)).fetchone()
    if row is None:
        raise Conflict(f"there is no alert {key}. Read the list again.")
    return row[0], tx.coder.load(Alert, row[1])


def _save(tx: Tx, row: int, alert: Alert) -> Alert:
    changed = dataclasses.replace(alert, version=alert.version + 1)
    tx.db.execute(
        "UPDATE alerts SET state = ?, body = ? WHERE id = ?",
        (changed.state, tx.coder.dump(changed), row),
    )
    return changed
