"""Mentions as staff look at them, in MongoDB."""

from collections.abc import Sequence

from core.clock import micros
from core.events import Event
from core.figures import Figures
from core.mentions import Mention, MentionFilter, MentionPage, MentionRecord
from storage.encoding import key_of
from storage.mongo import outbox
from storage.mongo.link import Doc
from storage.mongo.search import has_terms
from storage.mongo.work import Tx, integer
from storage.records import HOUR, UNDECIDED, Judged, wanted_filters

BATCH = 500


async def page(tx: Tx, where: MentionFilter, before: int | None, limit: int) -> MentionPage:
    """Mentions of a filter, newest first; ``before`` is ``MentionPage.next``."""
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
    docs = await tx.table("mentions").many({"$and": wanted}, sort=[("_id", -1)], limit=limit + 1)
    return MentionPage(
        mentions=await _handled(tx, docs[:limit]),
        next=integer(docs[limit - 1], "_id") if len(docs) > limit else None,
    )


async def of_incident(tx: Tx, incident: str, limit: int) -> tuple[MentionRecord, ...]:
    """Mentions of an incident that were not withdrawn, by posted_at, oldest first."""
    where = {"incident": key_of(incident), "withdrawn": False}
    order = [("posted", 1), ("_id", 1)]
    return await _handled(tx, await tx.table("mentions").many(where, sort=order, limit=limit))


async def one(tx: Tx, seq: int) -> MentionRecord | None:
    """A mention with all about it, a withdrawn one too."""
    doc = await tx.table("mentions").one({"_id": seq})
    return None if doc is None else (await _handled(tx, [doc]))[0]


async def _handled(tx: Tx, docs: Sequence[Doc]) -> tuple[MentionRecord, ...]:
    replies = await outbox.to_mentions(tx, [integer(doc, "_id") for doc in docs])
    found = []
    for doc, mention in zip(docs, await _mentions(tx, docs), strict=True):
        ticket = doc["ticket"]
        found.append(
            MentionRecord(
                mention=mention,
                decision=tx.load(Judged, doc).decision or UNDECIDED,
                ticket=None if ticket is None else str(ticket),
                replies=tuple(replies[mention.seq]),
                withdrawn=bool(doc["withdrawn"]),
            )
        )
    return tuple(found)


async def _mentions(tx: Tx, docs: Sequence[Doc]) -> list[Mention]:
    seqs = [doc["_id"] for doc in docs]
    events = {doc["_id"]: doc for doc in await tx.table("events").many({"_id": {"$in": seqs}})}
    return [
        tx.load(Judged, doc).mention(integer(doc, "_id"), tx.load(Event, events[doc["_id"]]))
        for doc in docs
    ]


async def since(tx: Tx, at: int) -> list[Mention]:
    """Mentions posted from a time on that were not withdrawn, oldest first."""
    docs = await tx.table("mentions").many(
        {"posted": {"$gte": at}, "withdrawn": False}, sort=[("posted", 1), ("_id", 1)]
    )
    found: list[Mention] = []
    for start in range(0, len(docs), BATCH):
        found += await _mentions(tx, docs[start : start + BATCH])
    return found


async def figures(tx: Tx, now: int) -> Figures:
    """Numbers for the head of the console."""
    hour = {"posted": {"$gt": now - HOUR, "$lte": now}}
    open_: Doc = {"state": {"$ne": "resolved"}}
    tickets, mentions = tx.table("tickets"), tx.table("mentions")
    return Figures(
        unresolved_tickets=await tickets.count(open_),
        late_tickets=await tickets.count(open_ | {"answered": False, "due": {"$lte": now}}),
        drafts=await tx.table("replies").count({"state": "draft"}),
        firing_alerts=await tx.table("alerts").count({"state": "firing"}),
        mentions_last_hour=await mentions.count(hour),
        negative_last_hour=await mentions.count(hour | {"negative": True}),
    )
