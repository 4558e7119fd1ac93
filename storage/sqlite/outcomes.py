"""The end of an event: done with all that its decision causes, dropped, or withdrawn."""

import dataclasses

from core.clock import micros
from core.events import Received
from core.mentions import Mention
from core.outbox import redirected
from core.outcomes import Outcome, Plan
from storage.encoding import key_of
from storage.records import about, judged, mention_words, search_filters
from storage.sqlite import outbox, tickets
from storage.sqlite.rows import note_day
from storage.sqlite.schema import DONE, DROPPED, PENDING
from storage.sqlite.work import Tx, Value


def record(tx: Tx, outcome: Outcome) -> None:
    """Store the end of a pending event and all that it causes."""
    row = tx.db.execute(
        "SELECT state, channel, id FROM events WHERE seq = ?", (outcome.seq,)
    ).fetchone()
    if row is None or row[0] != PENDING:
        return
    channel, native = row[1:]
    reason = outcome.dropped
    if reason is None and _deleted_since(tx, outcome.seq, channel, native):
        reason = "deleted"
    if reason is not None:
        _end(tx, outcome.seq, reason)
        return
    _end(tx, outcome.seq, None)
    ticket = None
    if outcome.plan is not None:
        ticket = _carry_out(tx, outcome.plan, (channel, native))
    if outcome.mention is not None:
        _mention(tx, outcome.mention, outcome.plan, ticket)


def _end(tx: Tx, seq: int, reason: str | None) -> None:
    state = DONE if reason is None else DROPPED
    tx.db.execute(
        "UPDATE events SET state = ?, owner = 0, reason = ? WHERE seq = ?",
        (state, None if reason is None else key_of(reason), seq),
    )
    tx.count("pending", -1)
    tx.count("done" if reason is None else f"dropped:{reason}", 1)


def _deleted_since(tx: Tx, seq: int, channel: Value, native: Value) -> bool:
    row = tx.db.execute(
        "SELECT 1 FROM events WHERE channel = ? AND id = ? AND seq > ? AND kind = 'delete'"
        " AND state <> 0",
        (channel, native, seq),
    ).fetchone()
    return row is not None


def _carry_out(tx: Tx, plan: Plan, event: tuple[Value, Value]) -> str | None:
    """Store what a plan causes; returns the number of its ticket."""
    number = None
    if plan.ticket is not None:
        number = tickets.put(tx, plan.ticket, about(*event), keep_staff=True)
    if plan.conversation is not None:
        conversation = plan.conversation
        if plan.ticket is not None and conversation.ticket == plan.ticket.number:
            conversation = dataclasses.replace(conversation, ticket=number)
        tickets.put_conversation(tx, conversation)
    for reply in plan.replies:
        outbox.add(
            tx, redirected(reply, wanted=plan.ticket.number if plan.ticket else None, number=number)
        )
    return number


def _mention(tx: Tx, mention: Mention, plan: Plan | None, ticket: str | None) -> None:
    event, judgement = mention.event, mention.judgement
    posted = micros(event.posted_at)
    tx.db.execute(
        "INSERT INTO mentions (seq, posted_at, negative, ticket, incident, body)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            mention.seq,
            posted,
            judgement.sentiment == "negative",
            None if ticket is None else key_of(ticket),
            None if mention.incident is None else key_of(mention.incident),
            tx.coder.dump(judged(mention, plan)),
        ),
    )
    note_day(tx, posted, mention.seq)
    tx.index(
        "INSERT INTO mentions_index (rowid, words, filters) VALUES (?, ?, ?)",
        (
            mention.seq,
            mention_words(mention),
            " ".join(search_filters(mention)),
        ),
    )


def withdraw(tx: Tx, item: Received) -> None:
    """End a DELETE event: hide its mentions, cancel what was not sent, forget its line."""
    (pending,) = tx.db.execute(
        "SELECT count(*) FROM events WHERE seq = ? AND state = 0", (item.seq,)
    ).fetchone()
    if not pending:
        return
    _end(tx, item.seq, "deleted")
    post = (key_of(item.event.channel), key_of(item.event.id))
    seqs = [
        (seq,)
        for (seq,) in tx.db.execute("SELECT seq FROM events WHERE channel = ? AND id = ?", post)
    ]
    tx.db.executemany("UPDATE mentions SET withdrawn = 1 WHERE seq = ?", seqs)
    for (seq,) in seqs:
        outbox.cancel_for(tx, seq, "withdrawn by its author")
    tx.db.execute(
        "DELETE FROM lines WHERE channel = ? AND conversation = ? AND native = ?",
        (post[0], tx.coder.who(item.event.conversation), post[1]),
    )
