"""The durable queue of events: stored, claimed, and ended with everything a decision causes."""

import json
from collections.abc import Sequence
from datetime import datetime

from core.clock import micros, moment
from core.model.events import DeadLetter, Event, EventCounts, Page, Receipt, Received, Reject
from core.model.outcomes import Outcome, Plan, with_ticket
from storage.encoding import key_of, text_of
from storage.records import (
    BACK_OFF,
    DAY,
    DEAD,
    DONE,
    DROPPED,
    PENDING,
    event_counts,
    judged,
    overtaken_by,
)
from storage.sqlite import tickets
from storage.sqlite.conversations import hear, put_conversation, remove_line
from storage.sqlite.engine import index
from storage.sqlite.engine.connection import Row, SqliteTx, Value, View
from storage.sqlite.engine.database import SqliteDatabase, release_dead, release_events
from storage.sqlite.outbox import add_reply, cancel_for


class SqliteEvents:
    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db
        self._troubles_seen = 0
        """SqliteDatabase.troubles when events were last claimed."""

    async def accept(self, connector: str, page: Page) -> Receipt:
        coder = self._db.coder
        encoded = [  # before the transaction, where it delays no other caller
            (
                key_of(event.channel),
                key_of(event.id),
                event.revision,
                event.kind.value,
                coder.who(event.author.id),
                coder.dump(event),
            )
            for event in page.events
        ]
        return await self._db.write(lambda tx: _accept(tx, connector, page, encoded))

    async def cursor(self, connector: str) -> str | None:
        def query(view: View) -> str | None:
            row = view.db.execute(
                "SELECT cursor FROM cursors WHERE connector = ?", (connector,)
            ).fetchone()
            return text_of(row[0]) if row else None

        return await self._db.read(query)

    async def claim(self, limit: int) -> Sequence[Received]:
        path = self._db.path
        also_own = self._troubles_seen < self._db.troubles
        self._troubles_seen = self._db.troubles

        def work(tx: SqliteTx) -> list[Received]:
            release_dead(tx, path)
            if also_own:
                release_events(tx, tx.owner)
            rows = _next_due(tx, limit)
            tx.db.executemany(
                "UPDATE events SET owner = ? WHERE seq = ?", [(tx.owner, row[0]) for row in rows]
            )
            return [
                Received(
                    seq=seq,
                    attempts=attempts,
                    received_at=moment(received_at),
                    event=tx.coder.load(Event, body),
                )
                for seq, attempts, received_at, body in rows
            ]

        return await self._db.write(work)

    async def record(self, outcomes: Sequence[Outcome]) -> None:
        def work(tx: SqliteTx) -> None:
            for outcome in outcomes:
                _record(tx, outcome)

        await self._db.write(work)

    async def withdraw(self, item: Received) -> None:
        def work(tx: SqliteTx) -> None:
            if _pending(tx, item.seq) is None:
                return
            _end(tx, item.seq, "deleted")
            event = item.event
            rows = tx.db.execute(
                "SELECT seq FROM events WHERE channel = ? AND id = ?",
                (key_of(event.channel), key_of(event.id)),
            ).fetchall()
            tx.db.executemany("UPDATE mentions SET withdrawn = 1 WHERE seq = ?", rows)
            for (seq,) in rows:
                cancel_for(tx, seq, "withdrawn by its author")
            remove_line(tx, event)

        await self._db.write(work)

    async def fail(self, seq: int, error: str, *, tries: int = 5) -> bool:
        def work(tx: SqliteTx) -> bool:
            found = _pending(tx, seq)
            if found is None:
                return False
            channel, native, attempts = *found[:2], found[2] + 1
            if attempts < tries:
                tx.db.execute(
                    "UPDATE events SET attempts = ?, owner = 0, due = ? WHERE seq = ?",
                    (attempts, tx.now + attempts * BACK_OFF, seq),
                )
                return False
            tx.db.execute(
                "UPDATE events SET attempts = ?, owner = 0, state = ? WHERE seq = ?",
                (attempts, DEAD, seq),
            )
            tx.db.execute(
                "INSERT INTO dead_letters (channel, native, seq, reason, at)"
                " VALUES (?, ?, ?, ?, ?)",
                (channel, native, seq, key_of(error), tx.now),
            )
            tx.count("pending", -1)
            tx.count("dead", 1)
            return True

        return await self._db.write(work)

    async def counts(self) -> EventCounts:
        return await self._db.read(read_counts)

    async def dead_letters(self, *, limit: int = 50) -> Sequence[DeadLetter]:
        def query(view: View) -> list[DeadLetter]:
            rows = view.db.execute(
                "SELECT d.id, d.channel, d.native, d.raw, d.reason, d.at, d.seq, e.body"
                " FROM dead_letters d LEFT JOIN events e ON e.seq = d.seq"
                " ORDER BY d.id DESC LIMIT ?",
                (limit,),
            ).fetchall()
            return [
                DeadLetter(
                    id=id_,
                    channel=text_of(channel),
                    native_id=text_of(native),
                    raw=view.coder.open(body if raw is None else raw),
                    reason=text_of(reason),
                    at=moment(at),
                    seq=seq,
                )
                for id_, channel, native, raw, reason, at, seq, body in rows
            ]

        return await self._db.read(query)

    async def replay_dead_letter(self, id: int) -> bool:  # noqa: A002
        def work(tx: SqliteTx) -> bool:
            row = tx.db.execute(
                "SELECT seq FROM dead_letters WHERE id = ? AND seq IS NOT NULL", (id,)
            ).fetchone()
            if row is None:
                return False
            tx.db.execute(
                "UPDATE events SET state = ?, attempts = 0, due = 0, owner = 0 WHERE seq = ?",
                (PENDING, row[0]),
            )
            tx.db.execute("DELETE FROM dead_letters WHERE id = ?", (id,))
            tx.count("dead", -1)
            tx.count("pending", 1)
            return True

        return await self._db.write(work)


