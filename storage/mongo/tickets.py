"""Tickets: numbered, searched, and saved only over the version that was read."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from core.clock import micros
from core.errors import Conflict, InputError
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
from storage.mongo.conversations import put_conversation, read_conversation
from storage.mongo.engine.database import MongoDatabase
from storage.mongo.engine.link import Doc
from storage.mongo.engine.tx import MongoTx, has_terms, integer
from storage.records import DAY, FIRST, about
from storage.search import ticket_words

_ORDER = [("severity", 1), ("due", 1), ("ordinal", 1), ("_id", 1)]


class MongoTickets:
    def __init__(self, db: MongoDatabase) -> None:
        self._db = db

    async def get(self, number: str) -> Ticket | None:
        async def query(tx: MongoTx) -> Ticket | None:
            doc = await tx.table("tickets").one({"_id": key_of(number)})
            return tx.load(Ticket, doc) if doc else None

        return await self._db.alone(query)

    async def find(
        self, where: TicketFilter, *, after: str | None = None, limit: int = 50
    ) -> TicketPage:
        wanted: list[Doc] = [_fields(where)]
        if where.text is not None and where.text.strip():
            found = has_terms(where.text)
            if not found:
                return TicketPage(tickets=(), next=None)
            wanted += found
        if after is not None:
            wanted.append(_beyond(after))

        async def query(tx: MongoTx) -> TicketPage:
            docs = await tx.table("tickets").many({"$and": wanted}, sort=_ORDER, limit=limit + 1)
            last = docs[limit - 1] if len(docs) > limit else None
            return TicketPage(
                tickets=tuple(tx.load(Ticket, doc) for doc in docs[:limit]),
                next=None if last is None else ":".join(str(last[field]) for field, _ in _ORDER),
            )

        return await self._db.alone(query)

    async def save(self, ticket: Ticket, *, was: Ticket) -> None:
        async def work(tx: MongoTx) -> None:
            doc = await tx.table("tickets").one({"_id": key_of(was.number)})
            require_unchanged(None if doc is None else tx.load(Ticket, doc), was)
            assert doc is not None  # noqa: S101 - or it would not equal ``was``
            where = {"_id": doc["_id"], "body": doc["body"]}
            if not await tx.table("tickets").change(where, {"$set": values_of(tx, ticket)}):
                raise Conflict(
                    f"the ticket {was.number} was changed in the meantime. Read it again."
                )
            if ticket.state is TicketState.RESOLVED:
                talk = await read_conversation(tx, ticket.channel, ticket.conversation)
                back = None if talk is None else given_back(talk, resolved=ticket.number)
                if back is not None:
                    await put_conversation(tx, back)

        await self._db.write(work)

    async def reserve_number(self) -> str:
        return f"T-{await self._db.alone(lambda tx: tx.next('T', FIRST['T']))}"

    async def late(self, now: datetime) -> Sequence[Ticket]:
        at = micros(now)

        async def query(tx: MongoTx) -> list[Ticket]:
            where = {"state": {"$ne": "resolved"}, "answered": False, "due": {"$lte": at}}
            docs = await tx.table("tickets").many(where, sort=_ORDER)
            return [tx.load(Ticket, doc) for doc in docs if _wants_reminder(doc, at)]

        return await self._db.alone(query)

    async def mark_reminded(self, number: str, at: datetime) -> None:
        async def work(tx: MongoTx) -> None:
            doc = await tx.table("tickets").one({"_id": key_of(number)})
            if doc is not None:
                ticket = replace(tx.load(Ticket, doc), reminded_at=at)
                change = {"$set": values_of(tx, ticket)}
                await tx.table("tickets").change({"_id": doc["_id"]}, change)

        await self._db.write(work)


async def put(tx: MongoTx, ticket: Ticket) -> str:
    """Store a ticket, new or changed; returns its number, or that of the one about its mention."""
    where = {"_id": ticket.mention}
    event = None if ticket.mention is None else await tx.table("events").one(where)
    origin = None if event is None else about(event["channel"], event["id"])
    return await _put(tx, ticket, origin)


async def put_decided(tx: MongoTx, ticket: Ticket, event: Doc) -> str:
    """As ``put``, for a decision about an event; what staff noted since it was read stays."""
    return await _put(tx, ticket, about(event["channel"], event["id"]), keep_staff=True)


async def _put(
    tx: MongoTx, ticket: Ticket, origin: bytes | None, *, keep_staff: bool = False
) -> str:
    tickets = tx.table("tickets")
    doc = await tickets.one({"_id": key_of(ticket.number)})
    if doc is not None:
        if keep_staff:
            ticket = with_staff(ticket, tx.load(Ticket, doc))
        await tickets.change({"_id": doc["_id"]}, {"$set": values_of(tx, ticket)})
        return ticket.number
    if origin is not None:
        twin = await tickets.one({"origin": origin})
        if twin is not None:
            return tx.load(Ticket, twin).number
    fresh: Doc = {
        "_id": key_of(ticket.number),
        "ordinal": ordinal(ticket.number),
        **values_of(tx, ticket),
    }
    if origin is not None:
        fresh["origin"] = origin
    await tickets.add(fresh)
    return ticket.number


def values_of(tx: MongoTx, ticket: Ticket) -> Doc:
    """The fields that change with a ticket."""
    words = ticket_words(ticket)
    return {
        "brand": ticket.brand,
        "channel": key_of(ticket.channel),
        "conversation": tx.coder.who(ticket.conversation),
        "customer": tx.coder.who(ticket.customer),
        "owner": None if ticket.owner is None else key_of(ticket.owner),
        "state": ticket.state.value,
        "severity": ticket.severity,
        "due": micros(ticket.due_at),
        "answered": ticket.answered_at is not None,
        "reminded": None if ticket.reminded_at is None else micros(ticket.reminded_at),
        "words": sorted(set(words.split())),
        "line": words,
        "body": tx.dump(ticket),
    }


def _wants_reminder(doc: Doc, now: int) -> bool:
    if doc["reminded"] is None:
        return True
    reminded = integer(doc, "reminded")
    return reminded < integer(doc, "due") or reminded <= now - DAY


def _fields(where: TicketFilter) -> Doc:
    fields: Doc = {}
    if where.state == "unresolved":
        fields["state"] = {"$ne": "resolved"}
    elif where.state is not None:
        fields["state"] = where.state
    for name, value in (
        ("brand", where.brand),
        ("channel", where.channel),
        ("owner", where.owner),
    ):
        if value is not None:
            fields[name] = key_of(value)
    return fields


def _beyond(after: str) -> Doc:
    try:
        severity, due, place, number = after.split(":", 3)
        known = (severity, int(due), int(place), number)
    except ValueError:
        raise InputError(f"{after!r} is not a page token. Start from the first page.") from None
    fields = [field for field, _ in _ORDER]
    return {
        "$or": [
            dict(zip(fields[:at], known[:at], strict=True)) | {fields[at]: {"$gt": known[at]}}
            for at in range(len(fields))
        ]
    }
