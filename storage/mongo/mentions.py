"""Mentions, searched and filtered; corrections by staff; posts whose figures are tracked."""

from collections.abc import Sequence
from datetime import datetime

from core.clock import micros
from core.errors import Conflict
from core.model.events import Event
from core.model.mentions import (
    CorrectedMention,
    Correction,
    Mention,
    MentionFilter,
    MentionPage,
    MentionRecord,
    TrackedPost,
)
from storage.encoding import key_of
from storage.mongo.engine.database import MongoDatabase
from storage.mongo.engine.link import Doc
from storage.mongo.engine.tx import MongoTx, has_terms, integer
from storage.mongo.outbox import replies_to
from storage.records import UNDECIDED, StoredMention, corrected
from storage.search import mention_filters, mention_words, wanted_channel, wanted_filters

BATCH = 500
"""Mentions that are read together with their events."""


class MongoMentions:
    def __init__(self, db: MongoDatabase) -> None:
        self._db = db

    async def get(self, seq: int) -> MentionRecord | None:
        async def query(tx: MongoTx) -> MentionRecord | None:
            doc = await tx.table("mentions").one({"_id": seq})
            return None if doc is None else (await records_of(tx, [doc]))[0]

        return await self._db.alone(query)

    async def find(
        self, where: MentionFilter, *, before: int | None = None, limit: int = 50
    ) -> MentionPage:
        wanted: list[Doc] = [{"withdrawn": False}]
        if where.text is not None and where.text.strip():
            found = has_terms(where.text)
            if not found:
                return MentionPage(mentions=(), next=None)
            wanted += found
        filters = wanted_filters(where)
        if filters:
            wanted.append({"filters": {"$all": filters}})
        if where.incident is not None:
            wanted.append({"incident": key_of(where.incident)})
        if where.since is not None:
            wanted.append({"posted": {"$gte": micros(where.since)}})
        if where.until is not None:
            wanted.append({"posted": {"$lt": micros(where.until)}})
        if before is not None:
            wanted.append({"_id": {"$lt": before}})

        async def query(tx: MongoTx) -> MentionPage:
            docs = await tx.table("mentions").many(
                {"$and": wanted}, sort=[("_id", -1)], limit=limit + 1
            )
            return MentionPage(
                mentions=await records_of(tx, docs[:limit]),
                next=integer(docs[limit - 1], "_id") if len(docs) > limit else None,
            )

        return await self._db.alone(query)

    async def since(self, at: datetime) -> Sequence[Mention]:
        async def query(tx: MongoTx) -> list[Mention]:
            docs = await tx.table("mentions").many(
                {"posted": {"$gte": micros(at)}, "withdrawn": False},
                sort=[("posted", 1), ("_id", 1)],
            )
            found: list[Mention] = []
            for start in range(0, len(docs), BATCH):
                found += await _mentions_of(tx, docs[start : start + BATCH])
            return found

        return await self._db.alone(query)


class MongoCorrections:
    def __init__(self, db: MongoDatabase) -> None:
        self._db = db

    async def get(self, mention: int) -> Correction | None:
        async def query(tx: MongoTx) -> Correction | None:
            doc = (await tx.by_id("corrections", [mention])).get(mention)
            return None if doc is None else tx.load(Correction, doc)

        return await self._db.alone(query)

    async def recent(self, *, limit: int = 100_000) -> Sequence[CorrectedMention]:
        async def query(tx: MongoTx) -> list[CorrectedMention]:
            newest = [("at", -1), ("_id", -1)]
            docs = await tx.table("corrections").many({}, sort=newest, limit=limit)
            docs.reverse()
            seqs = [doc["_id"] for doc in docs]
            mentions = await tx.by_id("mentions", seqs)
            events = await tx.by_id("events", seqs)
            return [
                corrected(
                    tx.load(Correction, doc),
                    tx.load(StoredMention, mentions[doc["_id"]]),
                    tx.load(Event, events[doc["_id"]]),
                )
                for doc in docs
                if doc["_id"] in mentions and doc["_id"] in events
            ]

        return await self._db.alone(query)

    async def save(self, correction: Correction) -> None:
        async def work(tx: MongoTx) -> None:
            seq = correction.mention
            if await tx.table("mentions").one({"_id": seq}) is None:
                raise Conflict(f"there is no mention {seq}; it may have been erased.")
            fields = {"$set": {"at": micros(correction.at), "body": tx.dump(correction)}}
            await tx.table("corrections").change({"_id": seq}, fields, upsert=True)

        await self._db.write(work)


