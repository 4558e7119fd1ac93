"""The durable queue of replies in MongoDB."""

import dataclasses
from collections.abc import Sequence
from typing import Final

from core.clock import micros, moment
from core.conversations import ConversationState
from core.errors import Conflict
from core.outbox import (
    CONVERSATION_ENDED,
    Reply,
    ReplyResult,
    ReplyState,
    ended_by,
    finished,
    is_repeat,
    sent_line,
)
from core.tickets import Ticket
from storage.encoding import key_of, text_of
from storage.mongo import tickets
from storage.mongo.inbox import add_lines
from storage.mongo.link import Doc
from storage.mongo.work import Tx, integer, key

_MOVABLE: Final = (ReplyState.SENDING, ReplyState.UNKNOWN)
_UNSENT: Final = (ReplyState.DRAFT, ReplyState.PENDING)
_WAITING: Final = {"$in": ["pending", "sending"]}


async def add(tx: Tx, reply: Reply) -> bool:
    """Put a reply into the outbox; False where its key is there already."""
    replies, target = tx.table("replies"), reply.target
    if await replies.one({"_id": key_of(reply.key)}) is not None:
        return False
    if reply.state in _UNSENT and await _has_ended(tx, reply):
        reply = dataclasses.replace(reply, state=ReplyState.CANCELLED, reason=CONVERSATION_ENDED)
    doc: Doc = {
        "_id": key_of(reply.key),
        "place": await tx.next("reply"),
        "channel": key_of(target.channel),
        "conversation": tx.coder.who(target.conversation),
        "reply_to": None if target.reply_to is None else key_of(target.reply_to),
        "mention": reply.mention,
        **_standing(tx, reply, owner=0),
    }
    await replies.add(doc)
    return True


async def add_with_ticket(tx: Tx, reply: Reply, ticket: Ticket | None) -> bool:
    """Put a reply by staff into the outbox with its ticket; neither where the key is there."""
    if await tx.table("replies").one({"_id": key_of(reply.key)}) is not None:
        return False
    if ticket is not None:
        number = await tickets.put(tx, ticket, await tickets.origin_of(tx, ticket.mention))
        if reply.ticket == ticket.number:
            reply = dataclasses.replace(reply, ticket=number)
    return await add(tx, reply)


def _standing(tx: Tx, reply: Reply, *, owner: int) -> Doc:
    return {
        "state": reply.state.value,
        "due": 0 if reply.not_before is None else micros(reply.not_before),
        "owner": owner,
        "doubt": False,
        "body": tx.dump(reply),
    }


async def _move(tx: Tx, doc: Doc, reply: Reply, *, owner: int = 0) -> bool:
    """Change a reply if its state is still the one that was read."""
    where = {"_id": doc["_id"], "state": doc["state"]}
    return bool(
        await tx.table("replies").change(where, {"$set": _standing(tx, reply, owner=owner)})
    )


async def claim(tx: Tx, channel: str, limit: int, now: int) -> list[Reply]:
    """Move due replies of a channel from pending to sending; outside of any transaction."""
    due = {"state": "pending", "channel": key_of(channel), "due": {"$lte": now}}
    found: list[Reply] = []
    while len(found) < limit:
        docs = await tx.table("replies").many(
            due, sort=[("due", 1), ("place", 1)], limit=limit - len(found)
        )
        for doc in docs:
            reply = dataclasses.replace(tx.load(Reply, doc), state=ReplyState.SENDING)
            if await _move(tx, doc, reply, owner=tx.owner):
                found.append(reply)
        if not docs:
            break
    return found


async def waiting_channels(tx: Tx) -> list[str]:
    """Channels with replies that are pending or being sent, in order."""
    found = await tx.table("replies").values("channel", {"state": _WAITING})
    return sorted(text_of(key({"channel": value}, "channel")) for value in found)


async def in_doubt(tx: Tx, channel: str, *, also_own: bool) -> list[Reply]:
    """Take over what nobody alive is sending; ``also_own``: nor this process any more."""
    replies = tx.table("replies")
    sending = {"state": "sending", "channel": key_of(channel)}
    if also_own:
        await replies.change_all(sending | {"owner": tx.owner}, {"$set": {"doubt": True}})
    await replies.change_all(sending | {"owner": 0}, {"$set": {"doubt": True, "owner": tx.owner}})
    docs = await replies.many(sending | {"owner": tx.owner, "doubt": True}, sort=[("place", 1)])
    return [tx.load(Reply, doc) for doc in docs]


