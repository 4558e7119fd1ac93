"""The durable queue of replies."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from core.clock import micros, moment
from core.errors import Conflict
from core.model.conversations import Conversation, has_ended
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

COLUMNS: Final = "body, state, native"
"""The columns of a reply, as ``reply_of`` takes them."""


_FIRST_IN_LINE: Final = """NOT EXISTS (SELECT 1 FROM replies e WHERE e.channel = r.channel
    AND e.conversation = r.conversation AND e.state IN ('pending', 'sending') AND e.id < r.id
    AND (e.state = 'sending' OR e.due > ?))"""
"""No earlier reply of the conversation is being sent or has to be tried again later."""


class SqliteOutbox:
    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db
        self._troubles_seen: dict[str, int] = {}
        """SqliteDatabase.troubles when replies in doubt were last asked for, by channel."""

    async def claim(self, channel: str, limit: int, now: datetime) -> Sequence[Reply]:
        due = "state = 'pending' AND channel = ? AND due <= ?"
        values = (key_of(channel), micros(now))

        def waits(view: View) -> bool:
            found = view.db.execute(f"SELECT 1 FROM replies WHERE {due} LIMIT 1", values)  # noqa: S608 - a literal above
            return found.fetchone() is not None

        def work(tx: SqliteTx) -> list[Reply]:
            rows = tx.db.execute(
                f"SELECT id, {COLUMNS} FROM replies r WHERE {due} AND {_FIRST_IN_LINE}"  # noqa: S608 - literals
                " ORDER BY id LIMIT ?",
                (*values, micros(now), limit),
            ).fetchall()
            tx.db.executemany(
                "UPDATE replies SET state = 'sending', owner = ?, doubt = 0 WHERE id = ?",
                [(tx.owner, row) for row, *_ in rows],
            )
            return [
                replace(reply_of(tx, *columns), state=ReplyState.SENDING) for _, *columns in rows
            ]

        # Most looks find nothing, so they do not wait for the writers.
        return await self._db.write(work) if await self._db.read(waits) else []

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
                f"SELECT {COLUMNS} FROM replies WHERE state = 'sending' AND channel = ?"  # noqa: S608 - a literal above
                " AND owner = ? AND doubt = 1 ORDER BY id",
                mine,
            ).fetchall()
            return [reply_of(tx, *row) for row in rows]

        return await self._db.write(work)

    async def finish(self, results: Sequence[ReplyResult]) -> Sequence[Reply]:
        return await self._db.write(lambda tx: [_finish(tx, result) for result in results])

    async def add(self, reply: Reply, *, ticket: Ticket | None = None) -> bool:
        def work(tx: SqliteTx) -> bool:
            known = "SELECT 1 FROM replies WHERE key = ?"
            if tx.db.execute(known, (key_of(reply.key),)).fetchone() is not None:
                return False
            number = None if ticket is None else tickets.put(tx, ticket)
            is_its = ticket is not None and reply.ticket == ticket.number
            return add_reply(tx, replace(reply, ticket=number) if is_its else reply)

        return await self._db.write(work)

    async def drafts(self, *, limit: int = 50) -> Sequence[Reply]:
        def query(view: View) -> list[Reply]:
            rows = view.db.execute(
                f"SELECT {COLUMNS} FROM replies WHERE state = 'draft' ORDER BY id LIMIT ?",  # noqa: S608 - a literal above
                (limit,),
            ).fetchall()
            return [reply_of(view, *row) for row in rows]

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


def reply_of(view: View, body: bytes, state: str, native: bytes | None) -> Reply:
    """A reply from its row: as it was encoded last, and as it changed since."""
    reply = view.coder.load(Reply, body)
    if native is not None:
        native_id = view.coder.open(native).decode("utf-8", "surrogatepass")
        sent = ReplyResult(key=reply.key, state=ReplyState.SENT, native_id=native_id)
        return finished(reply, sent, ticket=None, ended=False)
    return reply if reply.state == state else replace(reply, state=ReplyState(state))


def add_reply(tx: SqliteTx, reply: Reply, conversation: Conversation | None = None) -> bool:
    """Put a reply into the outbox; False where its key is there already.

    ``conversation`` is the reply's as it is stored, where the caller knows it.
    """
    target = reply.target
    if conversation is None:
        conversation = read_conversation(tx, target.channel, target.conversation)
    reply = admitted(reply, ended=has_ended(conversation))
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
        f"SELECT id, {COLUMNS} FROM replies WHERE mention = ? AND state IN ('draft', 'pending')",  # noqa: S608 - a literal above
        (mention,),
    ).fetchall()
    for row, *columns in rows:
        _save(tx, row, cancelled(reply_of(tx, *columns), reason))


def replies_to(view: View, seqs: Sequence[int]) -> dict[int, list[Reply]]:
    """Replies by the mention they answer, oldest first."""
    found: dict[int, list[Reply]] = {seq: [] for seq in seqs}
    rows = view.db.execute(
        f"SELECT mention, {COLUMNS} FROM replies"  # noqa: S608 - a literal above
        " WHERE mention IN (SELECT value FROM json_each(?)) ORDER BY id",
        (json.dumps(list(seqs)),),
    )
    for mention, *columns in rows:
        found[mention].append(reply_of(view, *columns))
    return found


def _finish(tx: SqliteTx, result: ReplyResult) -> Reply:
    row, reply = _find(tx, result.key)
    if is_repeat(reply, result):
        return reply
    target, ended = reply.target, False
    if result.state is ReplyState.PENDING:
        ended = has_ended(read_conversation(tx, target.channel, target.conversation))
    number = None if result.ticket is None else tickets.put(tx, result.ticket)
    changed = finished(reply, result, ticket=number, ended=ended)
    plain = ReplyResult(key=result.key, state=ReplyState.SENT, native_id=result.native_id)
    if result.native_id and result == plain:  # which needs no encoding
        native = tx.coder.seal(result.native_id.encode("utf-8", "surrogatepass"))
        tx.db.execute(
            "UPDATE replies SET state = 'sent', due = 0, owner = 0, doubt = 0, native = ?"
            " WHERE id = ?",
            (native, row),
        )
    else:
        _save(tx, row, changed)
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
        f"SELECT id, {COLUMNS} FROM replies WHERE channel = ? AND conversation = ?"  # noqa: S608 - a literal above
        " AND state IN ('draft', 'pending')",
        thread_of(tx, target.channel, target.conversation),
    ).fetchall()
    for row, *columns in rows:
        reply = reply_of(tx, *columns)
        _save(tx, row, cancelled(reply, last.reason or CONVERSATION_ENDED))


def _find(tx: SqliteTx, key: str) -> tuple[int, Reply]:
    found = tx.db.execute(
        f"SELECT id, {COLUMNS} FROM replies WHERE key = ?",  # noqa: S608 - a literal above
        (key_of(key),),
    ).fetchone()
    if found is None:
        raise Conflict(f"there is no reply {key}; it may have been erased.")
    row, *columns = found
    return row, reply_of(tx, *columns)


def _save(tx: SqliteTx, row: int, reply: Reply) -> None:
    """Encode a reply that has changed; no process holds it any more."""
    tx.db.execute(
        "UPDATE replies SET state = ?, due = ?, owner = 0, doubt = 0, native = NULL, body = ?"
        " WHERE id = ?",
        (reply.state.value, _due(reply), tx.coder.dump(reply), row),
    )


def _due(reply: Reply) -> int:
    return 0 if reply.not_before is None else micros(reply.not_before)
