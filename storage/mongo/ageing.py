"""What is forgotten of matters that are long over, in MongoDB.

Each step says which documents may be old, and forgets those of a batch that are, looked at again in
the transaction that forgets them. All may run again and again.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from core.alerts import Alert, is_settled
from core.clock import micros, moment
from core.conversations import Conversation, ConversationLine
from core.events import AGED, Event
from core.outbox import Reply, without_content
from storage.mongo.link import Doc
from storage.mongo.maintenance import bare
from storage.mongo.schema import DEAD, DROPPED
from storage.mongo.work import Tx, integer

BATCH: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One kind of matter."""

    kind: str
    where: Callable[[int], Doc]
    """Which documents may be older than a time."""
    forget: Callable[[Tx, Sequence[object], int], Awaitable[int | None]]
    """Forgets those of these ids that are; returns how many, ``None`` where the rest is younger."""

    def batch(self, ids: Sequence[object], before: int) -> Callable[[Tx], Awaitable[int | None]]:
        """A batch as a piece of work."""
        return lambda tx: self.forget(tx, ids, before)


async def _tickets(tx: Tx, ids: Sequence[object], before: int) -> int:
    done = 0
    for name, doc in (await tx.by_id("tickets", ids)).items():
        thread = {"channel": doc["channel"], "id": doc["conversation"]}
        talk = await tx.table("conversations").one({"_id": thread})
        if talk is not None and _updated(tx, talk) >= before:
            continue
        await tx.table("mentions").change_all({"ticket": name}, {"$set": {"ticket": None}})
        done += await tx.table("tickets").drop({"_id": name, "state": "resolved"})
    return done


def _updated(tx: Tx, doc: Doc) -> int:
    return micros(tx.load(Conversation, doc).updated_at)


async def _conversations(tx: Tx, ids: Sequence[object], before: int) -> int:
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
            await _forget_talk(tx, thread)
            done += await tx.table("conversations").drop({"_id": name})
    return done


async def _is_owed(tx: Tx, thread: Doc, ticket: str | None) -> bool:
    waiting = {**thread, "state": {"$in": ["draft", "pending", "sending"]}}
    if await tx.table("replies").one(waiting) is not None:
        return True
    return ticket is not None and await tx.table("tickets").one({"_id": ticket}) is not None


async def _forget_talk(tx: Tx, thread: Doc) -> None:
    await tx.table("lines").drop(thread)
    await tx.table("threads").drop({"_id": thread})
    for doc in await tx.table("replies").many(thread):
        forgotten = tx.dump(without_content(tx.load(Reply, doc)))
        await tx.table("replies").change({"_id": doc["_id"]}, {"$set": {"body": forgotten}})


async def _lines(tx: Tx, ids: Sequence[object], before: int) -> int | None:
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


async def _alerts(tx: Tx, ids: Sequence[object], before: int) -> int:
    done = 0
    for name, doc in (await tx.by_id("alerts", ids)).items():
        if not is_settled(tx.load(Alert, doc), moment(before)):
            continue
        await tx.table("deliveries").drop({"_id.alert": name})
        done += await tx.table("alerts").drop({"_id": name})
    return done


async def _dead_letters(tx: Tx, ids: Sequence[object], _before: int) -> int:
    letters = await tx.by_id("dead_letters", ids)
    for name, doc in letters.items():
        event = await tx.table("events").one({"_id": doc.get("seq"), "state": DEAD})
        if event is not None:
            await bare(tx, event, tx.load(Event, event), "")
            ended = {"$set": {"state": DROPPED, "reason": AGED}}
            await tx.table("events").change({"_id": integer(event, "_id")}, ended)
        await tx.table("dead_letters").drop({"_id": name})
    tx.count("dead", -len(letters))
    tx.count(f"dropped:{AGED}", len(letters))
    return len(letters)


async def _silences(tx: Tx, ids: Sequence[object], before: int) -> int:
    return await tx.table("silences").drop({"_id": {"$in": list(ids)}, "until": {"$lt": before}})


STEPS: Final = (
    Step(
        kind="tickets",
        where=lambda before: {"state": "resolved", "due": {"$lt": before}},
        forget=_tickets,
    ),
    Step(
        kind="conversations",
        where=lambda before: {
            "$or": [{"updated": {"$lt": before}}, {"updated": {"$exists": False}}]
        },
        forget=_conversations,
    ),
    Step(kind="lines", where=lambda _: {}, forget=_lines),
    Step(
        kind="alerts",
        where=lambda before: {"state": "resolved", "created": {"$lt": before}},
        forget=_alerts,
    ),
    Step(kind="dead_letters", where=lambda before: {"at": {"$lt": before}}, forget=_dead_letters),
    Step(kind="silences", where=lambda before: {"until": {"$lt": before}}, forget=_silences),
)
"""Tickets come before their conversations, and those before lines that belong to none."""
