"""The durable queue of events in MongoDB."""

import dataclasses
from collections.abc import Sequence

from core.clock import moment
from core.conversations import ConversationLine
from core.events import Event, EventCounts, EventKind, Page, Receipt, Received, Reject
from storage.encoding import key_of
from storage.mongo.link import Doc
from storage.mongo.schema import DEAD, PENDING
from storage.mongo.work import Tx, counter_name, integer
from storage.records import BACK_OFF

Key = tuple[str, str, int]
Delivery = tuple[str, Page]
"""A connector and what it delivered."""


def _key(event: Event) -> Doc:
    return {
        "channel": key_of(event.channel),
        "id": key_of(event.id),
        "revision": event.revision,
    }


async def accept(tx: Tx, pages: Sequence[Delivery]) -> list[Receipt]:
    """Store what is new of some pages, and their cursors; a receipt for each page.

    The order makes it safe without transactions: lines come before their events, since only an
    event that is not stored yet has its line looked for, and the cursors are last.
    """
    fresh = await _fresh(tx, [event for _, page in pages for event in page.events])
    events = list(fresh.values())
    if events:
        first = await tx.next("event", by=len(events))
        await _talk(tx, events)
        await tx.table("events").add_all(
            [_document(tx, event, first + place) for place, event in enumerate(events)]
        )
    receipts = [await _receipt(tx, page, fresh) for _, page in pages]
    cursors = {connector: page.cursor for connector, page in pages if page.cursor is not None}
    for connector, cursor in cursors.items():
        await tx.table("cursors").change(
            {"_id": connector}, {"$set": {"cursor": key_of(cursor)}}, upsert=True
        )
    return receipts


async def _receipt(tx: Tx, page: Page, fresh: dict[Key, Event]) -> Receipt:
    accepted = sum(fresh.get(_name(event)) is event for event in page.events)
    rejected = 0
    for reject in page.rejects:
        rejected += await _reject(tx, reject)
    received = len(page.events) + len(page.rejects)
    tx.count("received", received)
    tx.count("pending", accepted)
    tx.count("dead", rejected)
    tx.count("dropped:duplicate", received - accepted - rejected)
    return Receipt(accepted=accepted, rejected=rejected, duplicates=received - accepted - rejected)


def _name(event: Event) -> Key:
    return event.channel, event.id, event.revision


async def _fresh(tx: Tx, events: Sequence[Event]) -> dict[Key, Event]:
    """Events that are not stored yet, in their order, each once."""
    wanted: dict[Key, Event] = {}
    for event in events:
        wanted.setdefault(_name(event), event)
    if not wanted:
        return {}
    known = await tx.table("events").many({"$or": [_key(event) for event in wanted.values()]})
    there = {(d["channel"], d["id"], d["revision"]) for d in known}
    return {
        name: event for name, event in wanted.items() if tuple(_key(event).values()) not in there
    }


def _document(tx: Tx, event: Event, seq: int) -> Doc:
    return {
        "_id": seq,
        **_key(event),
        "kind": event.kind.value,
        "author": tx.coder.who(event.author.id),
        "state": PENDING,
        "owner": 0,
        "attempts": 0,
        "due": 0,
        "received": tx.now,
        "body": tx.dump(event),
    }


async def _talk(tx: Tx, events: Sequence[Event]) -> None:
    added: dict[tuple[str, str, str], ConversationLine] = {}
    for event in events:
        if event.kind is EventKind.DELETE or (event.public and not event.solicited):
            continue
        place = (event.channel, event.conversation, event.id)
        if place in added:
            added[place] = dataclasses.replace(added[place], text=event.text)
        elif not _is_later(event) or not await _correct(tx, event):
            added[place] = ConversationLine(
                seq=0,
                direction="in",
                id=event.id,
                by=event.author.name,
                text=event.text,
                at=event.posted_at,
            )
    await add_lines(tx, [(where[0], where[1], line) for where, line in added.items()])


def _is_later(event: Event) -> bool:
    return event.revision > 0 or event.kind is EventKind.EDIT


async def _correct(tx: Tx, event: Event) -> bool:
    where = {**_thread(tx, event.channel, event.conversation), "native": key_of(event.id)}
    found = await tx.table("lines").one(where | {"direction": "in"})
    if found is None:
        return False
    line = dataclasses.replace(tx.load(ConversationLine, found), text=event.text)
    await tx.table("lines").change({"_id": found["_id"]}, {"$set": {"body": tx.dump(line)}})
    return True


def _thread(tx: Tx, channel: str, conversation: str) -> Doc:
    return {"channel": key_of(channel), "conversation": tx.coder.who(conversation)}


