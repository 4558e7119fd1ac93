"""Everything in the database, as the rows of ``storage.portable``, and sealing it anew."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final, cast

from core.clock import micros
from core.model.conversations import Conversation
from core.model.events import Event
from core.model.incidents import Incident
from core.model.tickets import Ticket, ordinal
from storage.mongo.engine.database import MongoDatabase
from storage.mongo.engine.link import Doc
from storage.mongo.engine.tx import (
    MongoTx,
    blob,
    counter_name,
    field_name,
    integer,
    pack,
    unpack,
    unpacked,
)
from storage.mongo.mentions import search_values
from storage.mongo.tickets import values_of
from storage.portable import BATCH, KINDS, SEALED, SEALED_KINDS, Progress, Row, Value
from storage.records import FIRST, StoredMention

_NAMES: Final[dict[str, dict[str, str]]] = {
    "settings": {"key": "_id"},
    "events": {"seq": "_id", "received_at": "received"},
    "mentions": {"seq": "_id", "posted_at": "posted"},
    "lines": {"seq": "_id"},
    "tickets": {"number": "_id"},
    "replies": {"key": "_id"},
    "dead_letters": {"id": "_id"},
    "freezes": {"id": "_id"},
    "silences": {"id": "_id"},
    "corrections": {"mention": "_id"},
    "tracked": {"mention": "_id"},
    "alerts": {"key": "_id", "created_at": "created"},
    "incidents": {"id": "_id", "last_at": "last"},
    "articles": {"place": "_id"},
    "audit": {"seq": "_id"},
    "cursors": {"connector": "_id"},
}
"""Fields that are named otherwise here, by kind."""

_FLAGS: Final = {"negative", "withdrawn", "delivered"}
_SHARD: Final = -1
"""The counter document that moved rows are counted in."""


class MongoRows:
    def __init__(self, db: MongoDatabase) -> None:
        self._db = db

    async def read(self, kind: str) -> AsyncIterator[list[Row]]:
        async with self._db.session() as tx:
            if kind in _COUNTED:
                yield await _COUNTED[kind](tx)
                return
            batch: list[Row] = []
            async for doc in tx.table(kind).each():
                batch.append(_row_of(kind, doc))
                if len(batch) == BATCH:
                    yield batch
                    batch = []
            if batch:
                yield batch

    async def write(self, kind: str, rows: Sequence[Row]) -> None:
        async def work(tx: MongoTx) -> None:
            if kind in _WRITERS:
                await _WRITERS[kind](tx, rows)
            else:
                await tx.table(kind).add_missing(await _documents(tx, kind, rows))

        await self._db.alone(work)

    async def count(self, kind: str) -> int:
        async def query(tx: MongoTx) -> int:
            if kind in _COUNTED:
                return len(await _COUNTED[kind](tx))
            return await tx.table(kind).count({})

        return await self._db.alone(query)

    async def reseal(self, tell: Callable[[Progress], None]) -> int:
        total = 0
        async with self._db.session() as tx:
            for kind in SEALED_KINDS:
                rows, done = await tx.table(kind).count({}), 0
                async for doc in tx.table(kind).each():
                    total += await _reseal(tx, kind, doc)
                    done += 1
                    if done % BATCH == 0:
                        tell(Progress(kind=kind, done=done, total=max(rows, done)))
                tell(Progress(kind=kind, done=done, total=max(rows, done)))
        return total


async def _reseal(tx: MongoTx, kind: str, doc: Doc) -> bool:
    """Seal a document anew where it is not under the newest key; True where it was not.

    What was changed meanwhile was sealed anew by who changed it, or is found the next time.
    """
    (field,) = (name for name in KINDS[kind] if name in SEALED)
    value = doc.get(field)
    if not isinstance(value, bytes) or tx.coder.is_fresh(body := unpack(bytes(value))):
        return False
    fresh = tx.coder.seal(tx.coder.open(body))
    change = {"$set": {field: pack(fresh) if field == "body" else fresh}}
    return bool(await tx.table(kind).change({"_id": doc["_id"], field: value}, change))


def _row_of(kind: str, doc: Doc) -> Row:
    """A document as a row."""
    names = _NAMES.get(kind, {})
    if kind in ("conversations", "deliveries"):
        doc = {**doc, **cast("Doc", doc["_id"])}
    return tuple(_read(field, doc, names.get(field, field)) for field in KINDS[kind])


def _read(field: str, doc: Doc, name: str) -> Value:
    if field == "body":
        return unpacked(doc)
    value = doc.get(name)
    if isinstance(value, bytes):
        return bytes(value)
    return int(value) if isinstance(value, bool) else cast("Value", value)


async def _numbers(tx: MongoTx) -> list[Row]:
    found: list[Row] = []
    for doc in await tx.table("numbers").many({"_id": {"$ne": "schema"}}):
        name = str(doc["_id"])
        found.append((name, integer(doc, "last") + FIRST.get(name, 1) - 1))
    return sorted(found, key=str)


async def _counters(tx: MongoTx) -> list[Row]:
    found: dict[str, int] = {}
    for doc in await tx.table("counters").many({}):
        for field, n in cast("dict[str, int]", doc["n"]).items():
            name = counter_name(field)
            found[name] = found.get(name, 0) + n
    return sorted(found.items())


async def _documents(tx: MongoTx, kind: str, rows: Sequence[Row]) -> list[Doc]:
    """Rows of a kind as documents, with the fields that are searched and sorted by."""
    docs = [_doc(kind, row) for row in rows]
    if kind == "mentions":
        await _add_search_values(tx, docs)
    if kind == "tickets":
        docs = [_ticket(tx, doc) for doc in docs]
    if kind == "conversations":
        docs = [doc | {"updated": micros(tx.load(Conversation, doc).updated_at)} for doc in docs]
    if kind == "incidents":
        docs = [doc | {"version": tx.load(Incident, doc).version} for doc in docs]
    return docs


def _doc(kind: str, row: Row) -> Doc:
    names = _NAMES.get(kind, {})
    doc: Doc = {}
    for field, value in zip(KINDS[kind], row, strict=True):
        flag = field in _FLAGS and value is not None
        doc[names.get(field, field)] = bool(value) if flag else value
    if "body" in doc:
        doc["body"] = pack(blob(doc, "body"))
    if kind == "events":
        doc["owner"] = 0
    if kind == "replies":
        doc |= {"owner": 0, "doubt": False}
    if kind == "dead_letters" and doc["seq"] is None:
        del doc["seq"]
        doc["reject"] = True
    if kind == "conversations":
        doc["_id"] = {"channel": doc.pop("channel"), "id": doc.pop("id")}
    if kind == "deliveries":
        doc["_id"] = {"alert": doc.pop("alert"), "receiver": doc["receiver"]}
        doc["owner"] = 0
    return doc


async def _add_search_values(tx: MongoTx, docs: Sequence[Doc]) -> None:
    seqs = [doc["_id"] for doc in docs]
    events = await tx.by_id("events", seqs)
    for doc in docs:
        event = tx.load(Event, events[doc["_id"]])
        judged = tx.load(StoredMention, doc)
        mention = judged.mention(integer(doc, "_id"), event)
        doc.update(search_values(mention))


def _ticket(tx: MongoTx, doc: Doc) -> Doc:
    ticket = tx.load(Ticket, doc)
    whole = {"ordinal": ordinal(ticket.number), **values_of(tx, ticket), **doc}
    if whole["origin"] is None:
        del whole["origin"]
    return whole


async def _write_numbers(tx: MongoTx, rows: Sequence[Row]) -> None:
    for name, last in rows:
        stored = cast("int", last) - FIRST.get(str(name), 1) + 1
        await tx.table("numbers").change({"_id": name}, {"$max": {"last": stored}}, upsert=True)


async def _write_counters(tx: MongoTx, rows: Sequence[Row]) -> None:
    counts: Doc = {f"n.{field_name(str(name))}": n for name, n in rows}
    await tx.table("counters").change({"_id": _SHARD}, {"$setOnInsert": counts}, upsert=True)


_WRITERS: Final[dict[str, Callable[[MongoTx, Sequence[Row]], Awaitable[None]]]] = {
    "numbers": _write_numbers,
    "counters": _write_counters,
}
_COUNTED: Final[dict[str, Callable[[MongoTx], Awaitable[list[Row]]]]] = {
    "numbers": _numbers,
    "counters": _counters,
}
"""Kinds that do not stand in documents of their own."""
