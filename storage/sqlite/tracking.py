"""Mentions whose figures are read again and again."""

from collections.abc import Sequence

from core.clock import micros
from core.events import Event
from core.mentions import Mention, TrackedPost
from storage.encoding import key_of
from storage.records import Judged
from storage.sqlite.work import Tx, View

_PRIVATE = "message"
"""The kind of event that is private by itself."""


def untracked(view: View, channel: str, since: int, limit: int) -> list[Mention]:
    """Negative public mentions of a channel after a time that nobody tracks, newest first."""
    rows = view.db.execute(
        "SELECT m.seq, m.body, e.body FROM mentions m INDEXED BY mentions_posted"
        " CROSS JOIN events e ON e.seq = m.seq"
        " WHERE m.posted_at > ? AND m.negative = 1 AND m.withdrawn = 0"
        " AND e.channel = ? AND e.kind <> ?"
        " AND NOT EXISTS (SELECT 1 FROM tracked t WHERE t.mention = m.seq)"
        " ORDER BY m.posted_at DESC, m.seq DESC",
        (since, key_of(channel), _PRIVATE),
    )
    found: list[Mention] = []
    for seq, body, raw in rows:
        event = view.coder.load(Event, raw)
        if event.public:
            found.append(view.coder.load(Judged, body).mention(seq, event))
        if len(found) >= limit:
            break
    return found


def track(tx: Tx, items: Sequence[TrackedPost]) -> None:
    """Keep figures, in place of earlier ones; those of a mention that is gone are left out."""
    tx.db.executemany(
        "INSERT OR REPLACE INTO tracked (mention, channel, next_at, body)"
        " SELECT seq, ?, ?, ? FROM mentions WHERE seq = ?",
        [
            (
                key_of(each.channel),
                None if each.next_at is None else micros(each.next_at),
                tx.coder.dump(each.trimmed()),
                each.mention,
            )
            for each in items
        ],
    )


def due(view: View, channel: str, now: int, limit: int) -> list[TrackedPost]:
    """What is to be read again, soonest first."""
    rows = view.db.execute(
        "SELECT body FROM tracked WHERE channel = ? AND next_at <= ?"
        " ORDER BY next_at, mention LIMIT ?",
        (key_of(channel), now, limit),
    ).fetchall()
    return [view.coder.load(TrackedPost, body) for (body,) in rows]


def one(view: View, mention: int) -> TrackedPost | None:
    row = view.db.execute("SELECT body FROM tracked WHERE mention = ?", (mention,)).fetchone()
    return view.coder.load(TrackedPost, row[0]) if row else None
