"""The durable queue of replies."""

import dataclasses
import json
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
from storage.sqlite import tickets
from storage.sqlite.inbox import add_line
from storage.sqlite.work import Tx, View

_MOVABLE: Final = (ReplyState.SENDING, ReplyState.UNKNOWN)
_WAITING: Final = (ReplyState.DRAFT, ReplyState.PENDING)


def add(tx: Tx, reply: Reply) -> bool:
    """Put a reply into the outbox; False where its key is there already."""
    coder, target = tx.coder, reply.target
    if reply.state in _WAITING and _has_ended(tx, reply):
        reply = dataclasses.replace(reply, state=ReplyState.CANCELLED, reason=CONVERSATION_ENDED)
    found = tx.db.execute(
        "INSERT INTO replies (key, channel, conversation, reply_to, state, due, mention, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            key_of(reply.key),
            key_of(target.channel),
            coder.who(target.conversation),
            None if target.reply_to is None else key_of(target.reply_to),
            reply.state.value,
            _due(reply),
            reply.mention,
            coder.dump(reply),
        ),
    )
    return found.rowcount > 0


def add_with_ticket(tx: Tx, reply: Reply, ticket: Ticket | None) -> bool:
    """Put a reply by staff into the outbox with its ticket; neither where the key is there."""
    known = tx.db.execute("SELECT 1 FROM replies WHERE key = ?", (key_of(reply.key),)).fetchone()
    if known is not None:
        return False
    if ticket is not None:
        number = tickets.put(tx, ticket, tickets.origin_of(tx, ticket.mention))
        if reply.ticket == ticket.number:
            reply = dataclasses.replace(reply, ticket=number)
    return add(tx, reply)


def _due(reply: Reply) -> int:
    return 0 if reply.not_before is None else micros(reply.not_before)


def _save(tx: Tx, row: int, reply: Reply, *, owner: int = 0) -> Reply:
    tx.db.execute(
        "UPDATE replies SET state = ?, due = ?, owner = ?, doubt = 0, body = ? WHERE id = ?",
        (reply.state.value, _due(reply), owner, tx.coder.dump(reply), row),
    )
    return reply


def claim(tx: Tx, channel: str, limit: int, now: int) -> list[Reply]:
    """Move due replies of a channel from pending to sending."""
    rows = tx.db.execute(
        "SELECT id, body FROM replies WHERE state = 'pending' AND channel = ? AND due <= ?"
        " ORDER BY due, id LIMIT ?",
        (key_of(channel), now, limit),
    ).fetchall()
    return [
        _save(
            tx,
            row,
            dataclasses.replace(tx.coder.load(Reply, body), state=ReplyState.SENDING),
            owner=tx.owner,
        )
        for row, body in rows
    ]


def waiting_channels(view: View) -> list[str]:
    """Channels with replies that are pending or being sent, in order."""
    rows = view.db.execute(
        "SELECT DISTINCT channel FROM replies WHERE state IN ('pending', 'sending')"
    )
    return sorted(text_of(channel) for (channel,) in rows)


def in_doubt(tx: Tx, channel: str, *, also_own: bool) -> list[Reply]:
    """Take over what nobody alive is sending; ``also_own``: nor this process any more."""
    if also_own:
        tx.db.execute(
            "UPDATE replies SET doubt = 1 WHERE state = 'sending' AND channel = ? AND owner = ?",
            (key_of(channel), tx.owner),
        )
    tx.db.execute(
        "UPDATE replies SET doubt = 1, owner = ? WHERE state = 'sending' AND channel = ?"
        " AND owner = 0",
        (tx.owner, key_of(channel)),
    )
    rows = tx.db.execute(
        "SELECT body FROM replies WHERE state = 'sending' AND channel = ? AND owner = ?"
        " AND doubt = 1 ORDER BY id",
        (key_of(channel), tx.owner),
    ).fetchall()
    return [tx.coder.load(Reply, body) for (body,) in rows]


