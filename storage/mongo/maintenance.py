"""What keeps the MongoDB store in order: processes, ageing out, articles, settings, letters."""

import dataclasses
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.articles import Article
from core.clock import moment
from core.conversations import ConversationLine
from core.events import DeadLetter, Event, RetentionClass, retention_class
from storage.encoding import key_of, text_of
from storage.lease import alive
from storage.mongo.link import Doc
from storage.mongo.schema import DROPPED, PENDING
from storage.mongo.work import Tx, blob, integer, key
from storage.records import Judged

PURGE_BATCH: Final = 500
BEAT_SECONDS: Final = 5.0
SILENT: Final = 20_000_000
"""Microseconds without a sign of life after which a process on another host counts as gone."""
GENERATION: Final = "articles"


def lock_path() -> Path:
    """Where processes of this host keep their locks."""
    return Path(tempfile.gettempdir()) / "tingfeng"


def host() -> str:
    """The same for all processes that see the same locks."""
    folder = lock_path().parent.stat()
    return f"{socket.gethostname()}:{folder.st_dev}:{folder.st_ino}"


async def beat(tx: Tx) -> None:
    """Give a sign of life."""
    await tx.table("owners").change(
        {"_id": tx.owner}, {"$set": {"host": host(), "seen": tx.now}}, upsert=True
    )


async def release_dead(tx: Tx) -> None:
    """Hand back what processes held that are gone."""
    for doc in await tx.table("owners").many({"_id": {"$ne": tx.owner}}):
        if is_gone(tx, doc):
            await tx.end_sessions(doc)
            await release(tx, integer(doc, "_id"))


def is_gone(tx: Tx, doc: Doc) -> bool:
    """True where the process that gave this sign of life is gone."""
    if doc["host"] == host():
        return not alive(lock_path(), integer(doc, "_id"))
    return integer(doc, "seen") < tx.now - SILENT


async def release(tx: Tx, owner: int) -> None:
    """Hand back what a process held, and forget the process."""
    await release_events(tx, owner)
    await tx.table("replies").change_all(
        {"state": "sending", "owner": owner}, {"$set": {"owner": 0}}
    )
    await tx.table("deliveries").change_all(
        {"delivered": False, "owner": owner}, {"$set": {"owner": 0, "due": tx.now}}
    )
    await tx.table("owners").drop({"_id": owner})


async def release_events(tx: Tx, owner: int) -> None:
    await tx.table("events").change_all({"state": PENDING, "owner": owner}, {"$set": {"owner": 0}})


async def purge_raw(tx: Tx, before: int, which: RetentionClass) -> int | None:
    """Forget the raw text of up to ``PURGE_BATCH`` ended events; ``None`` where none is left.

    The masked text of a mention stays, in its line too. Looks on from where it stopped the last
    time, and never passes an event that is still pending.
    """
    mark = f"purged_to:{which}"
    start = int(await setting(tx, mark) or 0)
    where = {"_id": {"$gt": start}, "received": {"$lt": before}}
    docs = await tx.table("events").many(where, sort=[("_id", 1)], limit=PURGE_BATCH)
    seqs = [doc["_id"] for doc in docs]
    mentions = {d["_id"]: d for d in await tx.table("mentions").many({"_id": {"$in": seqs}})}
    done = 0
    for doc in docs:
        if doc["state"] == PENDING:
            break
        start = integer(doc, "_id")
        event = tx.load(Event, doc)
        if retention_class(event, dropped=doc["state"] == DROPPED) == which:
            kept: str | None = ""
            if doc["_id"] in mentions:
                kept = tx.load(Judged, mentions[doc["_id"]]).masked_text
            done += await bare(tx, doc, event, event.text if kept is None else kept)
    await set_setting(tx, mark, str(start))
    return done if docs and docs[0]["state"] != PENDING else None


async def bare(tx: Tx, doc: Doc, event: Event, text: str) -> bool:
    """Leave ``text`` alone of what an event and its line say; False where nothing else was."""
    bare = dataclasses.replace(event, text=text, media=())
    if bare == event:
        return False
    await tx.table("events").change({"_id": doc["_id"]}, {"$set": {"body": tx.dump(bare)}})
    lines = tx.table("lines")
    where = {
        "channel": key_of(event.channel),
        "conversation": tx.coder.who(event.conversation),
        "native": key_of(event.id),
        "direction": "in",
    }
    for line in await lines.many(where):
        masked = dataclasses.replace(tx.load(ConversationLine, line), text=text)
        await lines.change({"_id": line["_id"]}, {"$set": {"body": tx.dump(masked)}})
    return True


async def dead_letters(tx: Tx, limit: int) -> list[DeadLetter]:
    """What could not be processed, newest first."""
    docs = await tx.table("dead_letters").many({}, sort=[("_id", -1)], limit=limit)
    return [await _letter(tx, doc) for doc in docs]


async def _letter(tx: Tx, doc: Doc) -> DeadLetter:
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


async def replace_articles(tx: Tx, articles: Sequence[Article]) -> None:
    """Make these, in this order, all the articles there are."""
    for place, article in enumerate(articles):
        await tx.table("articles").change(
            {"_id": place},
            {"$set": {"id": article.id, "language": article.language, "body": tx.dump(article)}},
            upsert=True,
        )
    await tx.table("articles").drop({"_id": {"$gte": len(articles)}})
    await set_setting(tx, GENERATION, str(int(await setting(tx, GENERATION) or 0) + 1))


async def articles(tx: Tx) -> tuple[Article, ...]:
    docs = await tx.table("articles").many({}, sort=[("_id", 1)])
    return tuple(tx.load(Article, doc) for doc in docs)


async def setting(tx: Tx, name: str) -> str | None:
    doc = await tx.table("settings").one({"_id": key_of(name)})
    return None if doc is None else str(doc["value"])


async def set_setting(tx: Tx, name: str, value: str) -> None:
    await tx.table("settings").change(
        {"_id": key_of(name)}, {"$set": {"value": value}}, upsert=True
    )
