"""Tickets and conversations."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from core.clock import micros
from core.conversations import Conversation, ConversationLine, given_back
from core.errors import Conflict, InputError
from core.tickets import Ticket, TicketFilter, TicketPage, TicketState, ordinal, with_staff
from storage.encoding import key_of
from storage.records import DAY, FIRST, about, ticket_words
from storage.sqlite.search import match
from storage.sqlite.work import Tx, Value, View


def reserve(tx: Tx, kind: str) -> str:
    """The next number of a kind: ``T-1001``, ``INC-101``."""
    (last,) = tx.db.execute(
        "INSERT INTO numbers (name, last) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last",
        (kind, FIRST[kind]),
    ).fetchone()
    return f"{kind}-{last}"


def origin_of(tx: Tx, mention: int | None) -> str | bytes | None:
    """``about`` a mention's event."""
    row = tx.db.execute("SELECT channel, id FROM events WHERE seq = ?", (mention,)).fetchone()
    return about(*row) if row else None


def put(tx: Tx, ticket: Ticket, origin: str | bytes | None, *, keep_staff: bool = False) -> str:
    """Store a new or changed ticket; returns its number, or that of the one about the same event.

    ``keep_staff``: what staff noted since the ticket was read stays.
    """
    row = tx.db.execute(
        "SELECT id, body FROM tickets WHERE number = ?", (key_of(ticket.number),)
    ).fetchone()
    if row is not None:
        stored = tx.coder.load(Ticket, row[1])
        if keep_staff:
            ticket = with_staff(ticket, stored)
        _update(tx, row[0], ticket, stored)
        return ticket.number
    twin = (
        origin and tx.db.execute("SELECT body FROM tickets WHERE origin = ?", (origin,)).fetchone()
    )
    if twin:
        return tx.coder.load(Ticket, twin[0]).number
    insert(tx, ticket, origin)
    return ticket.number


def _values(tx: Tx, ticket: Ticket) -> tuple[Value, ...]:
    coder = tx.coder
    return (
        ticket.brand,
        key_of(ticket.channel),
        coder.who(ticket.conversation),
        coder.who(ticket.customer),
        None if ticket.owner is None else key_of(ticket.owner),
        ticket.state.value,
        ticket.severity,
        micros(ticket.due_at),
        None if ticket.answered_at is None else micros(ticket.answered_at),
        None if ticket.reminded_at is None else micros(ticket.reminded_at),
        coder.dump(ticket),
    )


def insert(tx: Tx, ticket: Ticket, origin: Value, *, body: bytes | None = None) -> None:
    """Store a ticket that is not there; ``body`` is the ticket as it was written elsewhere."""
    values = _values(tx, ticket)
    found = tx.db.execute(
        "INSERT INTO tickets (number, ordinal, origin, brand, channel, conversation, customer,"
        " owner, state, severity, due, answered, reminded, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            key_of(ticket.number),
            ordinal(ticket.number),
            origin,
            *values[:-1],
            body or values[-1],
        ),
    )
    tx.index(
        "INSERT INTO tickets_index (rowid, words) VALUES (?, ?)",
        (found.lastrowid, ticket_words(ticket)),
    )


def _update(tx: Tx, row: int, ticket: Ticket, stored: Ticket) -> None:
    tx.db.execute(
        "UPDATE tickets SET brand = ?, channel = ?, conversation = ?, customer = ?, owner = ?,"
        " state = ?, severity = ?, due = ?, answered = ?, reminded = ?, body = ? WHERE id = ?",
        (*_values(tx, ticket), row),
    )
    if ticket_words(ticket) != ticket_words(stored):
        tx.index(
            "INSERT INTO tickets_index (tickets_index, rowid, words) VALUES ('delete', ?, ?)",
            (row, ticket_words(stored)),
        )
        tx.index(
            "INSERT INTO tickets_index (rowid, words) VALUES (?, ?)", (row, ticket_words(ticket))
        )


def save(tx: Tx, ticket: Ticket, was: Ticket) -> None:
    """Store a change of a ticket; raises Conflict where it is not as ``was`` any more."""
    row = tx.db.execute(
        "SELECT id, body FROM tickets WHERE number = ?", (key_of(was.number),)
    ).fetchone()
    if row is None or (stored := tx.coder.load(Ticket, row[1])) != was:
        raise Conflict(f"the ticket {was.number} was changed by somebody else. Read it again.")
    _update(tx, row[0], ticket, stored)
    if ticket.state is TicketState.RESOLVED:
        _give_back(tx, ticket)


def _give_back(tx: Tx, ticket: Ticket) -> None:
    found = conversation(tx, ticket.channel, ticket.conversation)
    back = None if found is None else given_back(found, resolved=ticket.number)
    if back is not None:
        put_conversation(tx, back)