async def add_lines(tx: Tx, said: Sequence[tuple[str, str, ConversationLine]]) -> None:
    """Add lines at the end of their conversations (channel, conversation, line), each once.

    The thread's own document is changed first, so that of two transactions the later one takes the
    later number, and a client that reads on from a number misses nothing.
    """
    docs: list[Doc] = []
    for channel, conversation, line in said:
        native = {"direction": line.direction, "native": key_of(line.id)}
        thread = _thread(tx, channel, conversation)
        docs.append({**thread, **native, "body": tx.dump(line)})
    for thread_channel, thread_name in {(doc["channel"], doc["conversation"]) for doc in docs}:
        name = {"channel": thread_channel, "conversation": thread_name}
        await tx.table("threads").change({"_id": name}, {"$inc": {"changes": 1}}, upsert=True)
    missing = [doc for doc in docs if await _is_new(tx, doc)]
    if missing:
        first = await tx.next("line", by=len(missing))
        await tx.table("lines").add_all(
            [{"_id": first + place, **doc} for place, doc in enumerate(missing)]
        )


async def _is_new(tx: Tx, doc: Doc) -> bool:
    names = ("channel", "conversation", "direction", "native")
    return await tx.table("lines").one({name: doc[name] for name in names}) is None


async def _reject(tx: Tx, reject: Reject) -> int:
    letters = tx.table("dead_letters")
    native = {"channel": key_of(reject.channel), "native": key_of(reject.id), "reject": True}
    if await letters.one(native) is not None:
        return 0
    await letters.add(
        {
            "_id": await tx.next("dead_letter"),
            **native,
            "raw": tx.coder.seal(reject.raw),
            "reason": key_of(reject.reason),
            "at": tx.now,
        }
    )
    return 1


async def claim(tx: Tx, limit: int) -> list[Received]:
    """Take the oldest due events that nobody works on; outside of any transaction."""
    events = tx.table("events")
    free = {"state": PENDING, "owner": 0, "due": {"$lte": tx.now}}
    found: list[Received] = []
    while len(found) < limit:
        due = await events.many(free, sort=[("_id", 1)], limit=limit - len(found))
        if not due:
            break
        ids = [doc["_id"] for doc in due]
        await events.change_all({**free, "_id": {"$in": ids}}, {"$set": {"owner": tx.owner}})
        mine = {"_id": {"$in": ids}, "state": PENDING, "owner": tx.owner}
        found += [_received(tx, doc) for doc in await events.many(mine, sort=[("_id", 1)])]
    return found


def _received(tx: Tx, doc: Doc) -> Received:
    return Received(
        seq=integer(doc, "_id"),
        attempts=integer(doc, "attempts"),
        received_at=moment(integer(doc, "received")),
        event=tx.load(Event, doc),
    )


async def fail(tx: Tx, seq: int, error: str, tries: int) -> bool:
    """Count a failed try of a pending event; True where it was the last."""
    events = tx.table("events")
    doc = await events.one({"_id": seq, "state": PENDING})
    if doc is None:
        return False
    attempts = integer(doc, "attempts") + 1
    change: Doc = {"attempts": attempts, "owner": 0}
    if attempts < tries:
        await events.change({"_id": seq}, {"$set": change | {"due": tx.now + attempts * BACK_OFF}})
        return False
    if await tx.table("dead_letters").one({"seq": seq}) is None:
        await tx.table("dead_letters").add(
            {
                "_id": await tx.next("dead_letter"),
                "channel": doc["channel"],
                "native": doc["id"],
                "seq": seq,
                "reason": key_of(error),
                "at": tx.now,
            }
        )
    await events.change({"_id": seq}, {"$set": change | {"state": DEAD}})
    tx.count("pending", -1)
    tx.count("dead", 1)
    return True


async def revive(tx: Tx, letter: int) -> bool:
    """Give the event of a dead letter its tries again; False where it is none."""
    doc = await tx.table("dead_letters").one({"_id": letter, "seq": {"$gt": 0}})
    if doc is None:
        return False
    fresh = {"state": PENDING, "attempts": 0, "due": 0, "owner": 0}
    await tx.table("events").change({"_id": doc["seq"]}, {"$set": fresh})
    await tx.table("dead_letters").drop({"_id": letter})
    tx.count("dead", -1)
    tx.count("pending", 1)
    return True


async def counts(tx: Tx) -> EventCounts:
    """Where all events stand."""
    found: dict[str, int] = {}
    for doc in await tx.table("counters").many({}):
        shard = doc["n"]
        assert isinstance(shard, dict)  # noqa: S101 - so it was written, for the type checker
        for field, n in shard.items():
            found[counter_name(field)] = found.get(counter_name(field), 0) + n
    return EventCounts(
        received=found.get("received", 0),
        done=found.get("done", 0),
        pending=found.get("pending", 0),
        dead=found.get("dead", 0),
        dropped={
            name.removeprefix("dropped:"): n
            for name, n in found.items()
            if name.startswith("dropped:") and n
        },
    )
