"""Mentions, searched and filtered; corrections by staff; posts whose figures are tracked."""

import json
from collections.abc import Sequence
from datetime import datetime

from core.clock import micros
from core.errors import Conflict
from core.model.events import Event
from core.model.mentions import (
    CorrectedMention,
    Correction,
    Mention,
    MentionFilter,
    MentionPage,
    MentionRecord,
    TrackedPost,
)
from storage.encoding import key_of
from storage.records import DAY, UNDECIDED, StoredMention, corrected
from storage.search import wanted_filters
from storage.sqlite.engine.connection import Row, SqliteTx, Value, View
from storage.sqlite.engine.database import SqliteDatabase
from storage.sqlite.engine.index import has_all, match
from storage.sqlite.outbox import replies_to

_COLUMNS = (
    "SELECT m.seq, m.withdrawn, m.ticket, m.body, e.body"
    " FROM mentions m JOIN events e ON e.seq = m.seq"
)
_FIRST, _LAST = -(2**62), 2**62
_PRIVATE = "message"
"""The kind of event that is private by itself."""


class SqliteMentions:
    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db

    async def get(self, seq: int) -> MentionRecord | None:
        def query(view: View) -> MentionRecord | None:
            found = read_records(view, [seq])
            return found[0] if found else None

        return await self._db.read(query)

    async def find(
        self, where: MentionFilter, *, before: int | None = None, limit: int = 50
    ) -> MentionPage:
        wanted = [has_all("filters", wanted_filters(where))]
        if where.text is not None and where.text.strip():
            words = match("words", where.text)
            if not words:
                return MentionPage(mentions=(), next=None)
            wanted.append(words)
        expression = " AND ".join(part for part in wanted if part)

        def query(view: View) -> MentionPage:
            clauses, values = _bounds(view, where, before)
            source, order = "mentions m", "m.seq"
            if expression:
                source = "mentions_index i CROSS JOIN mentions m ON m.seq = i.rowid"
                order = "i.rowid"
                clauses = ["mentions_index MATCH ?", *clauses]
                values = [expression, *values]
            conditions = " AND ".join(clauses).replace("{seq}", order)
            rows = view.db.execute(
                f"SELECT m.seq FROM {source} WHERE {conditions} ORDER BY {order} DESC LIMIT ?",  # noqa: S608 - made of literals of this file
                (*values, limit + 1),
            ).fetchall()
            seqs = [row[0] for row in rows]
            return MentionPage(
                mentions=read_records(view, seqs[:limit]),
                next=seqs[limit - 1] if len(seqs) > limit else None,
            )

        return await self._db.read(query)

    async def since(self, at: datetime) -> Sequence[Mention]:
        def query(view: View) -> list[Mention]:
            rows = view.db.execute(
                f"{_COLUMNS} WHERE m.posted_at >= ? AND m.withdrawn = 0"
                " ORDER BY m.posted_at, m.seq",
                (micros(at),),
            )
            return [_mention(view, row, view.coder.load(StoredMention, row[3])) for row in rows]

        return await self._db.read(query)


class SqliteCorrections:
    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db

    async def get(self, mention: int) -> Correction | None:
        def query(view: View) -> Correction | None:
            row = view.db.execute(
                "SELECT body FROM corrections WHERE mention = ?", (mention,)
            ).fetchone()
            return view.coder.load(Correction, row[0]) if row else None

        return await self._db.read(query)

    async def recent(self, *, limit: int = 100_000) -> Sequence[CorrectedMention]:
        def query(view: View) -> list[CorrectedMention]:
            rows = view.db.execute(
                "SELECT c.body, m.body, e.body FROM corrections c"
                " JOIN mentions m ON m.seq = c.mention JOIN events e ON e.seq = c.mention"
                " ORDER BY c.at DESC, c.mention DESC LIMIT ?",
                (limit,),
            ).fetchall()
            load = view.coder.load
            return [
                corrected(load(Correction, body), load(StoredMention, judged), load(Event, event))
                for body, judged, event in reversed(rows)
            ]

        return await self._db.read(query)

    async def save(self, correction: Correction) -> None:
        def work(tx: SqliteTx) -> None:
            seq = correction.mention
            if tx.db.execute("SELECT 1 FROM mentions WHERE seq = ?", (seq,)).fetchone() is None:
                raise Conflict(f"there is no mention {seq}; it may have been erased.")
            tx.db.execute(
                "INSERT OR REPLACE INTO corrections (mention, at, body) VALUES (?, ?, ?)",
                (seq, micros(correction.at), tx.coder.dump(correction)),
            )

        await self._db.write(work)


