"""What is forgotten of matters that are long over: tickets, conversations, alerts, dead letters.

Each step takes one batch after a place, and returns how many records it forgot and the next place,
``None`` at the end. All may run again and again.
"""

from collections.abc import Callable
from typing import Final

from core.alerts import Alert, is_settled
from core.clock import micros, moment
from core.conversations import Conversation, ConversationLine
from core.events import AGED, Event
from core.outbox import Reply, without_content
from core.tickets import Ticket
from storage.records import ticket_words
from storage.sqlite.maintenance import bare
from storage.sqlite.schema import DROPPED
from storage.sqlite.work import Row, Tx

BATCH: Final = 500
_FIRST_PLACE: Final = (-(2**62), "", "")
Place = Row | None
Step = Callable[[Tx, int, Place], tuple[int, Place]]


def tickets(tx: Tx, before: int, after: Place) -> tuple[int, Place]:
    """Resolved tickets that were due before, and whose conversation has been quiet since."""
    (place,) = after or (0,)
    rows = tx.db.execute(
        "SELECT t.id, t.number, t.body FROM tickets t WHERE t.id > ? AND t.state = 'resolved'"
        " AND t.due < ? AND NOT EXISTS (SELECT 1 FROM conversations c WHERE c.channel = t.channel"
        " AND c.id = t.conversation AND c.updated_at >= ?) ORDER BY t.id LIMIT ?",
        (place, before, before, BATCH),
    ).fetchall()
    for row, number, body in rows:
        tx.index(
            "INSERT INTO tickets_index (tickets_index, rowid, words) VALUES ('delete', ?, ?)",
            (row, ticket_words(tx.coder.load(Ticket, body))),
        )
        tx.db.execute("DELETE FROM tickets WHERE id = ?", (row,))
        tx.db.execute("UPDATE mentions SET ticket = NULL WHERE ticket = ?", (number,))
    return len(rows), rows[-1][:1] if rows else None


def conversations(tx: Tx, before: int, after: Place) -> tuple[int, Place]:
    """Conversations in which nothing happened since and nothing is owed, with what was said."""
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
            _forget_talk(tx, (channel, name))
            done += 1
    return done, rows[-1][:3] if rows else None


def _is_owed(tx: Tx, thread: Row, ticket: str | None) -> bool:
    row = tx.db.execute(
        "SELECT 1 FROM replies WHERE channel = ? AND conversation = ?"
        " AND state IN ('draft', 'pending', 'sending') UNION ALL"
        " SELECT 1 FROM tickets WHERE number = ? LIMIT 1",
        (*thread, ticket),
    ).fetchone()
    return row is not None


def _forget_talk(tx: Tx, thread: Row) -> None:
    tx.db.execute("DELETE FROM lines WHERE channel = ? AND conversation = ?", thread)
    tx.db.execute("DELETE FROM conversations WHERE channel = ? AND id = ?", thread)
    where = "WHERE channel = ? AND conversation = ?"
    for row, body in tx.db.execute(f"SELECT id, body FROM replies {where}", thread).fetchall():  # noqa: S608 - a literal above
        forgotten = without_content(tx.coder.load(Reply, body))
        tx.db.execute("UPDATE replies SET body = ? WHERE id = ?", (tx.coder.dump(forgotten), row))


def lines(tx: Tx, before: int, after: Place) -> tuple[int, Place]:
    """Lines said before that belong to no conversation which is kept."""
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


def alerts(tx: Tx, before: int, after: Place) -> tuple[int, Place]:
    """Alerts that were resolved before, with their deliveries."""
    (place,) = after or (0,)
    rows = tx.db.execute(
        "SELECT id, body FROM alerts WHERE id > ? AND state = 'resolved' AND created_at < ?"
        " ORDER BY id LIMIT ?",
        (place, before, BATCH),
    ).fetchall()
    gone = [(row,) for row, body in rows if is_settled(tx.coder.load(Alert, body), moment(before))]
    tx.db.executemany("DELETE FROM alerts WHERE id = ?", gone)
    return len(gone), rows[-1][:1] if rows else None


def dead_letters(tx: Tx, before: int, after: Place) -> tuple[int, Place]:
    """What could not be processed: it is counted as dropped from then on."""
    (place,) = after or (0,)
    rows = tx.db.execute(
        "SELECT d.id, d.seq, e.body FROM dead_letters d LEFT JOIN events e ON e.seq = d.seq"
        " WHERE d.id > ? AND d.at < ? ORDER BY d.id LIMIT ?",
        (place, before, BATCH),
    ).fetchall()
    for row, seq, body in rows:
        tx.db.execute("DELETE FROM dead_letters WHERE id = ?", (row,))
        if seq is not None:
            bare(tx, seq, tx.coder.load(Event, body), "")
            tx.db.execute(
                "UPDATE events SET state = ?, reason = ? WHERE seq = ?", (DROPPED, AGED, seq)
            )
    tx.count("dead", -len(rows))
    tx.count(f"dropped:{AGED}", len(rows))
    return len(rows), rows[-1][:1] if rows else None


def mutes(tx: Tx, before: int, after: Place) -> tuple[int, Place]:
    """Silences that were over before; all at once, since staff lay down few."""
    done = tx.db.execute("DELETE FROM silences WHERE until < ?", (before,))
    return done.rowcount, after


STEPS: Final[tuple[Step, ...]] = (tickets, conversations, lines, alerts, dead_letters, mutes)
"""Tickets come before their conversations, and those before lines that belong to none."""


def batch(step: Step, before: int, after: Place) -> Callable[[Tx], tuple[int, Place]]:
    """A step's next batch as a piece of work."""
    return lambda tx: step(tx, before, after)
