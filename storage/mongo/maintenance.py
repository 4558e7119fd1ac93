"""Retention, and the state of the store.

Each step of retention says which documents may be old, and removes those of a batch that are,
looked at again in the transaction that removes them. All of them may run again and again.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.clock import micros, moment
from core.model.alerts import Alert, is_settled
from core.model.conversations import Conversation, ConversationLine
from core.model.events import (
    AGED,
    RETENTION_CLASSES,
    Event,
    RetentionClass,
    retention_class,
    with_text,
)
from core.model.figures import Figures
from core.model.health import Finding
from core.model.outbox import Reply, without_content
from storage.mongo import doctor
from storage.mongo.conversations import rewrite_line
from storage.mongo.engine.database import MongoDatabase, beat
from storage.mongo.engine.link import Doc, Where
from storage.mongo.engine.tx import MongoTx, integer
from storage.mongo.values import put_value, read_value
from storage.records import DEAD, DROPPED, HOUR, PENDING, StoredMention

TEXTS: Final = 500
"""Events whose texts are forgotten in one transaction."""
BATCH: Final = 200
"""Other documents that are looked at in one transaction."""


class MongoMaintenance:
    def __init__(self, db: MongoDatabase) -> None:
        self._db = db

    async def age(
        self, *, raw: datetime, spam: datetime, messages: datetime, records: datetime
    ) -> int:
        before = {"dropped": spam, "public": raw, "private": messages}
        total = 0
        for which in RETENTION_CLASSES:
            forgotten: int | None = 0
            while forgotten is not None:
                forgotten = await self._db.write(_batch_of_texts(which, micros(before[which])))
                total += forgotten or 0
        limit = micros(records)
        for step in _STEPS:
            async for ids in self._batches(step.kind, step.where(limit)):
                removed = await self._db.write(_batch_of(step, ids, limit))
                if removed is None:
                    break
                total += removed
        return total

    async def _batches(self, kind: str, where: Where) -> AsyncIterator[list[object]]:
        async with self._db.session() as tx:
            batch: list[object] = []
            async for doc in tx.table(kind).each(where):
                batch.append(doc["_id"])
                if len(batch) == BATCH:
                    yield batch
                    batch = []
            if batch:
                yield batch

    async def figures(self, now: datetime) -> Figures:
        at = micros(now)

        async def query(tx: MongoTx) -> Figures:
            hour = {"posted": {"$gt": at - HOUR, "$lte": at}}
            unresolved: Doc = {"state": {"$ne": "resolved"}}
            tickets, mentions = tx.table("tickets"), tx.table("mentions")
            return Figures(
                unresolved_tickets=await tickets.count(unresolved),
                late_tickets=await tickets.count(
                    unresolved | {"answered": False, "due": {"$lte": at}}
                ),
                drafts=await tx.table("replies").count({"state": "draft"}),
                firing_alerts=await tx.table("alerts").count({"state": "firing"}),
                mentions_last_hour=await mentions.count(hour),
                negative_last_hour=await mentions.count(hour | {"negative": True}),
            )

        return await self._db.alone(query)

    async def check(self) -> None:
        if self._db.failing:
            await self._db.alone(beat)
            self._db.failing = False

    async def examine(self, *, mend: bool) -> Sequence[Finding]:
        return await self._db.alone(lambda tx: doctor.examine(tx, mend=mend))


def _batch_of_texts(
    which: RetentionClass, before: int
) -> Callable[[MongoTx], Awaitable[int | None]]:
    """Forget the texts of up to ``TEXTS`` ended events; ``None`` where none is left.

    The masked text of a mention stays, in its line too. Goes on from where it stopped the last
    time, and never passes an event that is still pending.
    """
    mark = f"purged_to:{which}"

    async def work(tx: MongoTx) -> int | None:
        start = int(await read_value(tx, mark) or 0)
        where = {"_id": {"$gt": start}, "received": {"$lt": before}}
        docs = await tx.table("events").many(where, sort=[("_id", 1)], limit=TEXTS)
        mentions = await tx.by_id("mentions", [doc["_id"] for doc in docs])
        done = 0
        for doc in docs:
            if doc["state"] == PENDING:
                break
            start = integer(doc, "_id")
            event = tx.load(Event, doc)
            if retention_class(event, dropped=doc["state"] == DROPPED) == which:
                mention = mentions.get(doc["_id"])
                masked = "" if mention is None else tx.load(StoredMention, mention).masked_text
                done += await _forget_text(tx, doc, event, event.text if masked is None else masked)
        await put_value(tx, mark, str(start))
        return done if docs and docs[0]["state"] != PENDING else None

    return work


async def _forget_text(tx: MongoTx, doc: Doc, event: Event, text: str) -> bool:
    """Leave ``text`` in an event and in its line; False where nothing else was there."""
    bare = with_text(event, text)
    if bare == event:
        return False
    await tx.table("events").change({"_id": doc["_id"]}, {"$set": {"body": tx.dump(bare)}})
    await rewrite_line(tx, event, text)
    return True


@dataclass(frozen=True, kw_only=True, slots=True)
class _Step:
    """Retention of one kind of document."""

    kind: str
    where: Callable[[int], Doc]
    """Which documents may be older than a time."""
    forget: Callable[[MongoTx, Sequence[object], int], Awaitable[int | None]]
    """Removes those of these ids that are; returns their number, ``None`` to stop early."""


def _batch_of(
    step: _Step, ids: Sequence[object], before: int
) -> Callable[[MongoTx], Awaitable[int | None]]:
    return lambda tx: step.forget(tx, ids, before)


async def _tickets(tx: MongoTx, ids: Sequence[object], before: int) -> int:
    done = 0
    for name, doc in (await tx.by_id("tickets", ids)).items():
        thread = {"channel": doc["channel"], "id": doc["conversation"]}
        talk = await tx.table("conversations").one({"_id": thread})
        if talk is not None and _updated(tx, talk) >= before:
            continue
        await tx.table("mentions").change_all({"ticket": name}, {"$set": {"ticket": None}})
        done += await tx.table("tickets").drop({"_id": name, "state": "resolved"})
    return done


def _updated(tx: MongoTx, doc: Doc) -> int:
    return micros(tx.load(Conversation, doc).updated_at)


async def _conversations(tx: MongoTx, ids: Sequence[object], before: int) -> int:
    done = 0
    for name in ids:
        doc = await tx.table("conversations").one({"_id": name})
        if doc is None:
            continue
        assert isinstance(name, dict)  # noqa: S101 - so it was written, for the type checker
        thread = {"channel": name["channel"], "conversation": name["id"]}
        if _updated(tx, doc) >= before:
            fresh = {"$set": {"updated": _updated(tx, doc)}}
            await tx.table("conversations").change({"_id": name}, fresh)
        elif not await _is_owed(tx, thread, tx.load(Conversation, doc).ticket):
            await _forget_conversation(tx, thread)
            done += await tx.table("conversations").drop({"_id": name})
    return done


async def _is_owed(tx: MongoTx, thread: Doc, ticket: str | None) -> bool:
    waiting = {**thread, "state": {"$in": ["draft", "pending", "sending"]}}
    if await tx.table("replies").one(waiting) is not None:
        return True
    return ticket is not None and await tx.table("tickets").one({"_id": ticket}) is not None


async def _forget_conversation(tx: MongoTx, thread: Doc) -> None:
    await tx.table("lines").drop(thread)
    await tx.table("threads").drop({"_id": thread})
    for doc in await tx.table("replies").many(thread):
        kept = tx.dump(without_content(tx.load(Reply, doc)))
        await tx.table("replies").change({"_id": doc["_id"]}, {"$set": {"body": kept}})


async def _lines(tx: MongoTx, ids: Sequence[object], before: int) -> int | None:
    docs = await tx.by_id("lines", ids)
    old = {
        seq: doc for seq, doc in docs.items() if micros(tx.load(ConversationLine, doc).at) < before
    }
    done = 0
    for seq, doc in old.items():
        thread = {"channel": doc["channel"], "id": doc["conversation"]}
        if await tx.table("conversations").one({"_id": thread}) is None:
            done += await tx.table("lines").drop({"_id": seq})
    return done if old else None


async def _alerts(tx: MongoTx, ids: Sequence[object], before: int) -> int:
    done = 0
    for name, doc in (await tx.by_id("alerts", ids)).items():
        if not is_settled(tx.load(Alert, doc), moment(before)):
            continue
        await tx.table("deliveries").drop({"_id.alert": name})
        done += await tx.table("alerts").drop({"_id": name})
    return done


async def _dead_letters(tx: MongoTx, ids: Sequence[object], _before: int) -> int:
    letters = await tx.by_id("dead_letters", ids)
    for name, doc in letters.items():
        event = await tx.table("events").one({"_id": doc.get("seq"), "state": DEAD})
        if event is not None:
            await _forget_text(tx, event, tx.load(Event, event), "")
            ended = {"$set": {"state": DROPPED, "reason": AGED}}
            await tx.table("events").change({"_id": integer(event, "_id")}, ended)
        await tx.table("dead_letters").drop({"_id": name})
    tx.count("dead", -len(letters))
    tx.count(f"dropped:{AGED}", len(letters))
    return len(letters)


async def _mutes(tx: MongoTx, ids: Sequence[object], before: int) -> int:
    return await tx.table("silences").drop({"_id": {"$in": list(ids)}, "until": {"$lt": before}})


_STEPS: Final = (
    _Step(
        kind="tickets",
        where=lambda before: {"state": "resolved", "due": {"$lt": before}},
        forget=_tickets,
    ),
    _Step(
        kind="conversations",
        where=lambda before: {
            "$or": [{"updated": {"$lt": before}}, {"updated": {"$exists": False}}]
        },
        forget=_conversations,
    ),
    _Step(kind="lines", where=lambda _: {}, forget=_lines),
    _Step(
        kind="alerts",
        where=lambda before: {"state": "resolved", "created": {"$lt": before}},
        forget=_alerts,
    ),
    _Step(kind="dead_letters", where=lambda before: {"at": {"$lt": before}}, forget=_dead_letters),
    _Step(kind="silences", where=lambda before: {"until": {"$lt": before}}, forget=_mutes),
)
"""Tickets come before their conversations, and those before lines that belong to none."""