def _next_due(tx: SqliteTx, limit: int) -> list[tuple[int, int, int, bytes]]:
    """Sequence number, tries, time and content of the next events.

    Ends those whose later revision, or whose deletion, arrived before them.
    """
    kept: list[tuple[int, int, int, bytes]] = []
    while True:
        rows = tx.db.execute(
            "SELECT seq, attempts, received_at, body FROM events"
            " WHERE state = 0 AND owner = 0 AND due <= ? AND seq > ? ORDER BY seq LIMIT ?",
            (tx.now, kept[-1][0] if kept else 0, limit - len(kept)),
        ).fetchall()
        overtaken = dict(
            tx.db.execute(
                "SELECT e.seq, max(later.kind = 'delete') FROM events e JOIN events later"
                " ON later.channel = e.channel AND later.id = e.id"
                " AND later.revision > e.revision AND later.seq < e.seq AND later.state <> ?"
                " WHERE e.seq IN (SELECT value FROM json_each(?)) GROUP BY e.seq",
                (DEAD, json.dumps([row[0] for row in rows])),
            )
        )
        for seq, deleted in overtaken.items():
            _end(tx, seq, overtaken_by(deleted=bool(deleted)))
        kept += [row for row in rows if row[0] not in overtaken]
        if not overtaken:
            return kept


def read_counts(view: View) -> EventCounts:
    return event_counts(dict(view.db.execute("SELECT name, n FROM counters")))


