"""The durable queue of events: stored, claimed, and ended with everything a decision causes.

Where the server has no transactions, the order of changes makes each of them safe: whatever was
done before a crash is found done when the page or the event comes round again.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

from core.clock import micros, moment
from core.model.conversations import is_spoken
from core.model.events import DeadLetter, Event, EventCounts, Page, Receipt, Received, Reject
from core.model.mentions import Mention
from core.model.outcomes import Outcome, Plan, with_ticket
from storage.encoding import key_of, text_of
from storage.mongo import tickets
from storage.mongo.conversations import hear, put_conversation, remove_line
from storage.mongo.engine.database import MongoDatabase, release_dead, release_events
from storage.mongo.engine.link import Doc
from storage.mongo.engine.tx import Grouping, MongoTx, blob, counter_name, integer, key
from storage.mongo.mentions import search_values
from storage.mongo.outbox import add_reply, cancel_for
from storage.records import (
    BACK_OFF,
    DEAD,
    DONE,
    DROPPED,
    PENDING,
    event_counts,
    judged,
    overtaken_by,
)

Key = tuple[str, str, int]
Delivery = tuple[str, Page]
"""A connector and what it delivered."""


class MongoEvents:
    def __init__(self, db: MongoDatabase) -> None:
        self._db = db
        self._troubles_seen = 0
        """MongoDatabase.troubles when events were last claimed."""
        self._claiming = asyncio.Lock()
        self._pages: Grouping[Delivery, Receipt] = Grouping(
            lambda pages: db.write(lambda tx: _accept(tx, pages))
        )

    async def accept(self, connector: str, page: Page) -> Receipt:
        return await self._pages.put((connector, page))

    async def cursor(self, connector: str) -> str | None:
        found = await self._db.alone(lambda tx: tx.table("cursors").one({"_id": connector}))
        return None if found is None else text_of(key(found, "cursor"))

    async def claim(self, limit: int) -> Sequence[Received]:
        also_own = self._troubles_seen < self._db.troubles
        self._troubles_seen = self._db.troubles

        async def work(tx: MongoTx) -> tuple[list[Doc], dict[int, str]]:
            await release_dead(tx)
            if also_own:
                await release_events(tx, tx.owner)
            docs = await _claim(tx, limit - len(kept))
            return docs, await _overtaken(tx, docs)

        kept: list[Doc] = []
        async with self._claiming:
            while True:
                docs, overtaken = await self._db.alone(work)
                for seq, reason in overtaken.items():
                    await self._db.write(partial(_end, seq=seq, reason=reason))
                kept += [doc for doc in docs if doc["_id"] not in overtaken]
                if not overtaken:
                    return await self._db.alone(partial(_all_received, docs=kept))
                also_own = False

    async def record(self, outcomes: Sequence[Outcome]) -> None:
        async def work(tx: MongoTx, together: Sequence[Outcome]) -> None:
            for outcome in together:
                await _record(tx, outcome)

        # without transactions each outcome is written with its own counters, whatever comes next
        batches = [outcomes] if self._db.transactions else [[one] for one in outcomes]
        for batch in batches:
            await self._db.write(partial(work, together=batch))

    async def withdraw(self, item: Received) -> None:
        async def work(tx: MongoTx) -> None:
            events = tx.table("events")
            if await events.one({"_id": item.seq, "state": PENDING}) is None:
                return
            seqs = [doc["_id"] for doc in await events.many(_post(item.event))]
            hidden = {"$set": {"withdrawn": True}}
            await tx.table("mentions").change_all({"_id": {"$in": seqs}}, hidden)
            await cancel_for(tx, seqs, "withdrawn by its author")
            await remove_line(tx, item.event)
            await _end(tx, item.seq, "deleted")

        await self._db.write(work)

    async def fail(self, seq: int, error: str, *, tries: int = 5) -> bool:
        async def work(tx: MongoTx) -> bool:
            events = tx.table("events")
            doc = await events.one({"_id": seq, "state": PENDING})
            if doc is None:
                return False
            attempts = integer(doc, "attempts") + 1
            change: Doc = {"attempts": attempts, "owner": 0}
            if attempts < tries:
                later = change | {"due": tx.now + attempts * BACK_OFF}
                await events.change({"_id": seq}, {"$set": later})
                return False
            letters = tx.table("dead_letters")
            if await letters.one({"seq": seq}) is None:
                await letters.add(
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

        return await self._db.write(work)

    async def counts(self) -> EventCounts:
        return await self._db.alone(read_counts)

    async def dead_letters(self, *, limit: int = 50) -> Sequence[DeadLetter]:
        async def query(tx: MongoTx) -> list[DeadLetter]:
            docs = await tx.table("dead_letters").many({}, sort=[("_id", -1)], limit=limit)
            return [await _letter(tx, doc) for doc in docs]

        return await self._db.alone(query)

    async def replay_dead_letter(self, id: int) -> bool:  # noqa: A002
        async def work(tx: MongoTx) -> bool:
            doc = await tx.table("dead_letters").one({"_id": id, "seq": {"$gt": 0}})
            if doc is None:
                return False
            fresh = {"state": PENDING, "attempts": 0, "due": 0, "owner": 0}
            await tx.table("events").change({"_id": doc["seq"]}, {"$set": fresh})
            await tx.table("dead_letters").drop({"_id": id})
            tx.count("dead", -1)
            tx.count("pending", 1)
            return True

        return await self._db.write(work)


async def read_counts(tx: MongoTx) -> EventCounts:
    """The counters, added up over their documents."""
    found: dict[str, int] = {}
    for doc in await tx.table("counters").many({}):
        shard = doc["n"]
        assert isinstance(shard, dict)  # noqa: S101 - so it was written, for the type checker
        for field, n in shard.items():
            found[counter_name(field)] = found.get(counter_name(field), 0) + n
    return event_counts(found)


async def _accept(tx: MongoTx, pages: Sequence[Delivery]) -> list[Receipt]:
    """Store what is new of some pages, and their cursors; a receipt for each page.

    Lines come before their events, since only an event that is not stored yet has its line looked
    for, and the cursors are last.
    """
    fresh = await _fresh(tx, [event for _, page in pages for event in page.events])
    events = list(fresh.values())
    if events:
        first = await tx.next("event", by=len(events))
        await hear(tx, await _in_time(tx, events))
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


async def _fresh(tx: MongoTx, events: Sequence[Event]) -> dict[Key, Event]:
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


async def _in_time(tx: MongoTx, events: Sequence[Event]) -> list[Event]:
    """The spoken ones of new events of which no later revision came before them."""
    spoken = [event for event in events if is_spoken(event)]
    later = [{**_post(event), "revision": {"$gt": event.revision}} for event in spoken]
    docs = await tx.table("events").many({"$or": later}) if later else []
    newest: dict[tuple[object, ...], int] = {}
    for doc in docs:
        post: tuple[object, ...] = (doc["channel"], doc["id"])
        newest[post] = max(newest.get(post, 0), integer(doc, "revision"))
    kept: list[Event] = []
    for event in events:
        post = tuple(_post(event).values())
        if is_spoken(event) and event.revision >= newest.get(post, event.revision):
            kept.append(event)
        newest[post] = max(newest.get(post, event.revision), event.revision)
    return kept


def _name(event: Event) -> Key:
    return event.channel, event.id, event.revision


def _post(event: Event) -> Doc:
    return {"channel": key_of(event.channel), "id": key_of(event.id)}


def _key(event: Event) -> Doc:
    return {**_post(event), "revision": event.revision}


def _document(tx: MongoTx, event: Event, seq: int) -> Doc:
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


async def _receipt(tx: MongoTx, page: Page, fresh: dict[Key, Event]) -> Receipt:
    accepted = sum(fresh.get(_name(event)) is event for event in page.events)
    rejected = 0
    for reject in page.rejects:
        rejected += await _reject(tx, reject)
    received = len(page.events) + len(page.rejects)
    duplicates = received - accepted - rejected
    tx.count("received", received)
    tx.count("pending", accepted)
    tx.count("dead", rejected)
    tx.count("dropped:duplicate", duplicates)
    return Receipt(accepted=accepted, rejected=rejected, duplicates=duplicates)


async def _reject(tx: MongoTx, reject: Reject) -> int:
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


async def _claim(tx: MongoTx, limit: int) -> list[Doc]:
    """Take the oldest due events that no process holds; outside of any transaction."""
    events = tx.table("events")
    free = {"state": PENDING, "owner": 0, "due": {"$lte": tx.now}}
    found: list[Doc] = []
    while len(found) < limit:
        due = await events.many(free, sort=[("_id", 1)], limit=limit - len(found))
        if not due:
            break
        ids = [doc["_id"] for doc in due]
        await events.change_all({**free, "_id": {"$in": ids}}, {"$set": {"owner": tx.owner}})
        mine = {"_id": {"$in": ids}, "state": PENDING, "owner": tx.owner}
        found += await events.many(mine, sort=[("_id", 1)])
    return found


async def _overtaken(tx: MongoTx, docs: Sequence[Doc]) -> dict[int, str]:
    """The reason to drop each event whose later revision, or whose deletion, came before it."""
    later = [
        {
            "channel": doc["channel"],
            "id": doc["id"],
            "_id": {"$lt": doc["_id"]},
            "revision": {"$gt": doc["revision"]},
            "state": {"$ne": DEAD},
        }
        for doc in docs
    ]
    found = await tx.table("events").many({"$or": later}) if later else []
    reasons: dict[int, str] = {}
    for doc in docs if found else ():
        before = [
            one
            for one in found
            if (one["channel"], one["id"]) == (doc["channel"], doc["id"])
            and integer(one, "_id") < integer(doc, "_id")
            and integer(one, "revision") > integer(doc, "revision")
        ]
        if before:
            deleted = any(one["kind"] == "delete" for one in before)
            reasons[integer(doc, "_id")] = overtaken_by(deleted=deleted)
    return reasons


async def _all_received(tx: MongoTx, docs: Sequence[Doc]) -> list[Received]:
    return [_received(tx, doc) for doc in docs]


def _received(tx: MongoTx, doc: Doc) -> Received:
    return Received(
        seq=integer(doc, "_id"),
        attempts=integer(doc, "attempts"),
        received_at=moment(integer(doc, "received")),
        event=tx.load(Event, doc),
    )


async def _record(tx: MongoTx, outcome: Outcome) -> None:
    """End an event. The event itself is changed last."""
    event = await tx.table("events").one({"_id": outcome.seq, "state": PENDING})
    if event is None:
        return
    reason = outcome.dropped
    if reason is None and await _deleted_since(tx, event):
        reason = "deleted"
    if reason is None:
        number = None
        if outcome.plan is not None:
            number = await _carry_out(tx, outcome.plan, event)
        if outcome.mention is not None:
            await _add_mention(tx, outcome.mention, outcome.plan, number)
    await _end(tx, outcome.seq, reason)


async def _end(tx: MongoTx, seq: int, reason: str | None) -> None:
    ended: Doc = {"state": DONE if reason is None else DROPPED, "owner": 0}
    if reason is not None:
        ended["reason"] = key_of(reason)
    if await tx.table("events").change({"_id": seq, "state": PENDING}, {"$set": ended}):
        tx.count("pending", -1)
        tx.count("done" if reason is None else f"dropped:{reason}", 1)


async def _deleted_since(tx: MongoTx, event: Doc) -> bool:
    found = await tx.table("events").one(
        {
            "channel": event["channel"],
            "id": event["id"],
            "_id": {"$gt": event["_id"]},
            "kind": "delete",
            "state": {"$ne": PENDING},
        }
    )
    return found is not None


async def _carry_out(tx: MongoTx, plan: Plan, event: Doc) -> str | None:
    """Store what a decision causes; returns the number of its ticket."""
    number = None
    if plan.ticket is not None:
        number = await tickets.put_decided(tx, plan.ticket, event)
    plan = with_ticket(plan, number)
    if plan.conversation is not None:
        await put_conversation(tx, plan.conversation)
    for reply in plan.replies:
        await add_reply(tx, reply)
    return number


async def _add_mention(
    tx: MongoTx, mention: Mention, plan: Plan | None, ticket: str | None
) -> None:
    kept = judged(mention, plan)
    fields = {
        "posted": micros(mention.event.posted_at),
        "negative": mention.judgement.sentiment == "negative",
        "withdrawn": False,
        "ticket": ticket,
        "body": tx.dump(kept),
        **search_values(mention),
    }
    await tx.table("mentions").change({"_id": mention.seq}, {"$setOnInsert": fields}, upsert=True)


async def _letter(tx: MongoTx, doc: Doc) -> DeadLetter:
    seq = doc.get("seq")
    if seq is None:
        raw = tx.coder.open(blob(doc, "raw"))
    else:
        event = await tx.table("events").one({"_id": seq})
        raw = tx.plain(event) if event else b""
    return DeadLetter(
        id=integer(doc, "_id"),
        channel=text_of(key(doc, "channel")),
        native_id=text_of(key(doc, "native")),
        raw=raw,
        reason=text_of(key(doc, "reason")),
        at=moment(integer(doc, "at")),
        seq=None if seq is None else integer(doc, "seq"),
    )
