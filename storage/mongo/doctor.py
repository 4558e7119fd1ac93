"""Checks of the database: references, claims, counters, the audit log."""

from dataclasses import replace
from typing import Final

from core.model.audit import first_broken
from core.model.conversations import Conversation
from core.model.events import EventCounts
from core.model.health import Finding
from storage.doctor import broken_log, orphans, recount, stuck, wrong_counts
from storage.encoding import text_of
from storage.mongo.audit import read_entries
from storage.mongo.engine.database import is_gone, release
from storage.mongo.engine.link import Doc, Where
from storage.mongo.engine.tx import MongoTx, field_name, integer, key
from storage.mongo.events import read_counts
from storage.records import DEAD, DONE, DROPPED, PENDING, counter_of

_REFERS_TO: Final = {"deliveries": "alert", "corrections": "mention", "tracked": "mention"}


async def examine(tx: MongoTx, *, mend: bool) -> list[Finding]:
    """As core.repositories.Maintenance.examine; the server checks its files itself."""
    return [
        *await _orphans(tx, mend=mend),
        *await _lost_tickets(tx, mend=mend),
        *await _stuck(tx, mend=mend),
        *await _counts(tx, mend=mend),
        *broken_log(first_broken(await read_entries(tx))),
    ]


async def _orphans(tx: MongoTx, *, mend: bool) -> list[Finding]:
    events = set(await tx.table("events").values("_id", {}))
    alerts = set(await tx.table("alerts").values("_id", {}))
    mentions = set(await tx.table("mentions").values("_id", {}))
    lost: dict[str, list[object]] = {"mentions": [], "dead_letters": [], "deliveries": []}
    for kind in ("corrections", "tracked"):
        lost[kind] = [one for one in await tx.table(kind).values("_id", {}) if one not in mentions]
    async for doc in tx.table("mentions").each():
        if doc["_id"] not in events:
            lost["mentions"].append(doc["_id"])
    async for doc in tx.table("dead_letters").each():
        if doc.get("seq") is not None and doc["seq"] not in events:
            lost["dead_letters"].append(doc["_id"])
    async for doc in tx.table("deliveries").each():
        name = doc["_id"]
        if isinstance(name, dict) and name["alert"] not in alerts:
            lost["deliveries"].append(name)
    found: list[Finding] = []
    for kind, ids in lost.items():
        what = _REFERS_TO.get(kind, "event")
        found += orphans(f"{kind.replace('_', ' ')} without their {what}", len(ids), mend=mend)
        if ids and mend:
            await tx.table(kind).drop({"_id": {"$in": ids}})
    return found


async def _lost_tickets(tx: MongoTx, *, mend: bool) -> list[Finding]:
    lost: list[tuple[Doc, Conversation]] = []
    async for doc in tx.table("conversations").each():
        conversation = tx.load(Conversation, doc)
        ticket = conversation.ticket
        if ticket is not None and await tx.table("tickets").one({"_id": ticket}) is None:
            lost.append((doc, conversation))
    if mend:
        for doc, conversation in lost:
            body = tx.dump(replace(conversation, ticket=None))
            await tx.table("conversations").change({"_id": doc["_id"]}, {"$set": {"body": body}})
    return orphans("conversations that name a ticket which is not there", len(lost), mend=mend)


async def _stuck(tx: MongoTx, *, mend: bool) -> list[Finding]:
    held: dict[str, Where] = {
        "events": {"state": PENDING},
        "replies": {"state": "sending"},
        "deliveries": {"delivered": False},
    }
    known = {integer(doc, "_id"): doc for doc in await tx.table("owners").many({})}
    found: list[Finding] = []
    gone: set[int] = set()
    for what, where in held.items():
        number = 0
        for value in await tx.table(what).values("owner", {**where, "owner": {"$ne": 0}}):
            owner = integer({"owner": value}, "owner")
            doc = known.get(owner)
            if owner != tx.owner and (doc is None or is_gone(tx, doc)):
                gone.add(owner)
                number += await tx.table(what).count({**where, "owner": owner})
        found += stuck(what, number, mend=mend)
    if mend:
        for owner in gone:
            await release(tx, owner)
    return found


async def _counts(tx: MongoTx, *, mend: bool) -> list[Finding]:
    events = tx.table("events")
    counted = await read_counts(tx)
    rows = {
        counter_of(state, None): await events.count({"state": state})
        for state in (PENDING, DONE, DEAD)
    }
    rows["dead"] += await tx.table("dead_letters").count({"reject": True})
    for value in await events.values("reason", {"state": DROPPED}):
        reason = text_of(key({"reason": value}, "reason"))
        rows[counter_of(DROPPED, reason)] = await events.count({"state": DROPPED, "reason": value})
    really = recount(rows, counted)
    found = wrong_counts(counted, really, mend=mend)
    if found and mend:
        await _set_counts(tx, really)
    return found


async def _set_counts(tx: MongoTx, counts: EventCounts) -> None:
    fields: Doc = {name: getattr(counts, name) for name in ("received", "done", "pending", "dead")}
    fields |= {field_name(f"dropped:{reason}"): n for reason, n in counts.dropped.items()}
    await tx.table("counters").drop({})
    await tx.table("counters").add({"_id": 0, "n": fields})
