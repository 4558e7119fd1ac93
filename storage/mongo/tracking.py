"""Mentions whose figures are read again and again, in MongoDB."""

from collections.abc import Sequence

from core.clock import micros
from core.events import Event
from core.mentions import Mention, TrackedPost
from storage.encoding import key_of
from storage.mongo.link import Doc
from storage.mongo.work import Tx, integer
from storage.records import Judged, wanted_channel

BATCH = 500


async def untracked(tx: Tx, channel: str, since: int, limit: int) -> list[Mention]:
    """Negative public mentions of a channel after a time that nobody tracks, newest first."""
    where: Doc = {
        "posted": {"$gt": since},
        "negative": True,
        "withdrawn": False,
        "filters": wanted_channel(channel),
    }
    docs = await tx.table("mentions").many(where, sort=[("posted", -1), ("_id", -1)])
    found: list[Mention] = []
    for start in range(0, len(docs), BATCH):
        part = docs[start : start + BATCH]
        seqs = [doc["_id"] for doc in part]
        known = await tx.by_id("tracked", seqs)
        fresh = [doc for doc in part if doc["_id"] not in known]
        events = await tx.by_id("events", [doc["_id"] for doc in fresh])
        for doc in fresh:
            event = tx.load(Event, events[doc["_id"]])
            if event.public:
                found.append(tx.load(Judged, doc).mention(integer(doc, "_id"), event))
        if len(found) >= limit:
            break
    return found[:limit]


async def track(tx: Tx, items: Sequence[TrackedPost]) -> None:
    """Keep figures, in place of earlier ones; those of a mention that is gone are left out."""
    known = await tx.by_id("mentions", [each.mention for each in items])
    for each in items:
        if each.mention not in known:
            continue
        fields = {
            "channel": key_of(each.channel),
            "next_at": None if each.next_at is None else micros(each.next_at),
            "body": tx.dump(each.trimmed()),
        }
        await tx.table("tracked").change({"_id": each.mention}, {"$set": fields}, upsert=True)


async def due(tx: Tx, channel: str, now: int, limit: int) -> list[TrackedPost]:
    """What is to be read again, soonest first."""
    where: Doc = {"channel": key_of(channel), "next_at": {"$lte": now}}
    docs = await tx.table("tracked").many(where, sort=[("next_at", 1), ("_id", 1)], limit=limit)
    return [tx.load(TrackedPost, doc) for doc in docs]


async def one(tx: Tx, mention: int) -> TrackedPost | None:
    doc = await tx.table("tracked").one({"_id": mention})
    return tx.load(TrackedPost, doc) if doc else None