def mark_reminded(tx: Tx, number: str, at: datetime) -> None:
    """Note that staff were reminded of a ticket."""
    row = tx.db.execute(
        "SELECT id, body FROM tickets WHERE number = ?", (key_of(number),)
    ).fetchone()
    if row is not None:
        stored = tx.coder.load(Ticket, row[1])
        _update(tx, row[0], dataclasses.replace(stored, reminded_at=at), stored)


def ticket(view: View, number: str) -> Ticket | None:
    row = view.db.execute("SELECT body FROM tickets WHERE number = ?", (key_of(number),)).fetchone()
    return view.coder.load(Ticket, row[0]) if row else None


def late(view: View, now: int) -> list[Ticket]:
    """Unanswered and past their due time, and not reminded of since, or a day ago."""
    rows = view.db.execute(
        "SELECT body FROM tickets WHERE state <> 'resolved' AND answered IS NULL AND due <= ?1"
        " AND (reminded IS NULL OR reminded < due OR reminded <= ?2)"
        " ORDER BY severity, due, ordinal, number",
        (now, now - DAY),
    ).fetchall()
    return [view.coder.load(Ticket, body) for (body,) in rows]


def page(view: View, where: TicketFilter, after: str | None, limit: int) -> TicketPage:
    """Tickets, most urgent first; ``after`` is ``TicketPage.next``."""
    if where.text and where.text.strip() and not (wanted := match("words", where.text)):
        return TicketPage(tickets=(), next=None)
    clauses, values = _clauses(where)
    if where.text and where.text.strip():
        clauses.append("id IN (SELECT rowid FROM tickets_index WHERE tickets_index MATCH ?)")
        values.append(wanted)
    if after is not None:
        clauses.append("(severity, due, ordinal, number) > (?, ?, ?, ?)")
        values.extend(_place(after))
    rows = view.db.execute(
        f"SELECT severity, due, ordinal, number, body FROM tickets WHERE {' AND '.join(clauses)}"  # noqa: S608 - the clauses are literals of this file
        " ORDER BY severity, due, ordinal, number LIMIT ?",
        (*values, limit + 1),
    ).fetchall()
    more = len(rows) > limit
    found = tuple(view.coder.load(Ticket, row[4]) for row in rows[:limit])
    last = rows[limit - 1] if more else None
    return TicketPage(
        tickets=found, next=None if last is None else f"{last[0]}:{last[1]}:{last[2]}:{last[3]}"
    )


def _clauses(where: TicketFilter) -> tuple[list[str], list[Value]]:
    clauses, values = ["1"], list[Value]()
    if where.state == "unresolved":
        clauses.append("state <> 'resolved'")
    for column, value in (
        ("state", None if where.state == "unresolved" else where.state),
        ("brand", where.brand),
        ("channel", where.channel),
        ("owner", where.owner),
    ):
        if value is not None:
            clauses.append(f"{column} = ?")
            values.append(key_of(value))
    return clauses, values


def _place(after: str) -> Sequence[Value]:
    try:
        severity, due, ordinal, number = after.split(":", 3)
        return severity, int(due), int(ordinal), key_of(number)
    except ValueError:
        raise InputError(f"{after!r} is no place in a list. Start from the first page.") from None


def conversation(view: View, channel: str, native: str) -> Conversation | None:
    row = view.db.execute(
        "SELECT body FROM conversations WHERE channel = ? AND id = ?",
        (key_of(channel), view.coder.who(native)),
    ).fetchone()
    return view.coder.load(Conversation, row[0]) if row else None


def put_conversation(tx: Tx, conversation: Conversation) -> None:
    """Store a conversation, new or changed."""
    coder = tx.coder
    tx.db.execute(
        "INSERT INTO conversations (channel, id, customer, updated_at, body)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (channel, id) DO UPDATE"
        " SET customer = excluded.customer, updated_at = excluded.updated_at, body = excluded.body",
        (
            key_of(conversation.channel),
            coder.who(conversation.id),
            coder.who(conversation.customer),
            micros(conversation.updated_at),
            coder.dump(conversation),
        ),
    )


def lines(view: View, channel: str, native: str, after: int, limit: int) -> list[ConversationLine]:
    """Lines of a conversation after a number, oldest first."""
    rows = view.db.execute(
        "SELECT seq, body FROM lines WHERE channel = ? AND conversation = ? AND seq > ?"
        " ORDER BY seq LIMIT ?",
        (key_of(channel), view.coder.who(native), after, limit),
    ).fetchall()
    return [
        dataclasses.replace(view.coder.load(ConversationLine, body), seq=seq) for seq, body in rows
    ]
