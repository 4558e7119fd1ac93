"""The end of an event in MongoDB.

The event itself is changed last: where the server has no transactions, what was done before a
crash is found done when the event comes round again.
"""

import dataclasses

from core.clock import micros
from core.events import Received
from core.mentions import Mention
from core.outbox import redirected
from core.outcomes import Outcome, Plan
from storage.encoding import key_of
from storage.mongo import outbox, tickets
from storage.mongo.incidents import incident_of
from storage.mongo.link import Doc
from storage.mongo.schema import DONE, DROPPED, PENDING
from storage.mongo.work import Tx
from storage.records import about, judged, mention_words, search_filters


async def record(tx: Tx, outcome: Outcome) -> None:
    """Store the end of a pending event and all that it causes."""
    event = await tx.table("events").one({"_id": outcome.seq, "state": PENDING})
    if event is None:
        return
    reason = outcome.dropped
    if reason is None and await _deleted_since(tx, outcome.seq, event):
        reason = "deleted"
    if reason is None:
        ticket = None
        if outcome.plan is not None:
            ticket = await _carry_out(tx, outcome.plan, about(event["channel"], event["id"]))
        if outcome.mention is not None:
            await _mention(tx, outcome.mention, outcome.plan, ticket)
    await _end(tx, outcome.seq, reason)


async def _end(tx: Tx, seq: int, reason: str | None) -> None:
    ended: Doc = {"state": DONE if reason is None else DROPPED, "owner": 0}
    if reason is not None:
        ended["reason"] = key_of(reason)
    if await tx.table("events").change({"_id": seq, "state": PENDING}, {"$set": ended}):
        tx.count("pending", -1)
        tx.count("done" if reason is None else f"dropped:{reason}", 1)


async def _deleted_since(tx: Tx, seq: int, event: Doc) -> bool:
    found = await tx.table("events").one(
        {
            "channel": event["channel"],
            "id": event["id"],
            "_id": {"$gt": seq},
            "kind": "delete",
            "state": {"$ne": PENDING},
        }
    )
    return found is not None


async def _carry_out(tx: Tx, plan: Plan, origin: bytes) -> str | None:
    """Store what a plan causes; returns the number of its ticket."""
    number = None
    if plan.ticket is not None:
        number = await tickets.put(tx, plan.ticket, origin, keep_staff=True)
    if plan.conversation is not None:
        conversation = plan.conversation
        if plan.ticket is not None and conversation.ticket == plan.ticket.number:
            conversation = dataclasses.replace(conversation, ticket=number)
        await tickets.put_conversation(tx, conversation)
    for reply in plan.replies:
        await outbox.add(
            tx, redirected(reply, wanted=plan.ticket.number if plan.ticket else None, number=number)
        )
    return number


async def _mention(tx: Tx, mention: Mention, plan: Plan | None, ticket: str | None) -> None:
    words, kept = mention_words(mention), judged(mention, plan)
    await tx.table("mentions").change(
        {"_id": mention.seq},
        {
            "$setOnInsert": {
                "posted": micros(mention.event.posted_at),
                "negative": mention.judgement.sentiment == "negative",
                "withdrawn": False,
                "ticket": ticket,
                "words": sorted(set(words.split())),
                "line": words,
                "filters": search_filters(mention),
                "body": tx.dump(kept),
                **incident_of(kept),
            }
        },
        upsert=True,
    )


async def withdraw(tx: Tx, item: Received) -> None:
    """End a DELETE event: hide its mentions, cancel what was not sent, forget its line."""
    events = tx.table("events")
    if await events.one({"_id": item.seq, "state": PENDING}) is None:
        return
    post = {"channel": key_of(item.event.channel), "id": key_of(item.event.id)}
    seqs = [doc["_id"] for doc in await events.many(post)]
    await tx.table("mentions").change_all({"_id": {"$in": seqs}}, {"$set": {"withdrawn": True}})
    await outbox.cancel_for(tx, seqs, "withdrawn by its author")
    await tx.table("lines").drop(
        {
            "channel": post["channel"],
            "conversation": tx.coder.who(item.event.conversation),
            "native": post["id"],
            "direction": "in",
        }
    )
    await _end(tx, item.seq, "deleted")
