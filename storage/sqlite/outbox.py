"""The durable queue of replies."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

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
from storage.sqlite import tickets
from storage.sqlite.conversations import (
    add_line,
    put_conversation,
    read_conversation,
    thread_of,
)
from storage.sqlite.engine.connection import SqliteTx, View
from storage.sqlite.engine.database import SqliteDatabase, release_dead


class SqliteOutbox:
    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db
        self._troubles_seen: dict[str, int] = {}
        """SqliteDatabase.troubles when replies in doubt were last asked for, by channel."""

    async def claim(self, channel: str, limit: int, now: datetime) -> Sequence[Reply]:
        def work(tx: SqliteTx) -> list[Reply]:
            rows = tx.db.execute(
                "SELECT id, body FROM replies r WHERE state = 'pending' AND channel = ?1"
                " AND due <= ?2 AND NOT EXISTS (SELECT 1 FROM replies e"
                " WHERE e.channel = r.channel AND e.conversation = r.conversation"
                " AND e.state IN ('pending', 'sending') AND e.id < r.id"
                " AND (e.state = 'sending' OR e.due > ?2)) ORDER BY id LIMIT ?3",
                (key_of(channel), micros(now), limit),
            ).fetchall()
            claimed = []
            for row, body in rows:
                reply = replace(tx.coder.load(Reply, body), state=ReplyState.SENDING)
                _save(tx, row, reply, owner=tx.owner)
                claimed.append(reply)
            return claimed

        return await self._db.write(work)

    async def waiting_channels(self) -> Sequence[str]:
        def query(view: View) -> list[str]:
            rows = view.db.execute(
                "SELECT DISTINCT channel FROM replies WHERE state IN ('pending', 'sending')"
            )
            return sorted(text_of(channel) for (channel,) in rows)

        return await self._db.read(query)

    async def in_doubt(self, channel: str) -> Sequence[Reply]:
        path = self._db.path
        also_own = self._troubles_seen.get(channel, 0) < self._db.troubles
        self._troubles_seen[channel] = self._db.troubles

        def work(tx: SqliteTx) -> list[Reply]:
            release_dead(tx, path)
            mine = (key_of(channel), tx.owner)
            if also_own:
                tx.db.execute(
                    "UPDATE replies SET doubt = 1"
                    " WHERE state = 'sending' AND channel = ? AND owner = ?",
                    mine,
                )
            tx.db.execute(
                "UPDATE replies SET doubt = 1, owner = ?2"
                " WHERE state = 'sending' AND channel = ?1 AND owner = 0",
                mine,
            )
            rows = tx.db.execute(
                "SELECT body FROM replies WHERE state = 'sending' AND channel = ? AND owner = ?"
                " AND doubt = 1 ORDER BY id",
                mine,
            ).fetchall()
            return [tx.coder.load(Reply, body) for (body,) in rows]

        return await self._db.write(work)

    async def finish(self, results: Sequence[ReplyResult]) -> Sequence[Reply]:
        return await self._db.write(lambda tx: [_finish(tx, result) for result in results])

    async def add(self, reply: Reply, *, ticket: Ticket | None = None) -> bool:
        def work(tx: SqliteTx) -> bool:
            if _row(tx, reply.key) is not None:
                return False
            number = None if ticket is None else tickets.put(tx, ticket)
            is_its = ticket is not None and reply.ticket == ticket.number
            return add_reply(tx, replace(reply, ticket=number) if is_its else reply)

        return await self._db.write(work)

    async def drafts(self, *, limit: int = 50) -> Sequence[Reply]:
        def query(view: View) -> list[Reply]:
            rows = view.db.execute(
                "SELECT body FROM replies WHERE state = 'draft' ORDER BY id LIMIT ?", (limit,)
            ).fetchall()
            return [view.coder.load(Reply, body) for (body,) in rows]

        return await self._db.read(query)

    async def settle_draft(self, key: str, *, by: str, approve: bool, text: str) -> Reply:
        def work(tx: SqliteTx) -> Reply:
            row, draft = _find(tx, key)
            reply = settled(draft, by=by, approve=approve, text=text)
            _save(tx, row, reply)
            return reply

        return await self._db.write(work)

    async def replied_to(self, channel: str, native_id: str) -> bool:
        def query(view: View) -> bool:
            row = view.db.execute(
                "SELECT 1 FROM replies WHERE channel = ?1 AND reply_to = ?2 UNION ALL"
                " SELECT 1 FROM events e JOIN replies r ON r.mention = e.seq"
                " WHERE e.channel = ?1 AND e.id = ?2 LIMIT 1",
                (key_of(channel), key_of(native_id)),
            ).fetchone()
            return row is not None

        return await self._db.read(query)


def add_reply(tx: SqliteTx, reply: Reply) -> bool:
    """Put a reply into the outbox; False where its key is there already."""
    target = reply.target
    reply = admitted(reply, ended=_has_ended(tx, reply))
    found = tx.db.execute(
        "INSERT INTO replies (key, channel, conversation, reply_to, state, due, mention, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            key_of(reply.key),
            *thread_of(tx, target.channel, target.conversation),
            None if target.reply_to is None else key_of(target.reply_to),
            reply.state.value,
            _due(reply),
            reply.mention,
            tx.coder.dump(reply),
        ),
    )
    return found.rowcount > 0


def cancel_for(tx: SqliteTx, mention: int, reason: str) -> None:
    """Cancel the replies to a mention that were not sent yet."""
    rows = tx.db.execute(
        "SELECT id, body FROM replies WHERE mention = ? AND state IN ('draft', 'pending')",
        (mention,),
    ).fetchall()
    for row, body in rows:
        _save(tx, row, cancelled(tx.coder.load(Reply, body), reason))


def replies_to(view: View, seqs: Sequence[int]) -> dict[int, list[Reply]]:
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


def _finish(tx: SqliteTx, result: ReplyResult) -> Reply:
    row, reply = _find(tx, result.key)
    if is_repeat(reply, result):
        return reply
    number = None if result.ticket is None else tickets.put(tx, result.ticket)
    changed = finished(reply, result, ticket=number, ended=_has_ended(tx, reply))
    _save(tx, row, changed)
    target = reply.target
    if changed.state is ReplyState.SENT:
        add_line(tx, target.channel, target.conversation, sent_line(reply, moment(tx.now)))
    if result.ends_conversation:
        _end_conversation(tx, changed)
    return changed


def _end_conversation(tx: SqliteTx, last: Reply) -> None:
    target = last.target
    before = read_conversation(tx, target.channel, target.conversation)
    put_conversation(tx, ended_by(last, before, moment(tx.now)))
    rows = tx.db.execute(
        "SELECT id, body FROM replies WHERE channel = ? AND conversation = ?"
        " AND state IN ('draft', 'pending')",
        thread_of(tx, target.channel, target.conversation),
    ).fetchall()
    for row, body in rows:
        reply = tx.coder.load(Reply, body)
        _save(tx, row, cancelled(reply, last.reason or CONVERSATION_ENDED))


def _has_ended(view: View, reply: Reply) -> bool:
    found = read_conversation(view, reply.target.channel, reply.target.conversation)
    return found is not None and found.state is ConversationState.ENDED


def _find(tx: SqliteTx, key: str) -> tuple[int, Reply]:
    found = _row(tx, key)
    if found is None:
        raise Conflict(f"there is no reply {key}; it may have been erased.")
    return found


def _row(tx: SqliteTx, key: str) -> tuple[int, Reply] | None:
    row = tx.db.execute("SELECT id, body FROM replies WHERE key = ?", (key_of(key),)).fetchone()
    return (row[0], tx.coder.load(Reply, row[1])) if row else None


def _save(tx: SqliteTx, row: int, reply: Reply, *, owner: int = 0) -> None:
    tx.db.execute(
        "UPDATE replies SET state = ?, due = ?, owner = ?, doubt = 0, body = ? WHERE id = ?",
        (reply.state.value, _due(reply), owner, tx.coder.dump(reply), row),
    )


def _due(reply: Reply) -> int:
    return 0 if reply.not_before is None else micros(reply.not_before)