def note_day(tx: SqliteTx, posted_at: datetime, seq: int) -> None:
    """Extend the range of seqs in which mentions posted on that day lie."""
    tx.db.execute(
        "INSERT INTO days (day, first, last) VALUES (?1, ?2, ?2) ON CONFLICT (day) DO UPDATE"
        " SET first = min(first, excluded.first), last = max(last, excluded.last)",
        (micros(posted_at) // DAY, seq),
    )


def _accept(tx: SqliteTx, connector: str, page: Page, encoded: Sequence[Row]) -> Receipt:
    accepted = 0
    for event, values in zip(page.events, encoded, strict=True):
        found = tx.db.execute(
            "INSERT INTO events (channel, id, revision, kind, author, body, received_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (*values, tx.now),
        )
        if found.rowcount:
            accepted += 1
            hear(tx, event)
    rejected = sum(_reject(tx, reject) for reject in page.rejects)
    if page.cursor is not None:
        tx.db.execute(
            "INSERT INTO cursors (connector, cursor) VALUES (?, ?)"
            " ON CONFLICT (connector) DO UPDATE SET cursor = excluded.cursor",
            (connector, key_of(page.cursor)),
        )
    received = len(page.events) + len(page.rejects)
    duplicates = received - accepted - rejected
    tx.count("received", received)
    tx.count("pending", accepted)
    tx.count("dead", rejected)
    tx.count("dropped:duplicate", duplicates)
    return Receipt(accepted=accepted, rejected=rejected, duplicates=duplicates)


def _reject(tx: SqliteTx, reject: Reject) -> int:
    found = tx.db.execute(
        "INSERT INTO dead_letters (channel, native, raw, reason, at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (
            key_of(reject.channel),
            key_of(reject.id),
            tx.coder.seal(reject.raw),
            key_of(reject.reason),
            tx.now,
        ),
    )
    return found.rowcount


def _pending(tx: SqliteTx, seq: int) -> tuple[Value, Value, int] | None:
    """Channel, native id and tries of an event that has not ended."""
    found: tuple[Value, Value, int] | None = tx.db.execute(
        "SELECT channel, id, attempts FROM events WHERE seq = ? AND state = 0", (seq,)
    ).fetchone()
    return found


def _record(tx: SqliteTx, outcome: Outcome) -> None:
    found = tx.db.execute(
        "SELECT channel, id, EXISTS (SELECT 1 FROM events d WHERE d.channel = e.channel"
        " AND d.id = e.id AND d.seq > e.seq AND d.kind = 'delete' AND d.state <> 0)"
        " FROM events e WHERE seq = ? AND state = 0",
        (outcome.seq,),
    ).fetchone()
    if found is None:
        return
    channel, native, deleted_since = found
    reason = "deleted" if outcome.dropped is None and deleted_since else outcome.dropped
    _end(tx, outcome.seq, reason)
    if reason is not None:
        return
    plan, mention = outcome.plan, outcome.mention
    ticket = None if plan is None else _carry_out(tx, plan, channel, native)
    if mention is None:
        return
    tx.db.execute(
        "INSERT INTO mentions (seq, posted_at, negative, ticket, incident, body)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            mention.seq,
            micros(mention.event.posted_at),
            mention.judgement.sentiment == "negative",
            None if ticket is None else key_of(ticket),
            None if mention.incident is None else key_of(mention.incident),
            tx.coder.dump(judged(mention, plan)),
        ),
    )
    note_day(tx, mention.event.posted_at, mention.seq)
    index.add_mention(tx, mention)


def _end(tx: SqliteTx, seq: int, reason: str | None) -> None:
    state = DONE if reason is None else DROPPED
    tx.db.execute(
        "UPDATE events SET state = ?, owner = 0, reason = ? WHERE seq = ?",
        (state, None if reason is None else key_of(reason), seq),
    )
    tx.count("pending", -1)
    tx.count("done" if reason is None else f"dropped:{reason}", 1)


def _carry_out(tx: SqliteTx, plan: Plan, channel: Value, native: Value) -> str | None:
    """Store what a decision causes; returns the number of its ticket."""
    number = None
    if plan.ticket is not None:
        number = tickets.put_decided(tx, plan.ticket, channel, native)
        plan = with_ticket(plan, number)
    if plan.conversation is not None:
        put_conversation(tx, plan.conversation)
    for reply in plan.replies:
        add_reply(tx, reply, plan.conversation)
    return number
