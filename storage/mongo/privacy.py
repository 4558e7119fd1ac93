"""One customer's data in MongoDB: found, shown, erased."""

from typing import Final

from core.alerts import Alert
from core.audit import AuditEntry, next_entry, pseudonym
from core.clock import micros, moment
from core.conversations import Conversation, ConversationLine
from core.customers import (
    ERASED,
    Dossier,
    names,
    pause_without_quotes,
    said,
    tombstone,
    without_quotes,
)
from core.events import Event
from core.incidents import Incident
from core.mentions import Correction, TrackedPost
from core.outbox import Reply
from core.pauses import Pause
from core.tickets import Ticket
from storage.encoding import key_of, text_of
from storage.mongo.link import Doc
from storage.mongo.rows import row_of
from storage.mongo.schema import DEAD, DONE, DROPPED, PENDING
from storage.mongo.work import Tx, blob, integer, key
from storage.portable import audit_entry
from storage.records import Judged

_STATES: Final = {PENDING: "pending", DONE: "done", DEAD: "dead"}


class Found:
    """Documents about a customer; empty until ``look``."""

    def __init__(self) -> None:
        self.by_kind: dict[str, list[Doc]] = {}
        self.events: list[tuple[Doc, Event]] = []

    async def look(self, tx: Tx, customer: str) -> None:
        """Find everything."""
        who = tx.coder.who(customer)
        events = await tx.table("events").many({"author": who})
        self.events = [(doc, tx.load(Event, doc)) for doc in events]
        seqs = [doc["_id"] for doc in events]
        conversations = await tx.table("conversations").many({"customer": who})
        threads: list[Doc] = [
            {"channel": key_of(event.channel), "conversation": tx.coder.who(event.conversation)}
            for _, event in self.events
            if not event.public
        ]
        for doc in conversations:
            name = doc["_id"]
            assert isinstance(name, dict)  # noqa: S101 - so it was written, for the type checker
            threads.append({"channel": name["channel"], "conversation": name["id"]})
        own = [
            {
                "channel": key_of(event.channel),
                "conversation": tx.coder.who(event.conversation),
                "native": key_of(event.id),
            }
            for _, event in self.events
        ]
        self.by_kind = {
            "mentions": await tx.table("mentions").many({"_id": {"$in": seqs}}),
            "corrections": await tx.table("corrections").many({"_id": {"$in": seqs}}),
            "tracked": await tx.table("tracked").many({"_id": {"$in": seqs}}),
            "conversations": conversations,
            "lines": await tx.table("lines").many({"$or": [*threads, *own, {"_id": -1}]}),
            "tickets": await tx.table("tickets").many({"$or": [*threads, {"customer": who}]}),
            "replies": await tx.table("replies").many(
                {"$or": [*threads, {"mention": {"$in": seqs}}]}
            ),
            "dead_letters": await self._letters(tx, customer, seqs),
        }

    async def _letters(self, tx: Tx, customer: str, seqs: list[object]) -> list[Doc]:
        wanted = names([event for _, event in self.events], customer)
        rejects = await tx.table("dead_letters").many({"reject": True})
        found = [
            doc
            for doc in rejects
            if any(name in tx.coder.open(blob(doc, "raw")) for name in wanted)
        ]
        return found + await tx.table("dead_letters").many({"seq": {"$in": seqs}})


async def export(tx: Tx, customer: str) -> Dossier:
    """Everything the store holds about a customer."""
    found = Found()
    await found.look(tx, customer)
    return _dossier(tx, found)


def _dossier(tx: Tx, found: Found) -> Dossier:
    events = {integer(doc, "_id"): event for doc, event in found.events}
    kinds = found.by_kind
    return Dossier(
        events=tuple(events.values()),
        mentions=tuple(
            tx.load(Judged, doc).mention(integer(doc, "_id"), events[integer(doc, "_id")])
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


async def erase(tx: Tx, customer: str, by: str) -> dict[str, int]:
    """Forget a customer, and note who did it; returns how many records of each kind.

    Events are last: without transactions, a repeat after a crash finds the rest through them.
    """
    found = Found()
    await found.look(tx, customer)
    await _take_out_quotes(tx, said(_dossier(tx, found).mentions))
    for kind, docs in found.by_kind.items():
        await tx.table(kind).drop({"_id": {"$in": [doc["_id"] for doc in docs]}})
    rejects = sum("raw" in doc for doc in found.by_kind["dead_letters"])
    tx.count("dead", -rejects)
    tx.count("received", -rejects)
    for doc, event in found.events:
        buried = {
            "author": "",
            "state": DROPPED,
            "owner": 0,
            "reason": ERASED,
            "body": tx.dump(tombstone(event)),
        }
        await tx.table("events").change({"_id": doc["_id"]}, {"$set": buried})
        state = integer(doc, "state")
        dropped = state == DROPPED
        tx.count(f"dropped:{text_of(key(doc, 'reason'))}" if dropped else _STATES[state], -1)
        tx.count(f"dropped:{ERASED}", 1)
    await note(tx, who=by, what="erase", about=pseudonym(customer))
    return _dossier(tx, found).size


async def _take_out_quotes(tx: Tx, texts: frozenset[str]) -> None:
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


async def note(tx: Tx, *, who: str, what: str, about: str) -> AuditEntry:
    """Add to the audit log."""
    found = await audit(tx, last=1)
    fresh = next_entry(
        found[-1] if found else None, at=moment(tx.now), who=who, what=what, about=about
    )
    await tx.table("audit").add(
        {
            "_id": fresh.seq,
            "at": micros(fresh.at),
            "who": key_of(fresh.who),
            "what": key_of(fresh.what),
            "about": key_of(fresh.about),
            "before": fresh.before,
            "hash": fresh.hash,
        }
    )
    return fresh


async def audit(tx: Tx, last: int | None = None) -> list[AuditEntry]:
    """Entries of the audit log, oldest first; only the ``last`` so many if that is given."""
    docs = await tx.table("audit").many({}, sort=[("_id", -1)], limit=last or 0)
    return [audit_entry(row_of("audit", doc)) for doc in reversed(docs)]
