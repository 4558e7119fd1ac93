"""The durable queue of replies."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from core.clock import micros, moment
from core.errors import Conflict
from core.model.conversations import ConversationState
from core.model.outbox import (
    CONVERSATION_ENDED,
    Reply,
    ReplyResult,
    ReplyState,
    admitted,
    cancelled,
    ended_by,
    finished,
    is_repeat,
    sent_line,
    settled,
)
from core.model.tickets import Ticket
from storage.encoding import key_of, text_of
from storage.mongo import tickets
from storage.mongo.conversations import (
    add_lines,
    put_conversation,
    read_conversation,
    thread_of,
)
from storage.mongo.engine.database import MongoDatabase, release_dead
from storage.mongo.engine.link import Doc
from storage.mongo.engine.tx import MongoTx, integer, key

_UNSENT: Final = {"$in": ["draft", "pending"]}
_WAITING: Final = {"$in": ["pending", "sending"]}


class MongoOutbox:
    def __init__(self, db: MongoDatabase) -> None:
        self._db = db
        self._troubles_seen: dict[str, int] = {}
        """MongoDatabase.troubles when replies in doubt were last asked for, by channel."""

    async def claim(self, channel: str, limit: int, now: datetime) -> Sequence[Reply]:
        due = {"state": "pending", "channel": key_of(channel), "due": {"$lte": micros(now)}}

        async def work(tx: MongoTx) -> list[Reply]:
            claimed: list[Reply] = []
            held: list[object] = []  # conversations whose earlier reply is not through
            mine: list[object] = []
            while len(claimed) < limit:
                docs = await tx.table("replies").many(
                    due | {"conversation": {"$nin": held}},
                    sort=[("place", 1)],
                    limit=limit - len(claimed),
                )
                for doc in docs:
                    if doc["conversation"] in held:
                        continue
                    if not await _is_next(tx, doc, now=micros(now), mine=mine):
                        held.append(doc["conversation"])
                        continue
                    reply = replace(tx.load(Reply, doc), state=ReplyState.SENDING)
                    if await _save(tx, doc, reply, owner=tx.owner):
                        claimed.append(reply)
                        mine.append(doc["_id"])
                if not docs:
                    break
            return claimed

        return await self._db.alone(work)

    async def waiting_channels(self) -> Sequence[str]:
        async def query(tx: MongoTx) -> list[str]:
            found = await tx.table("replies").values("channel", {"state": _WAITING})
            return sorted(text_of(key({"channel": value}, "channel")) for value in found)

        return await self._db.alone(query)

    async def in_doubt(self, channel: str) -> Sequence[Reply]:
        also_own = self._troubles_seen.get(channel, 0) < self._db.troubles
        self._troubles_seen[channel] = self._db.troubles

        async def work(tx: MongoTx) -> list[Reply]:
            await release_dead(tx)
            replies = tx.table("replies")
            sending = {"state": "sending", "channel": key_of(channel)}
            mine = sending | {"owner": tx.owner}
            if also_own:
                await replies.change_all(mine, {"$set": {"doubt": True}})
            abandoned = {"$set": {"doubt": True, "owner": tx.owner}}
            await replies.change_all(sending | {"owner": 0}, abandoned)
            docs = await replies.many(mine | {"doubt": True}, sort=[("place", 1)])
            return [tx.load(Reply, doc) for doc in docs]

        return await self._db.alone(work)

    async def finish(self, results: Sequence[ReplyResult]) -> Sequence[Reply]:
        async def work(tx: MongoTx) -> list[Reply]:
            return [await _finish(tx, result) for result in results]

        return await self._db.write(work)

    async def add(self, reply: Reply, *, ticket: Ticket | None = None) -> bool:
        async def work(tx: MongoTx) -> bool:
            if await tx.table("replies").one({"_id": key_of(reply.key)}) is not None:
                return False
            number = None if ticket is None else await tickets.put(tx, ticket)
            is_its = ticket is not None and reply.ticket == ticket.number
            return await add_reply(tx, replace(reply, ticket=number) if is_its else reply)

        return await self._db.write(work)

    async def drafts(self, *, limit: int = 50) -> Sequence[Reply]:
        async def query(tx: MongoTx) -> list[Reply]:
            where = {"state": "draft"}
            docs = await tx.table("replies").many(where, sort=[("place", 1)], limit=limit)
            return [tx.load(Reply, doc) for doc in docs]

        return await self._db.alone(query)

    async def settle_draft(self, key: str, *, by: str, approve: bool, text: str) -> Reply:
        async def work(tx: MongoTx) -> Reply:
            doc = await _find(tx, key)
            draft = tx.load(Reply, doc)
            reply = settled(draft, by=by, approve=approve, text=text)
            if not await _save(tx, doc, reply):
                raise Conflict(f"the draft {key} was changed in the meantime. Read it again.")
            return reply

        return await self._db.write(work)

    async def replied_to(self, channel: str, native_id: str) -> bool:
        async def query(tx: MongoTx) -> bool:
            post = {"channel": key_of(channel), "id": key_of(native_id)}
            direct = {"channel": post["channel"], "reply_to": post["id"]}
            if await tx.table("replies").one(direct) is not None:
                return True
            seqs = [doc["_id"] for doc in await tx.table("events").many(post)]
            return await tx.table("replies").one({"mention": {"$in": seqs}}) is not None

        return await self._db.alone(query)


async def add_reply(tx: MongoTx, reply: Reply) -> bool:
    """Put a reply into the outbox; False where its key is there already."""
    replies, target = tx.table("replies"), reply.target
    if await replies.one({"_id": key_of(reply.key)}) is not None:
        return False
    reply = admitted(reply, ended=await _has_ended(tx, reply))
    doc: Doc = {
        "_id": key_of(reply.key),
        "place": await tx.next("reply"),
        **thread_of(tx, target.channel, target.conversation),
        "reply_to": None if target.reply_to is None else key_of(target.reply_to),
        "mention": reply.mention,
        **_values(tx, reply, owner=0),
    }
    await replies.add(doc)
    return True


async def cancel_for(tx: MongoTx, seqs: Sequence[object], reason: str) -> None:
    """Cancel the replies to these mentions that were not sent yet."""
    where = {"mention": {"$in": list(seqs)}, "state": _UNSENT}
    for doc in await tx.table("replies").many(where):
        await _save(tx, doc, cancelled(tx.load(Reply, doc), reason))


async def replies_to(tx: MongoTx, seqs: Sequence[int]) -> dict[int, list[Reply]]:
    """Replies by the mention they answer, oldest first."""
    found: dict[int, list[Reply]] = {seq: [] for seq in seqs}
    where = {"mention": {"$in": list(seqs)}}
    for doc in await tx.table("replies").many(where, sort=[("place", 1)]):
        found[integer(doc, "mention")].append(tx.load(Reply, doc))
    return found


async def _finish(tx: MongoTx, result: ReplyResult) -> Reply:
    doc = await _find(tx, result.key)
    reply = tx.load(Reply, doc)
    if is_repeat(reply, result):
        return reply
    number = None if result.ticket is None else await tickets.put(tx, result.ticket)
    changed = finished(reply, result, ticket=number, ended=await _has_ended(tx, reply))
    target = reply.target
    if changed.state is ReplyState.SENT:
        line = sent_line(reply, moment(tx.now))
        await add_lines(tx, [(target.channel, target.conversation, line)])
    if result.ends_conversation:
        await _end_conversation(tx, changed)
    await _save(tx, doc, changed)
    return changed


async def _end_conversation(tx: MongoTx, last: Reply) -> None:
    target = last.target
    before = await read_conversation(tx, target.channel, target.conversation)
    await put_conversation(tx, ended_by(last, before, moment(tx.now)))
    where = thread_of(tx, target.channel, target.conversation) | {"state": _UNSENT}
    for doc in await tx.table("replies").many(where):
        reply = tx.load(Reply, doc)
        await _save(tx, doc, cancelled(reply, last.reason or CONVERSATION_ENDED))


async def _has_ended(tx: MongoTx, reply: Reply) -> bool:
    found = await read_conversation(tx, reply.target.channel, reply.target.conversation)
    return found is not None and found.state is ConversationState.ENDED


async def _is_next(tx: MongoTx, doc: Doc, *, now: int, mine: Sequence[object]) -> bool:
    """True where no earlier reply of the conversation is being sent or has to be tried again.

    ``mine`` were claimed just before, to be sent in their order.
    """
    where = {name: doc[name] for name in ("channel", "conversation")}
    earlier = where | {"place": {"$lt": doc["place"]}, "_id": {"$nin": list(mine)}}
    undone: Doc = {"$or": [{"state": "sending"}, {"state": "pending", "due": {"$gt": now}}]}
    return await tx.table("replies").one(earlier | undone) is None


async def _find(tx: MongoTx, name: str) -> Doc:
    found = await tx.table("replies").one({"_id": key_of(name)})
    if found is None:
        raise Conflict(f"there is no reply {name}; it may have been erased.")
    return found


async def _save(tx: MongoTx, doc: Doc, reply: Reply, *, owner: int = 0) -> bool:
    """Change a reply; False where its state is not the one that was read any more."""
    where = {"_id": doc["_id"], "state": doc["state"]}
    return bool(await tx.table("replies").change(where, {"$set": _values(tx, reply, owner=owner)}))


def _values(tx: MongoTx, reply: Reply, *, owner: int) -> Doc:
    return {
        "state": reply.state.value,
        "due": 0 if reply.not_before is None else micros(reply.not_before),
        "owner": owner,
        "doubt": False,
        "body": tx.dump(reply),
    }
