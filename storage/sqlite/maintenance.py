"""Retention, and the state of the store.

Each step of retention takes one batch after a place, and returns how many records it removed and
the next place, ``None`` at the end. All of them may run again and again.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from core.clock import micros, moment
from core.model.alerts import Alert, is_settled
from core.model.conversations import Conversation, ConversationLine
from core.model.events import (
    AGED,
    RETENTION_CLASSES,
    Event,
    RetentionClass,
    retention_class,
    with_text,
)
from core.model.figures import Figures
from core.model.health import Finding
from core.model.outbox import without_content
from core.model.tickets import Ticket
from storage.records import DROPPED, HOUR, PENDING, StoredMention
from storage.sqlite import doctor
from storage.sqlite.conversations import rewrite_line
from storage.sqlite.engine import index
from storage.sqlite.engine.connection import Row, SqliteTx, View
from storage.sqlite.engine.database import SqliteDatabase
from storage.sqlite.outbox import COLUMNS, reply_of
from storage.sqlite.values import put_value, read_value

BATCH: Final = 500
_ROOM: Final = "room"
_PAGE_OF_EVENTS: Final = 1 << 18
"""Bytes."""
_FIRST_PLACE: Final = (-(2**62), "", "")
Place = Row | None
Step = Callable[[SqliteTx, int, Place], tuple[int, Place]]


class SqliteMaintenance:
    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db

    async def age(
        self, *, raw: datetime, spam: datetime, messages: datetime, records: datetime
    ) -> int:
        before = {"dropped": spam, "public": raw, "private": messages}
        total = 0
        for which in RETENTION_CLASSES:
            done: int | None = 0
            while done is not None:
                done = await self._db.write(_batch_of_texts(which, micros(before[which])))
                total += done or 0
        for step in _STEPS:
            after: Place = None
            while True:
                removed, after = await self._db.write(_batch_of(step, micros(records), after))
                total += removed
                if after is None:
                    break
        return total

    async def figures(self, now: datetime) -> Figures:
        def query(view: View) -> Figures:
            ask, at = view.db.execute, micros(now)
            mentions, negative = ask(
                "SELECT count(*), coalesce(sum(negative), 0) FROM mentions"
                " WHERE posted_at > ? AND posted_at <= ?",
                (at - HOUR, at),
            ).fetchone()
            (unresolved,) = ask("SELECT count(*) FROM tickets WHERE state <> 'resolved'").fetchone()
            (late,) = ask(
                "SELECT count(*) FROM tickets"
                " WHERE state <> 'resolved' AND answered IS NULL AND due <= ?",
                (at,),
            ).fetchone()
            (drafts,) = ask("SELECT count(*) FROM replies WHERE state = 'draft'").fetchone()
            (firing,) = ask("SELECT count(*) FROM alerts WHERE state = 'firing'").fetchone()
            return Figures(
                unresolved_tickets=unresolved,
                late_tickets=late,
                drafts=drafts,
                firing_alerts=firing,
                mentions_last_hour=mentions,
                negative_last_hour=negative,
            )

        return await self._db.read(query)

    async def check(self) -> None:
        if self._db.failing:
            await self._db.write(lambda tx: put_value(tx, _ROOM, "0" * _PAGE_OF_EVENTS))
            await self._db.write(
                lambda tx: tx.db.execute("DELETE FROM settings WHERE key = ?", (_ROOM,))
            )
            self._db.failing = False

    async def examine(self, *, mend: bool) -> Sequence[Finding]:
        path = self._db.path
        return await self._db.write(lambda tx: doctor.examine(tx, path, mend=mend))


def _batch_of_texts(which: RetentionClass, before: int) -> Callable[[SqliteTx], int | None]:
    """Forget the texts of up to ``BATCH`` ended events; ``None`` where none is left.

    The masked text of a mention stays, in its line too. Goes on from where it stopped the last
    time, and never passes an event that is still pending.
    """
    mark = f"purged_to:{which}"

    def work(tx: SqliteTx) -> int | None:
        start = int(read_value(tx, mark) or 0)
        rows = tx.db.execute(
            "SELECT e.seq, e.state, e.body, m.body FROM events e"
            " LEFT JOIN mentions m ON m.seq = e.seq"
            " WHERE e.seq > ? AND e.received_at < ? ORDER BY e.seq LIMIT ?",
            (start, before, BATCH),
        ).fetchall()
        done = 0
        for seq, state, body, judged in rows:
            if state == PENDING:
                break
            start = seq
            event = tx.coder.load(Event, body)
            if retention_class(event, dropped=state == DROPPED) == which:
                masked = tx.coder.load(StoredMention, judged).masked_text if judged else ""
                done += _forget_text(tx, seq, event, event.text if masked is None else masked)
        put_value(tx, mark, str(start))
        return done if rows and rows[0][1] != PENDING else None

    return work


def _forget_text(tx: SqliteTx, seq: int, event: Event, text: str) -> bool:
    """Leave ``text`` in an event and in its line; False where nothing else was there."""
    bare = with_text(event, text)
    if bare == event:
        return False
    tx.db.execute("UPDATE events SET body = ? WHERE seq = ?", (tx.coder.dump(bare), seq))
    rewrite_line(tx, event, text)
    return True


def _batch_of(step: Step, before: int, after: Place) -> Callable[[SqliteTx], tuple[int, Place]]:
    return lambda tx: step(tx, before, after)


def _tickets(tx: SqliteTx, before: int, after: Place) -> tuple[int, Place]:
    """Resolved tickets that were due before, and whose conversation has been quiet since."""
    (place,) = after or (0,)
    rows = tx.db.execute(
        "SELECT t.id, t.number, t.body FROM tickets t WHERE t.id > ? AND t.state = 'resolved'"
        " AND t.due < ? AND NOT EXISTS (SELECT 1 FROM conversations c WHERE c.channel = t.channel"
        " AND c.id = t.conversation AND c.updated_at >= ?) ORDER BY t.id LIMIT ?",
        (place, before, before, BATCH),
    ).fetchall()
    for row, number, body in rows:
        index.remove_ticket(tx, row, tx.coder.load(Ticket, body))
        tx.db.execute("DELETE FROM tickets WHERE id = ?", (row,))
        tx.db.execute("UPDATE mentions SET ticket = NULL WHERE ticket = ?", (number,))
    return len(rows), rows[-1][:1] if rows else None


def _conversations(tx: SqliteTx, before: int, after: Place) -> tuple[int, Place]:
    """Conversations without news since and with nothing owed, with their lines."""
    rows = tx.db.execute(
        "SELECT updated_at, channel, id, body FROM conversations WHERE updated_at < ?"
        " AND (updated_at, channel, id) > (?, ?, ?) ORDER BY updated_at, channel, id LIMIT ?",
        (before, *(after or _FIRST_PLACE), BATCH),
    ).fetchall()
    done = 0
    for _, channel, name, body in rows:
        conversation = tx.coder.load(Conversation, body)
        if micros(conversation.updated_at) >= before:
            tx.db.execute(
                "UPDATE conversations SET updated_at = ? WHERE channel = ? AND id = ?",
                (micros(conversation.updated_at), channel, name),
            )
        elif not _is_owed(tx, (channel, name), conversation.ticket):
            _forget_conversation(tx, (channel, name))
            done += 1
    return done, rows[-1][:3] if rows else None


def _is_owed(tx: SqliteTx, thread: Row, ticket: str | None) -> bool:
    row = tx.db.execute(
        "SELECT 1 FROM replies WHERE channel = ? AND conversation = ?"
        " AND state IN ('draft', 'pending', 'sending') UNION ALL"
        " SELECT 1 FROM tickets WHERE number = ? LIMIT 1",
        (*thread, ticket),
    ).fetchone()
    return row is not None


def _forget_conversation(tx: SqliteTx, thread: Row) -> None:
    tx.db.execute("DELETE FROM lines WHERE channel = ? AND conversation = ?", thread)
    tx.db.execute("DELETE FROM conversations WHERE channel = ? AND id = ?", thread)
    rows = tx.db.execute(
        f"SELECT id, {COLUMNS} FROM replies WHERE channel = ? AND conversation = ?",  # noqa: S608 - a literal
        thread,
    ).fetchall()
    for row, *columns in rows:
        kept = tx.coder.dump(without_content(reply_of(tx, *columns)))
        tx.db.execute("UPDATE replies SET body = ?, native = NULL WHERE id = ?", (kept, row))


def _lines(tx: SqliteTx, before: int, after: Place) -> tuple[int, Place]:
    """Lines from before that belong to no conversation which is kept."""
    (place,) = after or (0,)
    rows = tx.db.execute(
        "SELECT seq, body, EXISTS (SELECT 1 FROM conversations c WHERE c.channel = l.channel"
        " AND c.id = l.conversation) FROM lines l WHERE seq > ? ORDER BY seq LIMIT ?",
        (place, BATCH),
    ).fetchall()
    old = [
        (seq, kept)
        for seq, body, kept in rows
        if micros(tx.coder.load(ConversationLine, body).at) < before
    ]
    gone = [(seq,) for seq, kept in old if not kept]
    tx.db.executemany("DELETE FROM lines WHERE seq = ?", gone)
    return len(gone), rows[-1][:1] if old else None


def _alerts(tx: SqliteTx, before: int, after: Place) -> tuple[int, Place]:
    """Alerts that were resolved before, with their deliveries."""
    (place,) = after or (0,)
    rows = tx.db.execute(
        "SELECT id, body FROM alerts WHERE id > ? AND state = 'resolved' AND created_at < ?"
        " ORDER BY id LIMIT ?",
        (place, before, BATCH),
    ).fetchall()
    limit = moment(before)
    gone = [(row,) for row, body in rows if is_settled(tx.coder.load(Alert, body), limit)]
    tx.db.executemany("DELETE FROM alerts WHERE id = ?", gone)
    return len(gone), rows[-1][:1] if rows else None


def _dead_letters(tx: SqliteTx, before: int, after: Place) -> tuple[int, Place]:
    """Dead letters; their events count as dropped from then on."""
    (place,) = after or (0,)
    rows = tx.db.execute(
        "SELECT d.id, d.seq, e.body FROM dead_letters d LEFT JOIN events e ON e.seq = d.seq"
        " WHERE d.id > ? AND d.at < ? ORDER BY d.id LIMIT ?",
        (place, before, BATCH),
    ).fetchall()
    for row, seq, body in rows:
        tx.db.execute("DELETE FROM dead_letters WHERE id = ?", (row,))
        if seq is not None:
            _forget_text(tx, seq, tx.coder.load(Event, body), "")
            tx.db.execute(
                "UPDATE events SET state = ?, reason = ? WHERE seq = ?", (DROPPED, AGED, seq)
            )
    tx.count("dead", -len(rows))
    tx.count(f"dropped:{AGED}", len(rows))
    return len(rows), rows[-1][:1] if rows else None


def _mutes(tx: SqliteTx, before: int, after: Place) -> tuple[int, Place]:
    """Mutes that expired before; all at once, since there are few."""
    done = tx.db.execute("DELETE FROM silences WHERE until < ?", (before,))
    return done.rowcount, after


_STEPS: Final[tuple[Step, ...]] = (_tickets, _conversations, _lines, _alerts, _dead_letters, _mutes)
"""Tickets come before their conversations, and those before lines that belong to none."""
