"""The data of one customer: found, exported, erased."""

from typing import Self

from core.model.alerts import Alert
from core.model.audit import pseudonym
from core.model.conversations import Conversation, ConversationLine
from core.model.customers import (
    ERASED,
    Dossier,
    names,
    pause_without_quotes,
    said,
    tombstone,
    without_quotes,
)
from core.model.events import Event
from core.model.incidents import Incident
from core.model.mentions import Correction, TrackedPost
from core.model.outbox import Reply
from core.model.pauses import Pause
from core.model.tickets import Ticket
from storage.encoding import key_of, text_of
from storage.mongo.audit import note
from storage.mongo.conversations import thread_of
from storage.mongo.engine.database import MongoDatabase
from storage.mongo.engine.link import Doc
from storage.mongo.engine.tx import MongoTx, blob, integer, key
from storage.records import DROPPED, StoredMention, counter_of


class MongoCustomers:
    def __init__(self, db: MongoDatabase) -> None:
        self._db = db

    async def export(self, customer: str) -> Dossier:
        async def query(tx: MongoTx) -> Dossier:
            return (await _Found.look_for(tx, customer)).dossier(tx)

        return await self._db.alone(query)

    async def erase(self, customer: str, *, by: str) -> dict[str, int]:
        return await self._db.write(lambda tx: _erase(tx, customer, by))


class _Found:
    """Documents about a customer, by kind; events with what they decode to."""

    def __init__(self, events: list[tuple[Doc, Event]], kinds: dict[str, list[Doc]]) -> None:
        """Use ``look_for``."""
        self.events = events
        self.kinds = kinds

    @classmethod
    async def look_for(cls, tx: MongoTx, customer: str) -> Self:
        who = tx.coder.who(customer)
        docs = await tx.table("events").many({"author": who})
        events = [(doc, tx.load(Event, doc)) for doc in docs]
        conversations = await tx.table("conversations").many({"customer": who})
        threads = [
            thread_of(tx, event.channel, event.conversation)
            for _, event in events
            if not event.public
        ]
        for doc in conversations:
            name = doc["_id"]
            assert isinstance(name, dict)  # noqa: S101 - so it was written, for the type checker
            threads.append({"channel": name["channel"], "conversation": name["id"]})
        own = [
            thread_of(tx, event.channel, event.conversation) | {"native": key_of(event.id)}
            for _, event in events
        ]
        mine = {"$in": [doc["_id"] for doc in docs]}
        wanted = names([event for _, event in events], customer)
        rejects = [
            doc
            for doc in await tx.table("dead_letters").many({"reject": True})
            if any(name in tx.coder.open(blob(doc, "raw")) for name in wanted)
        ]
        kinds = {
            "mentions": await tx.table("mentions").many({"_id": mine}),
            "corrections": await tx.table("corrections").many({"_id": mine}),
            "tracked": await tx.table("tracked").many({"_id": mine}),
            "conversations": conversations,
            "lines": await tx.table("lines").many({"$or": [*threads, *own, {"_id": -1}]}),
            "tickets": await tx.table("tickets").many({"$or": [*threads, {"customer": who}]}),
            "replies": await tx.table("replies").many({"$or": [*threads, {"mention": mine}]}),
            "dead_letters": rejects + await tx.table("dead_letters").many({"seq": mine}),
        }
        return cls(events, kinds)

    def dossier(self, tx: MongoTx) -> Dossier:
        events = {integer(doc, "_id"): event for doc, event in self.events}
        kinds = self.kinds
        return Dossier(
            events=tuple(events.values()),
            mentions=tuple(
                tx.load(StoredMention, doc).mention(
                    integer(doc, "_id"), events[integer(doc, "_id")]
                )
                for doc in kinds["mentions"]
            ),
            conversations=tuple(tx.load(Conversation, doc) for doc in kinds["conversations"]),
            lines=tuple(tx.load(ConversationLine, doc) for doc in kinds["lines"]),
            tickets=tuple(tx.load(Ticket, doc) for doc in kinds["tickets"]),
            replies=tuple(tx.load(Reply, doc) for doc in kinds["replies"]),
            corrections=tuple(tx.load(Correction, doc) for doc in kinds["corrections"]),
            tracked=tuple(tx.load(TrackedPost, doc) for doc in kinds["tracked"]),
            rejects=tuple(
                tx.coder.open(blob(doc, "raw")) for doc in kinds["dead_letters"] if "raw" in doc
            ),
        )


async def _erase(tx: MongoTx, customer: str, by: str) -> dict[str, int]:
    """Events are last: without transactions, a repeat after a crash finds the rest through them."""
    found = await _Found.look_for(tx, customer)
    dossier = found.dossier(tx)
    await _take_out_quotes(tx, said(dossier.mentions))
    for kind, docs in found.kinds.items():
        await tx.table(kind).drop({"_id": {"$in": [doc["_id"] for doc in docs]}})
    tx.count("dead", -len(dossier.rejects))
    tx.count("received", -len(dossier.rejects))
    for doc, event in found.events:
        buried = {
            "author": "",
            "state": DROPPED,
            "owner": 0,
            "reason": ERASED,
            "body": tx.dump(tombstone(event)),
        }
        await tx.table("events").change({"_id": doc["_id"]}, {"$set": buried})
        reason = text_of(key(doc, "reason")) if "reason" in doc else None
        tx.count(counter_of(integer(doc, "state"), reason), -1)
        tx.count(f"dropped:{ERASED}", 1)
    await note(tx, who=by, what="erase", about=pseudonym(customer))
    return dossier.size


async def _take_out_quotes(tx: MongoTx, texts: frozenset[str]) -> None:
    async for doc in tx.table("alerts").each():
        alert = without_quotes(tx.load(Alert, doc), texts)
        if alert is not None:
            body = {"$set": {"body": tx.dump(alert)}}
            await tx.table("alerts").change({"_id": doc["_id"], "body": doc["body"]}, body)
    async for doc in tx.table("incidents").each():
        incident = without_quotes(tx.load(Incident, doc), texts)
        if incident is not None:
            change = {"$set": {"body": tx.dump(incident), "version": incident.version}}
            await tx.table("incidents").change({"_id": doc["_id"], "body": doc["body"]}, change)
    async for doc in tx.table("freezes").each():
        pause = pause_without_quotes(tx.load(Pause, doc), texts)
        if pause is not None:
            body = {"$set": {"body": tx.dump(pause)}}
            await tx.table("freezes").change({"_id": doc["_id"], "body": doc["body"]}, body)
