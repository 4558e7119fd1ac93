"""What keeps the store in order: releasing dead processes' work, ageing out, dead letters."""

import dataclasses
from pathlib import Path
from typing import Final

from core.clock import moment
from core.conversations import ConversationLine
from core.events import DeadLetter, Event, RetentionClass, retention_class
from storage.encoding import key_of, text_of
from storage.lease import alive
from storage.records import Judged
from storage.sqlite.knowledge import set_setting, setting
from storage.sqlite.schema import DROPPED, PENDING
from storage.sqlite.work import Tx, View

PURGE_BATCH: Final = 500
MERGE_PAGES: Final = 500
IDLE_CHANGES: Final = 2
"""Rows that two commands change which find nothing to do."""
_PURGED: Final = "purged_to"
_ROOM: Final = "room"


def enrol(tx: Tx) -> None:
    """Make this process known to the others."""
    tx.db.execute("INSERT INTO owners (id, opened_at) VALUES (?, ?)", (tx.owner, tx.now))


def leave(tx: Tx) -> None:
    """Hand back what this process holds; a reply it was sending is in doubt."""
    release(tx, tx.owner)


def release_dead(tx: Tx, path: Path) -> None:
    """Hand back what processes held that are gone."""
    for (owner,) in tx.db.execute("SELECT id FROM owners WHERE id <> ?", (tx.owner,)).fetchall():
        if not alive(path, owner):
            release(tx, owner)


def release(tx: Tx, owner: int) -> None:
    """Hand back what a process held, and forget the process."""
    release_events(tx, owner)
    tx.db.execute("UPDATE replies SET owner = 0 WHERE state = 'sending' AND owner = ?", (owner,))
    tx.db.execute(
        "UPDATE deliveries SET owner = 0, due = ? WHERE delivered = 0 AND owner = ?",
        (tx.now, owner),
    )
    tx.db.execute("DELETE FROM owners WHERE id = ?", (owner,))


def release_events(tx: Tx, owner: int) -> None:
    tx.db.execute("UPDATE events SET owner = 0 WHERE state = 0 AND owner = ?", (owner,))


def take_room(tx: Tx) -> None:
    """Store something of the size of a page of events; fails where there is no room."""
    set_setting(tx, _ROOM, "0" * (1 << 18))


def give_room_back(tx: Tx) -> None:
    """Undo ``take_room``."""
    tx.db.execute("DELETE FROM settings WHERE key = ?", (_ROOM,))


def purge_raw(tx: Tx, before: int, which: RetentionClass) -> int | None:
    """Forget the raw text of up to ``PURGE_BATCH`` ended events; ``None`` where none is left.

    The masked text of a mention stays, in its line too. Looks on from where it stopped the last
    time, and never passes an event that is still pending.
    """
    mark = f"{_PURGED}:{which}"
    start = int(setting(tx, mark) or 0)
    rows = tx.db.execute(
        "SELECT e.seq, e.state, e.body, m.body FROM events e LEFT JOIN mentions m ON m.seq = e.seq"
        " WHERE e.seq > ? AND e.received_at < ? ORDER BY e.seq LIMIT ?",
        (start, before, PURGE_BATCH),
    ).fetchall()
    done = 0
    for seq, state, body, judged in rows:
        if state == PENDING:
            break
        start = seq
        event = tx.coder.load(Event, body)
        if retention_class(event, dropped=state == DROPPED) == which:
            kept = tx.coder.load(Judged, judged).masked_text if judged else ""
            done += bare(tx, seq, event, event.text if kept is None else kept)
    set_setting(tx, mark, str(start))
    return done if rows and rows[0][1] != PENDING else None


def bare(tx: Tx, seq: int, event: Event, text: str) -> bool:
    """Leave ``text`` alone of what an event and its line say; False where nothing else was."""
    bare = dataclasses.replace(event, text=text, media=())
    if bare == event:
        return False
    tx.db.execute("UPDATE events SET body = ? WHERE seq = ?", (tx.coder.dump(bare), seq))
    place = (key_of(event.channel), tx.coder.who(event.conversation), key_of(event.id))
    for line, body in tx.db.execute(
        "SELECT seq, body FROM lines WHERE channel = ? AND conversation = ? AND native = ?", place
    ).fetchall():
        masked = dataclasses.replace(tx.coder.load(ConversationLine, body), text=text)
        tx.db.execute("UPDATE lines SET body = ? WHERE seq = ?", (tx.coder.dump(masked), line))
    return True


def dead_letters(view: View, limit: int) -> list[DeadLetter]:
    """What could not be processed, newest first."""
    rows = view.db.execute(
        "SELECT d.id, d.channel, d.native, d.raw, d.reason, d.at, d.seq, e.body"
        " FROM dead_letters d LEFT JOIN events e ON e.seq = d.seq ORDER BY d.id DESC LIMIT ?",
        (limit,),
    ).fetchall()
    return [
        DeadLetter(
            id=id_,
            channel=text_of(channel),
            native_id=text_of(native),
            raw=view.coder.open(body if raw is None else raw),
            reason=text_of(reason),
            at=moment(at),
            seq=seq,
        )
        for id_, channel, native, raw, reason, at, seq, body in rows
    ]


def merge_indexes(tx: Tx, *, first: bool) -> bool:
    """Rewrite a part of the indexes, so that what was taken out is gone; False at the end.

    SQLite takes a negative number to begin rewriting all of an index, and says that nothing was
    left to do by changing less than two rows.
    """
    before = tx.db.total_changes
    for table in ("mentions_index", "tickets_index"):
        tx.db.execute(
            f"INSERT INTO {table} ({table}, rank) VALUES ('merge', ?)",  # noqa: S608 - literals
            (-MERGE_PAGES if first else MERGE_PAGES,),
        )
    return tx.db.total_changes - before > IDLE_CHANGES