class SqliteTrackedPosts:
    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db

    async def get(self, mention: int) -> TrackedPost | None:
        def query(view: View) -> TrackedPost | None:
            row = view.db.execute(
                "SELECT body FROM tracked WHERE mention = ?", (mention,)
            ).fetchone()
            return view.coder.load(TrackedPost, row[0]) if row else None

        return await self._db.read(query)

    async def candidates(self, channel: str, *, since: datetime, limit: int) -> Sequence[Mention]:
        def query(view: View) -> list[Mention]:
            rows = view.db.execute(
                "SELECT m.seq, m.body, e.body FROM mentions m INDEXED BY mentions_posted"
                " CROSS JOIN events e ON e.seq = m.seq"
                " WHERE m.posted_at > ? AND m.negative = 1 AND m.withdrawn = 0"
                " AND e.channel = ? AND e.kind <> ?"
                " AND NOT EXISTS (SELECT 1 FROM tracked t WHERE t.mention = m.seq)"
                " ORDER BY m.posted_at DESC, m.seq DESC",
                (micros(since), key_of(channel), _PRIVATE),
            )
            found: list[Mention] = []
            for seq, body, raw in rows:
                event = view.coder.load(Event, raw)
                if event.public:
                    found.append(view.coder.load(StoredMention, body).mention(seq, event))
                if len(found) >= limit:
                    break
            return found

        return await self._db.read(query)

    async def due(self, channel: str, now: datetime, limit: int) -> Sequence[TrackedPost]:
        def query(view: View) -> list[TrackedPost]:
            rows = view.db.execute(
                "SELECT body FROM tracked WHERE channel = ? AND next_at <= ?"
                " ORDER BY next_at, mention LIMIT ?",
                (key_of(channel), micros(now), limit),
            ).fetchall()
            return [view.coder.load(TrackedPost, body) for (body,) in rows]

        return await self._db.read(query)

    async def save(self, posts: Sequence[TrackedPost]) -> None:
        def work(tx: SqliteTx) -> None:
            tx.db.executemany(
                "INSERT OR REPLACE INTO tracked (mention, channel, next_at, body)"
                " SELECT seq, ?, ?, ? FROM mentions WHERE seq = ?",
                [
                    (
                        key_of(post.channel),
                        None if post.next_at is None else micros(post.next_at),
                        tx.coder.dump(post.trimmed()),
                        post.mention,
                    )
                    for post in posts
                ],
            )

        await self._db.write(work)


def read_records(view: View, seqs: Sequence[int]) -> tuple[MentionRecord, ...]:
    """Mentions with all about them, in the order of ``seqs``; unknown ones are left out."""
    replies = replies_to(view, seqs)
    wanted = view.db.execute(
        f"{_COLUMNS} WHERE m.seq IN (SELECT value FROM json_each(?))",  # noqa: S608 - a literal above
        (json.dumps(list(seqs)),),
    )
    rows = {row[0]: row for row in wanted}
    found = []
    for row in (rows[seq] for seq in seqs if seq in rows):
        judged = view.coder.load(StoredMention, row[3])
        found.append(
            MentionRecord(
                mention=_mention(view, row, judged),
                decision=judged.decision or UNDECIDED,
                ticket=row[2],
                replies=tuple(replies[row[0]]),
                withdrawn=bool(row[1]),
            )
        )
    return tuple(found)


def read_mentions(view: View, seqs: Sequence[int]) -> list[Mention]:
    """Mentions in the order of ``seqs``; unknown ones are left out."""
    return [record.mention for record in read_records(view, seqs)]


def _bounds(view: View, where: MentionFilter, before: int | None) -> tuple[list[str], list[Value]]:
    """Conditions on time and place; the table of days says where in the numbering a time lies."""
    clauses, values = ["m.withdrawn = 0"], list[Value]()
    low, high = 0, before
    if where.incident is not None:
        clauses.append("m.incident = ?")
        values.append(key_of(where.incident))
        low, last = _seqs_of_incident(view, where.incident)
        high = min(_LAST if high is None else high, last + 1)
    if where.since is not None or where.until is not None:
        since = _FIRST if where.since is None else micros(where.since)
        until = _LAST if where.until is None else micros(where.until)
        clauses.append("m.posted_at >= ? AND m.posted_at < ?")
        values.extend((since, until))
        first, last = view.db.execute(
            "SELECT min(first), max(last) FROM days WHERE day BETWEEN ? AND ?",
            (since // DAY, until // DAY),
        ).fetchone()
        low = max(low, first or 0)
        high = min(_LAST if high is None else high, (last or 0) + 1)
    if low:
        clauses.append("{seq} >= ?")
        values.append(low)
    if high is not None:
        clauses.append("{seq} < ?")
        values.append(high)
    return clauses, values


def _seqs_of_incident(view: View, incident: str) -> tuple[int, int]:
    """The first and the last seq of an incident's mentions; 0 and 0 where there are none."""
    first, last = view.db.execute(
        "SELECT (SELECT min(seq) FROM mentions WHERE incident = ?1),"
        " (SELECT max(seq) FROM mentions WHERE incident = ?1)",
        (key_of(incident),),
    ).fetchone()
    return first or 0, last or 0


def _mention(view: View, row: Row, judged: StoredMention) -> Mention:
    seq, body = row[0], row[4]
    assert isinstance(seq, int)  # noqa: S101 - the columns' types, for the type checker
    assert isinstance(body, bytes)  # noqa: S101
    return judged.mention(seq, view.coder.load(Event, body))
