"""What staff have laid down, in MongoDB: pauses of automatic replies, silences, corrections."""

from core.alerts import Mute, mute_note
from core.clock import micros
from core.errors import Conflict
from core.events import Event
from core.mentions import CorrectedMention, Correction
from core.pauses import Pause
from storage.encoding import key_of
from storage.mongo.privacy import note
from storage.mongo.work import Tx
from storage.records import Judged


async def pauses(tx: Tx) -> list[Pause]:
    """Every pause there is, by id."""
    docs = await tx.table("freezes").many({}, sort=[("_id", 1)])
    return [tx.load(Pause, doc) for doc in docs]


async def save_pause(tx: Tx, pause: Pause) -> None:
    """Lay down a pause, in place of the one with its id, and note who did."""
    body = {"$set": {"body": tx.dump(pause)}}
    await tx.table("freezes").change({"_id": key_of(pause.id)}, body, upsert=True)
    await note(tx, who=pause.by, what="freeze", about=pause.id)


async def lift_pause(tx: Tx, name: str, by: str) -> bool:
    """End a pause, and note who did; False where there is none."""
    done = await tx.table("freezes").drop({"_id": key_of(name)})
    if done:
        await note(tx, who=by, what="lift freeze", about=name)
    return done > 0


async def mutes(tx: Tx) -> list[Mute]:
    """Every silence that is kept, one that is over too; the first to end first."""
    docs = await tx.table("silences").many({}, sort=[("until", 1), ("_id", 1)])
    return [tx.load(Mute, doc) for doc in docs]


async def save_mute(tx: Tx, silence: Mute) -> None:
    """Lay down a silence, in place of the one with its id, and note who did."""
    fields = {"$set": {"until": micros(silence.until), "body": tx.dump(silence)}}
    await tx.table("silences").change({"_id": key_of(silence.id)}, fields, upsert=True)
    await note(tx, who=silence.by, what="silence", about=mute_note(silence))


async def end_mute(tx: Tx, name: str, by: str) -> bool:
    """End a silence, and note who did; False where there is none."""
    done = await tx.table("silences").drop({"_id": key_of(name)})
    if done:
        await note(tx, who=by, what="end silence", about=name)
    return done > 0


async def correct(tx: Tx, correction: Correction) -> None:
    """Keep a correction, in place of an earlier one; raises Conflict for an unknown mention."""
    if await tx.table("mentions").one({"_id": correction.mention}) is None:
        raise Conflict(f"there is no mention {correction.mention}; it may have been erased.")
    fields = {"$set": {"at": micros(correction.at), "body": tx.dump(correction)}}
    await tx.table("corrections").change({"_id": correction.mention}, fields, upsert=True)


async def correction(tx: Tx, mention: int) -> Correction | None:
    """What staff said of a mention last."""
    doc = (await tx.by_id("corrections", [mention])).get(mention)
    return None if doc is None else tx.load(Correction, doc)


async def corrections(tx: Tx, limit: int) -> list[CorrectedMention]:
    """The newest ``limit`` corrections, oldest first, each beside what was corrected."""
    docs = await tx.table("corrections").many({}, sort=[("at", -1), ("_id", -1)], limit=limit)
    docs.reverse()
    seqs = [doc["_id"] for doc in docs]
    mentions = await tx.by_id("mentions", seqs)
    events = await tx.by_id("events", seqs)
    return [
        CorrectedMention(
            correction=tx.load(Correction, doc),
            text=tx.load(Event, events[doc["_id"]]).text,
            judgement=tx.load(Judged, mentions[doc["_id"]]).judgement,
        )
        for doc in docs
        if doc["_id"] in mentions and doc["_id"] in events
    ]
