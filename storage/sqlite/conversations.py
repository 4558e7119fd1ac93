"""Conversations and their lines."""

from collections.abc import Sequence
from dataclasses import replace

from core.clock import micros, moment
from core.model.conversations import (
    Conversation,
    ConversationLine,
    heard_line,
    is_later_revision,
    is_spoken,
)
from core.model.events import Event
from storage.encoding import key_of
from storage.sqlite.engine.connection import Row, SqliteTx, View
from storage.sqlite.engine.database import SqliteDatabase


class SqliteConversations:
    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db

    async def get(self, channel: str, id: str) -> Conversation | None:  # noqa: A002
        return await self._db.read(lambda view: read_conversation(view, channel, id))

    async def lines(
        self, channel: str, conversation: str, *, after: int = 0, limit: int = 200
    ) -> Sequence[ConversationLine]:
        def query(view: View) -> list[ConversationLine]:
            rows = view.db.execute(
                "SELECT seq, body FROM lines WHERE channel = ? AND conversation = ? AND seq > ?"
                " ORDER BY seq LIMIT ?",
                (*thread_of(view, channel, conversation), after, limit),
            ).fetchall()
            return [replace(view.coder.load(ConversationLine, body), seq=seq) for seq, body in rows]

        return await self._db.read(query)


def thread_of(view: View, channel: str, conversation: str) -> Row:
    """The channel and the id under which a conversation and its lines are stored."""
    return key_of(channel), view.coder.who(conversation)


def conversation_of(view: View, body: bytes, updated_at: int) -> Conversation:
    """A conversation from its row; one that was only continued has the time beside the body."""
    found = view.coder.load(Conversation, body)
    at = moment(updated_at)
    return found if at <= found.updated_at else replace(found, updated_at=at)


def read_conversation(view: View, channel: str, conversation: str) -> Conversation | None:
    row = view.db.execute(
        "SELECT body, updated_at FROM conversations WHERE channel = ? AND id = ?",
        thread_of(view, channel, conversation),
    ).fetchone()
    return conversation_of(view, *row) if row else None


def put_conversation(tx: SqliteTx, conversation: Conversation) -> None:
    """Store a conversation, new or changed; one that is only continued is not encoded again."""
    before, at = (
        read_conversation(tx, conversation.channel, conversation.id),
        conversation.updated_at,
    )
    if (
        before is not None
        and before.updated_at <= at
        and replace(before, updated_at=at) == conversation
    ):
        tx.db.execute(
            "UPDATE conversations SET updated_at = ? WHERE channel = ? AND id = ?",
            (micros(at), *thread_of(tx, conversation.channel, conversation.id)),
        )
        return
    tx.db.execute(
        "INSERT INTO conversations (channel, id, customer, updated_at, body)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (channel, id) DO UPDATE"
        " SET customer = excluded.customer, updated_at = excluded.updated_at, body = excluded.body",
        (
            *thread_of(tx, conversation.channel, conversation.id),
            tx.coder.who(conversation.customer),
            micros(at),
            tx.coder.dump(conversation),
        ),
    )


def add_line(tx: SqliteTx, channel: str, conversation: str, line: ConversationLine) -> None:
    """Add a line at the end of a conversation; its place gives it its number."""
    tx.db.execute(
        "INSERT INTO lines (channel, conversation, native, body) VALUES (?, ?, ?, ?)",
        (*thread_of(tx, channel, conversation), key_of(line.id), tx.coder.dump(line)),
    )


def hear(tx: SqliteTx, event: Event) -> None:
    """Add a new event's line to its conversation, or change the line of its first revision.

    Leaves the line as it is where a later revision, or the deletion, is stored already.
    """
    if not is_spoken(event):
        return
    line, post = heard_line(event), (key_of(event.channel), key_of(event.id), event.revision)
    later = "SELECT 1 FROM events WHERE channel = ? AND id = ? AND revision > ? LIMIT 1"
    if tx.db.execute(later, post).fetchone() is not None:
        return
    if not (is_later_revision(event) and rewrite_line(tx, event, line.text)):
        add_line(tx, event.channel, event.conversation, line)


def rewrite_line(tx: SqliteTx, event: Event, text: str) -> bool:
    """Set the text of an event's line; False where it has none."""
    rows = tx.db.execute(
        "SELECT seq, body FROM lines WHERE channel = ? AND conversation = ? AND native = ?",
        (*thread_of(tx, event.channel, event.conversation), key_of(event.id)),
    ).fetchall()
    for seq, body in rows:
        line = replace(tx.coder.load(ConversationLine, body), text=text)
        tx.db.execute("UPDATE lines SET body = ? WHERE seq = ?", (tx.coder.dump(line), seq))
    return bool(rows)


def remove_line(tx: SqliteTx, event: Event) -> None:
    tx.db.execute(
        "DELETE FROM lines WHERE channel = ? AND conversation = ? AND native = ?",
        (*thread_of(tx, event.channel, event.conversation), key_of(event.id)),
    )