async def finish(tx: Tx, result: ReplyResult) -> Reply:
    """Move a reply on from sending or unknown; raises Conflict from anywhere else."""
    doc = await _find(tx, result.key)
    reply = tx.load(Reply, doc)
    if is_repeat(reply, result):
        return reply
    ticket = result.ticket
    number = None
    if ticket is not None:
        number = await tickets.put(tx, ticket, await tickets.origin_of(tx, ticket.mention))
    changed = finished(reply, result, ticket=number, ended=await _has_ended(tx, reply))
    if changed.state is ReplyState.SENT:
        line = sent_line(reply, moment(tx.now))
        await add_lines(tx, [(reply.target.channel, reply.target.conversation, line)])
    if result.ends_conversation:
        await _end_conversation(tx, changed)
    await _move(tx, doc, changed)
    return changed


async def _has_ended(tx: Tx, reply: Reply) -> bool:
    found = await tickets.conversation(tx, reply.target.channel, reply.target.conversation)
    return found is not None and found.state is ConversationState.ENDED


async def _end_conversation(tx: Tx, last: Reply) -> None:
    """Nobody can be reached there any more: cancel what waits to be sent, and what will."""
    target, reason = last.target, last.reason or CONVERSATION_ENDED
    before = await tickets.conversation(tx, target.channel, target.conversation)
    await tickets.put_conversation(tx, ended_by(last, before, moment(tx.now)))
    where: Doc = {
        "channel": key_of(target.channel),
        "conversation": tx.coder.who(target.conversation),
        "state": {"$in": ["draft", "pending"]},
    }
    for doc in await tx.table("replies").many(where):
        reply = tx.load(Reply, doc)
        await _move(tx, doc, dataclasses.replace(reply, state=ReplyState.CANCELLED, reason=reason))


async def settle_draft(tx: Tx, name: str, *, by: str, approve: bool, text: str) -> Reply:
    """Move a draft to pending or cancelled; raises Conflict where it is none any more."""
    doc = await _find(tx, name)
    reply = tx.load(Reply, doc)
    changed = dataclasses.replace(
        reply,
        state=ReplyState.PENDING if approve else ReplyState.CANCELLED,
        by=by,
        text=text if approve else reply.text,
        reason="" if approve else f"rejected by {by}",
    )
    if reply.state is not ReplyState.DRAFT or not await _move(tx, doc, changed):
        raise Conflict(f"the draft {name} is {reply.state.value} already. Read it again.")
    return changed


async def cancel_for(tx: Tx, seqs: Sequence[object], reason: str) -> None:
    """Cancel every reply to these mentions that was not sent yet."""
    where = {"mention": {"$in": list(seqs)}, "state": {"$in": ["draft", "pending"]}}
    for doc in await tx.table("replies").many(where):
        reply = tx.load(Reply, doc)
        await _move(tx, doc, dataclasses.replace(reply, state=ReplyState.CANCELLED, reason=reason))


async def drafts(tx: Tx, limit: int) -> list[Reply]:
    """Replies that wait for a person, oldest first."""
    docs = await tx.table("replies").many({"state": "draft"}, sort=[("place", 1)], limit=limit)
    return [tx.load(Reply, doc) for doc in docs]


async def to_mentions(tx: Tx, seqs: Sequence[int]) -> dict[int, list[Reply]]:
    """Replies by the mention they answer, oldest first."""
    found: dict[int, list[Reply]] = {seq: [] for seq in seqs}
    where = {"mention": {"$in": list(seqs)}}
    for doc in await tx.table("replies").many(where, sort=[("place", 1)]):
        found[integer(doc, "mention")].append(tx.load(Reply, doc))
    return found


async def replied_to(tx: Tx, channel: str, native_id: str) -> bool:
    """True where any reply to this event, in any revision, is there."""
    post = {"channel": key_of(channel), "id": key_of(native_id)}
    direct = {"channel": post["channel"], "reply_to": post["id"]}
    if await tx.table("replies").one(direct) is not None:
        return True
    seqs = [doc["_id"] for doc in await tx.table("events").many(post)]
    return await tx.table("replies").one({"mention": {"$in": seqs}}) is not None


async def _find(tx: Tx, name: str) -> Doc:
    found = await tx.table("replies").one({"_id": key_of(name)})
    if found is None:
        raise Conflict(f"there is no reply {name}; it may have been erased.")
    return found
