"""The durable queue of events: accept, claim, fail."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from core.clock import moment
from core.conversations import ConversationLine
from core.events import Event, EventCounts, EventKind, Page, Receipt, Received, Reject
from storage.encoding import key_of
from storage.encryption import Coder
from storage.records import BACK_OFF
from storage.sqlite.schema import DEAD, PENDING
from storage.sqlite.work import Tx, Value, View


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """A page as it is written; made before the transaction, where it delays nobody."""

    connector: str
    cursor: str | None
    events: Sequence[tuple[Event, tuple[Value, ...]]]
    rejects: Sequence[Reject]


def prepare(page: Page, connector: str, coder: Coder) -> Prepared:
    """Encode a page."""
    return Prepared(
        connector=connector,
        cursor=page.cursor,
        events=[(event, _values(event, coder)) for event in page.events],
        rejects=page.rejects,
    )


def _values(event: Event, coder: Coder) -> tuple[Value, ...]:
    return (
        key_of(event.channel),
        key_of(event.id),
        event.revision,
        event.kind.value,
        coder.who(event.author.id),
        coder.dump(event),
    )


def accept(tx: Tx, page: Prepared) -> Receipt:
    """Store what is new of a page, and the cursor."""
    accepted = 0
    for event, values in page.events:
        found = tx.db.execute(
            "INSERT INTO events (channel, id, revision, kind, author, body, received_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (*values, tx.now),
        )
        if found.rowcount:
            accepted += 1
            _talk(tx, event)
    rejected = sum(_reject(tx, reject) for reject in page.rejects)
    if page.cursor is not None:
        tx.db.execute(
            "INSERT INTO cursors (connector, cursor) VALUES (?, ?)"
            " ON CONFLICT (connector) DO UPDATE SET cursor = excluded.cursor",
            (page.connector, key_of(page.cursor)),
        )
    received = len(page.events) + len(page.rejects)
    tx.count("received", received)
    tx.count("pending", accepted)
    tx.count("dead", rejected)
    tx.count("dropped:duplicate", received - accepted - rejected)
    return Receipt(accepted=accepted, rejected=rejected, duplicates=received - accepted - rejected)


def _talk(tx: Tx, event: Event) -> None:
    if event.kind is EventKind.DELETE or not (event.solicited or not event.public):
        return
    later = event.revision > 0 or event.kind is EventKind.EDIT
    if later and _correct(tx, event):
        return
    line = ConversationLine(
        seq=0,
        direction="in",
        id=event.id,
        by=event.author.name,
        text=event.text,
        at=event.posted_at,
    )
    add_line(tx, event.channel, event.conversation, line)


def _correct(tx: Tx, event: Event) -> bool:
    place = (key_of(event.channel), tx.coder.who(event.conversation), key_of(event.id))
    row = tx.db.execute(
        "SELECT seq, body FROM lines WHERE channel = ? AND conversation = ? AND native = ?", place
    ).fetchone()
    if row is None:
        return False
    changed = dataclasses.replace(tx.coder.load(ConversationLine, row[1]), text=event.text)
    tx.db.execute("UPDATE lines SET body = ? WHERE seq = ?", (tx.coder.dump(changed), row[0]))
    return True


def add_line(tx: Tx, channel: str, conversation: str, line: ConversationLine) -> None:
    """Add a line at the end of a conversation; its place gives it its number."""
    tx.db.execute(
        "INSERT INTO lines (channel, conversation, native, body) VALUES (?, ?, ?, ?)",
        (key_of(channel), tx.coder.who(conversation), key_of(line.id), tx.coder.dump(line)),
    )


def _reject(tx: Tx, reject: Reject) -> int:
    found = tx.db.execute(
        "INSERT INTO dead_letters (channel, native, raw, reason, at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (
            key_of(reject.channel),
            key_of(reject.id),
            tx.coder.seal(reject.raw),
            key_of(reject.reason),
            tx.now,
        ),
    )
    return found.rowcount


def claim(tx: Tx, limit: int) -> list[Received]:
    """Take the oldest due events that nobody works on."""
    rows = tx.db.execute(
        "SELECT seq, attempts, received_at, body FROM events"
        " WHERE state = 0 AND owner = 0 AND due <= ? ORDER BY seq LIMIT ?",
        (tx.now, limit),
    ).fetchall()
    tx.db.executemany(
        "UPDATE events SET owner = ? WHERE seq = ?", [(tx.owner, row[0]) for row in rows]
    )
    return [
        Received(
            seq=seq,
            attempts=attempts,
            received_at=moment(received_at),
            event=tx.coder.load(Event, body),
        )
        for seq, attempts, received_at, body in rows
    ]


def fail(tx: Tx, seq: int, error: str, tries: int) -> bool:
    """Count a failed try of a pending event; True where it was the last."""
    row = tx.db.execute(
        "SELECT attempts + 1, channel, id FROM events WHERE seq = ? AND state = ?", (seq, PENDING)
    ).fetchone()
    if row is None:
        return False
    attempts, channel, native = row
    if attempts < tries:
        tx.db.execute(
            "UPDATE events SET attempts = ?, owner = 0, due = ? WHERE seq = ?",
            (attempts, tx.now + attempts * BACK_OFF, seq),
        )
        return False
    tx.db.execute(
        "UPDATE events SET attempts = ?, owner = 0, state = ? WHERE seq = ?", (attempts, DEAD, seq)
    )
    tx.db.execute(
        "INSERT INTO dead_letters (channel, native, seq, reason, at) VALUES (?, ?, ?, ?, ?)",
        (channel, native, seq, key_of(error), tx.now),
    )
    tx.count("pending", -1)
    tx.count("dead", 1)
    return True


def revive(tx: Tx, letter: int) -> bool:
    """Give the event of a dead letter its tries again; False where it is none."""
    row = tx.db.execute(
        "SELECT seq FROM dead_letters WHERE id = ? AND seq IS NOT NULL", (letter,)
    ).fetchone()
    if row is None:
        return False
    tx.db.execute(
        "UPDATE events SET state = ?, attempts = 0, due = 0, owner = 0 WHERE seq = ?",
        (PENDING, row[0]),
    )
    tx.db.execute("DELETE FROM dead_letters WHERE id = ?", (letter,))
    tx.count("dead", -1)
    tx.count("pending", 1)
    return True


def cursor(view: View, connector: str) -> str | bytes | None:
    """The cursor stored last, as ``key_of`` wrote it."""
    row = view.db.execute("SELECT cursor FROM cursors WHERE connector = ?", (connector,)).fetchone()
    found: str | bytes | None = row[0] if row else None
    return found


def counts(view: View) -> EventCounts:
    """Where all events stand."""
    found: dict[str, int] = dict(view.db.execute("SELECT name, n FROM counters"))
    reasons = {
        name.removeprefix("dropped:"): n
        for name, n in found.items()
        if name.startswith("dropped:") and n
    }
    return EventCounts(
        received=found.get("received", 0),
        done=found.get("done", 0),
        pending=found.get("pending", 0),
        dead=found.get("dead", 0),
        dropped=reasons,
    )
