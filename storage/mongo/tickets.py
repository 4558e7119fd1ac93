"""Tickets and conversations in MongoDB."""

import dataclasses
from datetime import datetime

from core.clock import micros
from core.conversations import Conversation, ConversationLine, given_back
from core.errors import Conflict, InputError
from core.tickets import Ticket, TicketFilter, TicketPage, TicketState, ordinal, with_staff
from storage.encoding import key_of
from storage.mongo.link import Doc
from storage.mongo.search import has_terms
from storage.mongo.work import Tx, integer
from storage.records import DAY, about, ticket_words

_ORDER = [("severity", 1), ("due", 1), ("ordinal", 1), ("_id", 1)]


async def origin_of(tx: Tx, mention: int | None) -> bytes | None:
    """``about`` a mention's event."""
    doc = None if mention is None else await tx.table("events").one({"_id": mention})
    return None if doc is None else about(doc["channel"], doc["id"])


async def put(tx: Tx, ticket: Ticket, origin: bytes | None, *, keep_staff: bool = False) -> str:
    """Store a new or changed ticket; returns its number, or that of the one about the same event.

    ``keep_staff``: what staff noted since the ticket was read stays.
    """
    tickets = tx.table("tickets")
    doc = await tickets.one({"_id": key_of(ticket.number)})
    if doc is not None:
        stored = tx.load(Ticket, doc)
        if keep_staff:
            ticket = with_staff(ticket, stored)
        await tickets.change({"_id": doc["_id"]}, {"$set": values(tx, ticket)})
        return ticket.number
    if origin is not None:
        twin = await tickets.one({"origin": origin})
        if twin is not None:
            return tx.load(Ticket, twin).number
    fresh: Doc = {
        "_id": key_of(ticket.number),
        "ordinal": ordinal(ticket.number),
        **values(tx, ticket),
    }
    if origin is not None:
        fresh["origin"] = origin
    await tickets.add(fresh)
    return ticket.number


def values(tx: Tx, ticket: Ticket) -> Doc:
    """What changes with a ticket."""
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


async def save(tx: Tx, ticket: Ticket, was: Ticket) -> None:
    """Store a change of a ticket; raises Conflict where it is not as ``was`` any more."""
    tickets = tx.table("tickets")
    doc = await tickets.one({"_id": key_of(was.number)})
    same = doc is not None and tx.load(Ticket, doc) == was
    where = {"_id": key_of(was.number), "body": doc["body"] if doc else None}
    if not same or not await tickets.change(where, {"$set": values(tx, ticket)}):
        raise Conflict(f"the ticket {was.number} was changed by somebody else. Read it again.")
    if ticket.state is TicketState.RESOLVED:
        await _give_back(tx, ticket)


async def _give_back(tx: Tx, ticket: Ticket) -> None:
    found = await conversation(tx, ticket.channel, ticket.conversation)
    back = None if found is None else given_back(found, resolved=ticket.number)
    if back is not None:
        await put_conversation(tx, back)


async def mark_reminded(tx: Tx, number: str, at: datetime) -> None:
    """Note that staff were reminded of a ticket."""
    found = await ticket(tx, number)
    if found is not None:
        await put(tx, dataclasses.replace(found, reminded_at=at), None)


async def ticket(tx: Tx, number: str) -> Ticket | None:
    doc = await tx.table("tickets").one({"_id": key_of(number)})
    return tx.load(Ticket, doc) if doc else None


async def late(tx: Tx, now: int) -> list[Ticket]:
    """Unanswered and past their due time, and not reminded of since, or a day ago."""
    where = {"state": {"$ne": "resolved"}, "answered": False, "due": {"$lte": now}}
    docs = await tx.table("tickets").many(where, sort=_ORDER)
    return [tx.load(Ticket, doc) for doc in docs if _is_to_be_told(doc, now)]


def _is_to_be_told(doc: Doc, now: int) -> bool:
    if doc["reminded"] is None:
        return True
    reminded = integer(doc, "reminded")
    return reminded < integer(doc, "due") or reminded <= now - DAY


async def page(tx: Tx, where: TicketFilter, after: str | None, limit: int) -> TicketPage:
    """Tickets, most urgent first; ``after`` is ``TicketPage.next``."""
    wanted: list[Doc] = [_fields(where)]
    if where.text is not None and where.text.strip():
        found = has_terms(where.text)
        if not found:
            return TicketPage(tickets=(), next=None)
        wanted += found
    if after is not None:
        wanted.append(_beyond(after))
    docs = await tx.table("tickets").many({"$and": wanted}, sort=_ORDER, limit=limit + 1)
    last = docs[limit - 1] if len(docs) > limit else None
    return TicketPage(
        tickets=tuple(tx.load(Ticket, doc) for doc in docs[:limit]),
        next=None if last is None else ":".join(str(last[field]) for field, _ in _ORDER),
    )


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
        raise InputError(f"{after!r} is no place in a list. Start from the first page.") from None
    fields = [field for field, _ in _ORDER]
    return {
        "$or": [
            dict(zip(fields[:at], known[:at], strict=True)) | {fields[at]: {"$gt": known[at]}}
            for at in range(len(fields))
        ]
    }


def conversation_id(tx: Tx, channel: str, native: str) -> Doc:
    """What a conversation is stored under."""
    return {"channel": key_of(channel), "id": tx.coder.who(native)}


async def conversation(tx: Tx, channel: str, native: str) -> Conversation | None:
    doc = await tx.table("conversations").one({"_id": conversation_id(tx, channel, native)})
    return tx.load(Conversation, doc) if doc else None


async def put_conversation(tx: Tx, conversation: Conversation) -> None:
    """Store a conversation, new or changed."""
    fields = {
        "customer": tx.coder.who(conversation.customer),
        "updated": micros(conversation.updated_at),
        "body": tx.dump(conversation),
    }
    await tx.table("conversations").change(
        {"_id": conversation_id(tx, conversation.channel, conversation.id)},
        {"$set": fields},
        upsert=True,
    )


async def lines(
    tx: Tx, channel: str, native: str, after: int, limit: int
) -> list[ConversationLine]:
    """Lines of a conversation after a number, oldest first."""
    where = {
        "channel": key_of(channel),
        "conversation": tx.coder.who(native),
        "_id": {"$gt": after},
    }
    docs = await tx.table("lines").many(where, sort=[("_id", 1)], limit=limit)
    return [
        dataclasses.replace(tx.load(ConversationLine, doc), seq=integer(doc, "_id")) for doc in docs
    ]
