"""Checks of the file: integrity, references, claims, counters, the audit log."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Final

from core.model.audit import first_broken
from core.model.conversations import Conversation
from core.model.events import EventCounts
from core.model.health import Finding
from storage.doctor import broken_log, lost, orphans, recount, stuck, wrong_counts
from storage.encoding import text_of
from storage.lease import alive
from storage.records import counter_of
from storage.sqlite.audit import read_entries
from storage.sqlite.engine.connection import SqliteTx
from storage.sqlite.engine.database import release
from storage.sqlite.engine.mark import missing
from storage.sqlite.events import read_counts

_DAMAGED: Final = "Restore the latest backup with `python run.py restore FILE`."
_REFERENCES: Final = {
    "mentions without their event": ("mentions", "seq NOT IN (SELECT seq FROM events)"),
    "corrections without their mention": (
        "corrections",
        "mention NOT IN (SELECT seq FROM mentions)",
    ),
    "tracked figures without their mention": (
        "tracked",
        "mention NOT IN (SELECT seq FROM mentions)",
    ),
    "deliveries without their alert": ("deliveries", "alert NOT IN (SELECT id FROM alerts)"),
    "dead letters without their event": (
        "dead_letters",
        "seq IS NOT NULL AND seq NOT IN (SELECT seq FROM events)",
    ),
}


def examine(tx: SqliteTx, path: Path, *, mend: bool) -> list[Finding]:
    """As core.repositories.Maintenance.examine."""
    return [
        *_integrity(tx),
        *_missing(tx, mend=mend),
        *_orphans(tx, mend=mend),
        *_lost_tickets(tx, mend=mend),
        *_stuck(tx, path, mend=mend),
        *_counts(tx, mend=mend),
        *broken_log(first_broken(read_entries(tx))),
    ]


def _integrity(tx: SqliteTx) -> list[Finding]:
    found = [str(row[0]) for row in tx.db.execute("PRAGMA integrity_check(20)") if row[0] != "ok"]
    for table in ("mentions_index", "tickets_index"):
        try:
            tx.db.execute(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")  # noqa: S608 - literals
        except sqlite3.DatabaseError as error:
            found.append(f"{table}: {error}")
    return [Finding(check="integrity", what=each, mended=False, remedy=_DAMAGED) for each in found]


def _missing(tx: SqliteTx, *, mend: bool) -> list[Finding]:
    """What was acknowledged and is not there, as the mark beside the store told at the start."""
    row = tx.db.execute("SELECT lost_commits, lost_accepted FROM marks").fetchone()
    commits, accepted = row or (0, 0)
    if mend and commits:
        tx.db.execute("UPDATE marks SET lost_commits = 0, lost_accepted = 0")
    return lost(missing(commits, accepted), mend=mend) if commits else []


def _orphans(tx: SqliteTx, *, mend: bool) -> list[Finding]:
    found: list[Finding] = []
    for what, (table, condition) in _REFERENCES.items():
        (number,) = tx.db.execute(f"SELECT count(*) FROM {table} WHERE {condition}").fetchone()  # noqa: S608 - literals
        found += orphans(what, number, mend=mend)
        if number and mend:
            tx.db.execute(f"DELETE FROM {table} WHERE {condition}")  # noqa: S608 - literals
    return found


def _lost_tickets(tx: SqliteTx, *, mend: bool) -> list[Finding]:
    lost = []
    for channel, name, body in tx.db.execute("SELECT channel, id, body FROM conversations"):
        conversation = tx.coder.load(Conversation, body)
        if conversation.ticket is not None and not _has_ticket(tx, conversation.ticket):
            lost.append((channel, name, conversation))
    if mend:
        tx.db.executemany(
            "UPDATE conversations SET body = ? WHERE channel = ? AND id = ?",
            [
                (tx.coder.dump(replace(each, ticket=None)), channel, name)
                for channel, name, each in lost
            ],
        )
    return orphans("conversations that name a ticket which is not there", len(lost), mend=mend)


def _has_ticket(tx: SqliteTx, number: str) -> bool:
    row = tx.db.execute("SELECT 1 FROM tickets WHERE number = ?", (number,)).fetchone()
    return row is not None


def _stuck(tx: SqliteTx, path: Path, *, mend: bool) -> list[Finding]:
    owners = {row[0] for row in tx.db.execute("SELECT id FROM owners WHERE id <> ?", (tx.owner,))}
    held = {
        "events": "SELECT DISTINCT owner FROM events WHERE state = 0 AND owner <> 0",
        "replies": "SELECT DISTINCT owner FROM replies WHERE state = 'sending' AND owner <> 0",
        "deliveries": "SELECT DISTINCT owner FROM deliveries WHERE delivered = 0 AND owner <> 0",
    }
    found: list[Finding] = []
    gone: set[int] = set()
    for what, query in held.items():
        holders = {row[0] for row in tx.db.execute(query)} - {tx.owner}
        dead = {owner for owner in holders if owner not in owners or not alive(path, owner)}
        gone |= dead
        number = sum(
            tx.db.execute(f"SELECT count(*) FROM {what} WHERE owner = ?", (owner,)).fetchone()[0]  # noqa: S608 - literals
            for owner in dead
        )
        found += stuck(what, number, mend=mend)
    if mend:
        for owner in gone:
            release(tx, owner)
    return found


def _counts(tx: SqliteTx, *, mend: bool) -> list[Finding]:
    counted = read_counts(tx)
    rows: dict[str, int] = {}
    for state, reason, n in tx.db.execute(
        "SELECT state, reason, count(*) FROM events GROUP BY state, reason"
    ):
        name = counter_of(state, None if reason is None else text_of(reason))
        rows[name] = rows.get(name, 0) + n
    (rejects,) = tx.db.execute("SELECT count(*) FROM dead_letters WHERE seq IS NULL").fetchone()
    rows["dead"] = rows.get("dead", 0) + rejects
    really = recount(rows, counted)
    found = wrong_counts(counted, really, mend=mend)
    if found and mend:
        _set_counts(tx, really)
    return found


def _set_counts(tx: SqliteTx, counts: EventCounts) -> None:
    tx.db.execute("DELETE FROM counters")
    for name in ("received", "done", "pending", "dead"):
        tx.count(name, getattr(counts, name))
    for reason, n in counts.dropped.items():
        tx.count(f"dropped:{reason}", n)
