"""Conversations and their lines."""

from collections.abc import Sequence
from dataclasses import replace

from core.clock import micros
from core.model.conversations import (
    Conversation,
    ConversationLine,
    heard_line,
    is_later_revision,
    is_spoken,
)
from core.model.events import Event
from storage.encoding import key_of
from storage.mongo.engine.database import MongoDatabase
from storage.mongo.engine.link import Doc
from storage.mongo.engine.tx import MongoTx, integer


class MongoConversations:
    def __init__(self, db: MongoDatabase) -> None:
        self._db = db

    async def get(self, channel: str, id: str) -> Conversation | None:  # noqa: A002
        return await self._db.alone(lambda tx: read_conversation(tx, channel, id))

    async def lines(
        self, channel: str, conversation: str, *, after: int = 0, limit: int = 200
    ) -> Sequence[ConversationLine]:
        async def query(tx: MongoTx) -> list[ConversationLine]:
            where = thread_of(tx, channel, conversation) | {"_id": {"$gt": after}}
            docs = await tx.table("lines").many(where, sort=[("_id", 1)], limit=limit)
            return [
                replace(tx.load(ConversationLine, doc), seq=integer(doc, "_id")) for doc in docs
            ]

        return await self._db.alone(query)


def thread_of(tx: MongoTx, channel: str, conversation: str) -> Doc:
    """The fields by which lines and replies name their conversation."""
    return {"channel": key_of(channel), "conversation": tx.coder.who(conversation)}


def _id_of(tx: MongoTx, channel: str, conversation: str) -> Doc:
    return {"channel": key_of(channel), "id": tx.coder.who(conversation)}


async def read_conversation(tx: MongoTx, channel: str, conversation: str) -> Conversation | None:
    doc = await tx.table("conversations").one({"_id": _id_of(tx, channel, conversation)})
    return tx.load(Conversation, doc) if doc else None


async def put_conversation(tx: MongoTx, conversation: Conversation) -> None:
    """Store a conversation, new or changed."""
    fields = {
        "customer": tx.coder.who(conversation.customer),
        "updated": micros(conversation.updated_at),
        "body": tx.dump(conversation),
    }
    name = _id_of(tx, conversation.channel, conversation.id)
    await tx.table("conversations").change({"_id": name}, {"$set": fields}, upsert=True)


async def add_lines(tx: MongoTx, said: Sequence[tuple[str, str, ConversationLine]]) -> None:
    """Add lines at the end of their conversations (channel, conversation, line), each once.

    The thread's own document is changed first, so that of two transactions the later one takes the
    later number, and a client that reads on from a number misses nothing.
    """
    docs: list[Doc] = []
    for channel, conversation, line in said:
        native = {"direction": line.direction, "native": key_of(line.id)}
        docs.append({**thread_of(tx, channel, conversation), **native, "body": tx.dump(line)})
    for channel_key, name in {(doc["channel"], doc["conversation"]) for doc in docs}:
        thread = {"channel": channel_key, "conversation": name}
        await tx.table("threads").change({"_id": thread}, {"$inc": {"changes": 1}}, upsert=True)
    missing = [doc for doc in docs if await _is_new(tx, doc)]
    if missing:
        first = await tx.next("line", by=len(missing))
        await tx.table("lines").add_all(
            [{"_id": first + place, **doc} for place, doc in enumerate(missing)]
        )


async def _is_new(tx: MongoTx, doc: Doc) -> bool:
    names = ("channel", "conversation", "direction", "native")
    return await tx.table("lines").one({name: doc[name] for name in names}) is None


async def hear(tx: MongoTx, events: Sequence[Event]) -> None:
    """Add the lines of new events to their conversations, or change those of first revisions."""
    added: dict[tuple[str, str, str], ConversationLine] = {}
    for event in events:
        if not is_spoken(event):
            continue
        place, line = (event.channel, event.conversation, event.id), heard_line(event)
        if place in added:
            added[place] = replace(added[place], text=line.text)
        elif not (is_later_revision(event) and await rewrite_line(tx, event, line.text)):
            added[place] = line
    await add_lines(tx, [(place[0], place[1], line) for place, line in added.items()])


async def rewrite_line(tx: MongoTx, event: Event, text: str) -> bool:
    """Set the text of an event's line; False where it has none."""
    lines = tx.table("lines")
    docs = await lines.many(_line_of(tx, event))
    for doc in docs:
        line = replace(tx.load(ConversationLine, doc), text=text)
        await lines.change({"_id": doc["_id"]}, {"$set": {"body": tx.dump(line)}})
    return bool(docs)


async def remove_line(tx: MongoTx, event: Event) -> None:
    await tx.table("lines").drop(_line_of(tx, event))


def _line_of(tx: MongoTx, event: Event) -> Doc:
    thread = thread_of(tx, event.channel, event.conversation)
    return thread | {"native": key_of(event.id), "direction": "in"}
