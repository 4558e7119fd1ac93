"""Tickets: numbered, searched, and saved only over the version that was read."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from core.clock import micros
from core.errors import InputError
from core.model.conversations import given_back
from core.model.tickets import (
    Ticket,
    TicketFilter,
    TicketPage,
    TicketState,
    ordinal,
    require_unchanged,
    with_staff,
)
from storage.encoding import key_of
from storage.records import DAY, FIRST, about
from storage.search import ticket_words
from storage.sqlite.conversations import put_conversation, read_conversation
from storage.sqlite.engine import index
from storage.sqlite.engine.connection import SqliteTx, Value, View
from storage.sqlite.engine.database import SqliteDatabase


class SqliteTickets:
    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db

    async def get(self, number: str) -> Ticket | None:
        def query(view: View) -> Ticket | None:
            found = _find(view, number)
            return None if found is None else found[1]

        return await self._db.read(query)

    async def find(
        self, where: TicketFilter, *, after: str | None = None, limit: int = 50
    ) -> TicketPage:
        clauses, values = _clauses(where)
        if where.text is not None and where.text.strip():
            words = index.match("words", where.text)
            if not words:
                return TicketPage(tickets=(), next=None)
            clauses.append("id IN (SELECT rowid FROM tickets_index WHERE tickets_index MATCH ?)")
            values.append(words)
        if after is not None:
            clauses.append("(severity, due, ordinal, number) > (?, ?, ?, ?)")
            values.extend(_place(after))

        def query(view: View) -> TicketPage:
            rows = view.db.execute(
                "SELECT severity, due, ordinal, number, body FROM tickets"  # noqa: S608 - the clauses are literals of this file
                f" WHERE {' AND '.join(clauses)}"
                " ORDER BY severity, due, ordinal, number LIMIT ?",
                (*values, limit + 1),
            ).fetchall()
            last = rows[limit - 1][:4] if len(rows) > limit else None
            return TicketPage(
                tickets=tuple(view.coder.load(Ticket, row[4]) for row in rows[:limit]),
                next=None if last is None else ":".join(str(part) for part in last),
            )

        return await self._db.read(query)

    async def save(self, ticket: Ticket, *, was: Ticket) -> None:
        def work(tx: SqliteTx) -> None:
            found = _find(tx, was.number)
            require_unchanged(None if found is None else found[1], was)
            assert found is not None  # noqa: S101 - or it would not equal ``was``
            _update(tx, *found, ticket)
            if ticket.state is TicketState.RESOLVED:
                talk = read_conversation(tx, ticket.channel, ticket.conversation)
                back = None if talk is None else given_back(talk, resolved=ticket.number)
                if back is not None:
                    put_conversation(tx, back)

        await self._db.write(work)

    async def reserve_number(self) -> str:
        return await self._db.write(lambda tx: reserve(tx, "T"))

    async def late(self, now: datetime) -> Sequence[Ticket]:
        def query(view: View) -> list[Ticket]:
            rows = view.db.execute(
                "SELECT body FROM tickets"
                " WHERE state <> 'resolved' AND answered IS NULL AND due <= ?1"
                " AND (reminded IS NULL OR reminded < due OR reminded <= ?2)"
                " ORDER BY severity, due, ordinal, number",
                (micros(now), micros(now) - DAY),
            ).fetchall()
            return [view.coder.load(Ticket, body) for (body,) in rows]

        return await self._db.read(query)

    async def mark_reminded(self, number: str, at: datetime) -> None:
        def work(tx: SqliteTx) -> None:
            found = _find(tx, number)
            if found is not None:
                _update(tx, *found, dataclasses.replace(found[1], reminded_at=at))

        await self._db.write(work)


def reserve(tx: SqliteTx, kind: str) -> str:
    """The next number of a kind: ``T-1001``, ``INC-101``."""
    (last,) = tx.db.execute(
        "INSERT INTO numbers (name, last) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last",
        (kind, FIRST[kind]),
    ).fetchone()
    return f"{kind}-{last}"


def put(tx: SqliteTx, ticket: Ticket) -> str:
    """Store a ticket, new or changed; returns its number, or that of the one about its mention."""
    row = tx.db.execute("SELECT channel, id FROM events WHERE seq = ?", (ticket.mention,))
    event = row.fetchone()
    return _put(tx, ticket, about(*event) if event else None)


def put_decided(tx: SqliteTx, ticket: Ticket, channel: Value, native: Value) -> str:
    """As ``put``, for a decision about an event; what staff noted since it was read stays."""
    return _put(tx, ticket, about(channel, native), keep_staff=True)


def insert(tx: SqliteTx, ticket: Ticket, origin: Value, *, body: bytes | None = None) -> None:
    """Store a ticket that is not there; ``body`` is the record as another store wrote it."""
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
    index.add_ticket(tx, found.lastrowid, ticket)


def _find(view: View, number: str) -> tuple[int, Ticket] | None:
    row = view.db.execute(
        "SELECT id, body FROM tickets WHERE number = ?", (key_of(number),)
    ).fetchone()
    return (row[0], view.coder.load(Ticket, row[1])) if row else None


def _put(tx: SqliteTx, ticket: Ticket, origin: bytes | None, *, keep_staff: bool = False) -> str:
    found = _find(tx, ticket.number)
    if found is not None:
        _update(tx, *found, with_staff(ticket, found[1]) if keep_staff else ticket)
        return ticket.number
    twin = (
        origin and tx.db.execute("SELECT body FROM tickets WHERE origin = ?", (origin,)).fetchone()
    )
    if twin:
        return tx.coder.load(Ticket, twin[0]).number
    insert(tx, ticket, origin)
    return ticket.number


def _update(tx: SqliteTx, row: int, stored: Ticket, ticket: Ticket) -> None:
    tx.db.execute(
        "UPDATE tickets SET brand = ?, channel = ?, conversation = ?, customer = ?, owner = ?,"
        " state = ?, severity = ?, due = ?, answered = ?, reminded = ?, body = ? WHERE id = ?",
        (*_values(tx, ticket), row),
    )
    if ticket_words(ticket) != ticket_words(stored):
        index.remove_ticket(tx, row, stored)
        index.add_ticket(tx, row, ticket)


def _values(tx: SqliteTx, ticket: Ticket) -> tuple[Value, ...]:
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
        severity, due, place, number = after.split(":", 3)
        return severity, int(due), int(place), key_of(number)
    except ValueError:
        raise InputError(f"{after!r} is not a page token. Start from the first page.") from None