class MongoTrackedPosts:
    def __init__(self, db: MongoDatabase) -> None:
        self._db = db

    async def get(self, mention: int) -> TrackedPost | None:
        async def query(tx: MongoTx) -> TrackedPost | None:
            doc = await tx.table("tracked").one({"_id": mention})
            return tx.load(TrackedPost, doc) if doc else None

        return await self._db.alone(query)

    async def candidates(self, channel: str, *, since: datetime, limit: int) -> Sequence[Mention]:
        where: Doc = {
            "posted": {"$gt": micros(since)},
            "negative": True,
            "withdrawn": False,
            "filters": wanted_channel(channel),
        }

        async def query(tx: MongoTx) -> list[Mention]:
            docs = await tx.table("mentions").many(where, sort=[("posted", -1), ("_id", -1)])
            found: list[Mention] = []
            for start in range(0, len(docs), BATCH):
                part = docs[start : start + BATCH]
                known = await tx.by_id("tracked", [doc["_id"] for doc in part])
                fresh = await _mentions_of(tx, [doc for doc in part if doc["_id"] not in known])
                found += [mention for mention in fresh if mention.event.public]
                if len(found) >= limit:
                    break
            return found[:limit]

        return await self._db.alone(query)

    async def due(self, channel: str, now: datetime, limit: int) -> Sequence[TrackedPost]:
        where: Doc = {"channel": key_of(channel), "next_at": {"$lte": micros(now)}}

        async def query(tx: MongoTx) -> list[TrackedPost]:
            soonest = [("next_at", 1), ("_id", 1)]
            docs = await tx.table("tracked").many(where, sort=soonest, limit=limit)
            return [tx.load(TrackedPost, doc) for doc in docs]

        return await self._db.alone(query)

    async def save(self, posts: Sequence[TrackedPost]) -> None:
        async def work(tx: MongoTx) -> None:
            known = await tx.by_id("mentions", [post.mention for post in posts])
            for post in posts:
                if post.mention not in known:
                    continue
                fields = {
                    "channel": key_of(post.channel),
                    "next_at": None if post.next_at is None else micros(post.next_at),
                    "body": tx.dump(post.trimmed()),
                }
                await tx.table("tracked").change(
                    {"_id": post.mention}, {"$set": fields}, upsert=True
                )

        await self._db.write(work)


def search_values(mention: Mention) -> Doc:
    """The fields that a mention is found by; ``incident`` is left out where it has none."""
    words = mention_words(mention)
    return {
        "words": sorted(set(words.split())),
        "line": words,
        "filters": mention_filters(mention),
        **incident_value(mention.incident),
    }


def incident_value(incident: str | None) -> Doc:
    return {} if incident is None else {"incident": key_of(incident)}


async def records_of(tx: MongoTx, docs: Sequence[Doc]) -> tuple[MentionRecord, ...]:
    """Mentions with all about them."""
    replies = await replies_to(tx, [integer(doc, "_id") for doc in docs])
    found = []
    for doc, mention in zip(docs, await _mentions_of(tx, docs), strict=True):
        ticket = doc["ticket"]
        found.append(
            MentionRecord(
                mention=mention,
                decision=tx.load(StoredMention, doc).decision or UNDECIDED,
                ticket=None if ticket is None else str(ticket),
                replies=tuple(replies[mention.seq]),
                withdrawn=bool(doc["withdrawn"]),
            )
        )
    return tuple(found)


async def _mentions_of(tx: MongoTx, docs: Sequence[Doc]) -> list[Mention]:
    events = await tx.by_id("events", [doc["_id"] for doc in docs])
    return [
        tx.load(StoredMention, doc).mention(integer(doc, "_id"), tx.load(Event, events[doc["_id"]]))
        for doc in docs
    ]