def finish(tx: Tx, result: ReplyResult) -> Reply:
    """Move a reply on from sending or unknown; raises Conflict from anywhere else."""
    row, reply = _find(tx, result.key)
    if is_repeat(reply, result):
        return reply
    ticket = result.ticket
    number = None
    if ticket is not None:
        number = tickets.put(tx, ticket, tickets.origin_of(tx, ticket.mention))
    changed = finished(reply, result, ticket=number, ended=_has_ended(tx, reply))
    _save(tx, row, changed)
    if changed.state is ReplyState.SENT:
        add_line(
            tx, reply.target.channel, reply.target.conversation, sent_line(reply, moment(tx.now))
        )
    if result.ends_conversation:
        _end_conversation(tx, changed)
    return changed


def _has_ended(view: View, reply: Reply) -> bool:
    found = tickets.conversation(view, reply.target.channel, reply.target.conversation)
    return found is not None and found.state is ConversationState.ENDED


def _end_conversation(tx: Tx, last: Reply) -> None:
    """Nobody can be reached there any more: cancel what waits to be sent, and what will."""
    target = last.target
    before = tickets.conversation(tx, target.channel, target.conversation)
    tickets.put_conversation(tx, ended_by(last, before, moment(tx.now)))
    where = (key_of(target.channel), tx.coder.who(target.conversation))
    rows = tx.db.execute(
        "SELECT id, body FROM replies WHERE channel = ? AND conversation = ?"
        " AND state IN ('draft', 'pending')",
        where,
    ).fetchall()
    for row, body in rows:
        reply = tx.coder.load(Reply, body)
        reason = last.reason or CONVERSATION_ENDED
        _save(tx, row, dataclasses.replace(reply, state=ReplyState.CANCELLED, reason=reason))


def settle_draft(tx: Tx, key: str, *, by: str, approve: bool, text: str) -> Reply:
    """Move a draft to pending or cancelled; raises Conflict where it is none any more."""
    row, reply = _find(tx, key)
    if reply.state is not ReplyState.DRAFT:
        raise Conflict(f"the draft {key} is {reply.state.value} already. Read it again.")
    state = ReplyState.PENDING if approve else ReplyState.CANCELLED
    return _save(
        tx,
        row,
        dataclasses.replace(
            reply,
            state=state,
            by=by,
            text=text if approve else reply.text,
            reason="" if approve else f"rejected by {by}",
        ),
    )


def cancel_for(tx: Tx, mention: int, reason: str) -> None:
    """Cancel every reply to a mention that was not sent yet."""
    rows = tx.db.execute(
        "SELECT id, body FROM replies WHERE mention = ? AND state IN ('draft', 'pending')",
        (mention,),
    ).fetchall()
    for row, body in rows:
        reply = tx.coder.load(Reply, body)
        _save(tx, row, dataclasses.replace(reply, state=ReplyState.CANCELLED, reason=reason))


def drafts(view: View, limit: int) -> list[Reply]:
    """Replies that wait for a person, oldest first."""
    rows = view.db.execute(
        "SELECT body FROM replies WHERE state = 'draft' ORDER BY id LIMIT ?", (limit,)
    ).fetchall()
    return [view.coder.load(Reply, body) for (body,) in rows]


def to_mentions(view: View, seqs: Sequence[int]) -> dict[int, list[Reply]]:
    """Replies by the mention they answer, oldest first."""
    found: dict[int, list[Reply]] = {seq: [] for seq in seqs}
    rows = view.db.execute(
        "SELECT mention, body FROM replies WHERE mention IN (SELECT value FROM json_each(?))"
        " ORDER BY id",
        (json.dumps(list(seqs)),),
    )
    for mention, body in rows:
        found[mention].append(view.coder.load(Reply, body))
    return found


def replied_to(view: View, channel: str, native_id: str) -> bool:
    """True where any reply to this event, in any revision, is there."""
    post = (key_of(channel), key_of(native_id))
    row = view.db.execute(
        "SELECT 1 FROM replies WHERE channel = ?1 AND reply_to = ?2 UNION ALL"
        " SELECT 1 FROM events e JOIN replies r ON r.mention = e.seq"
        " WHERE e.channel = ?1 AND e.id = ?2 LIMIT 1",
        post,
    ).fetchone()
    return row is not None


def _find(tx: Tx, key: str) -> tuple[int, Reply]:
    found = tx.db.execute("SELECT id, body FROM replies WHERE key = ?", (key_of(key),)).fetchone()
    if found is None:
        raise Conflict(f"there is no reply {key}; it may have been erased.")
    return found[0], tx.coder.load(Reply, found[1])
