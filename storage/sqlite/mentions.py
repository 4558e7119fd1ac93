"""Mentions as staff look at them: filtered, searched, newest first."""

import json

from core.clock import micros
from core.events import Event
from core.figures import Figures
from core.mentions import Mention, MentionFilter, MentionPage, MentionRecord
from storage.encoding import key_of
from storage.records import DAY, HOUR, UNDECIDED, Judged, wanted_filters
from storage.sqlite import outbox
from storage.sqlite.search import has_all, match
from storage.sqlite.work import Row, Value, View

_COLUMNS = (
    "SELECT m.seq, m.withdrawn, m.ticket, m.body, e.body"
    " FROM mentions m JOIN events e ON e.seq = m.seq"
)


def page(view: View, where: MentionFilter, before: int | None, limit: int) -> MentionPage:
    """Mentions of a filter, newest first; ``before`` is ``MentionPage.next``."""
    wanted = [has_all("filters", wanted_filters(where))]
    if where.text is not None and where.text.strip():
        words = match("words", where.text)
        if not words:
            return MentionPage(mentions=(), next=None)
        wanted.append(words)
    clauses, values = _bounds(view, where, before)
    expression = " AND ".join(part for part in wanted if part)
    if expression:
        source = "mentions_index i CROSS JOIN mentions m ON m.seq = i.rowid"
        order = "i.rowid"
        clauses = ["mentions_index MATCH ?", *clauses]
        values = [expression, *values]
    else:
        source, order = "mentions m", "m.seq"
    conditions = " AND ".join(clauses).replace("{seq}", order)
    rows = view.db.execute(
        f"SELECT m.seq FROM {source} WHERE {conditions} ORDER BY {order} DESC LIMIT ?",  # noqa: S608 - made of literals of this file
        (*values, limit + 1),
    ).fetchall()
    seqs = [row[0] for row in rows]
    found = _handled(view, seqs[:limit])
    return MentionPage(mentions=found, next=seqs[limit - 1] if len(seqs) > limit else None)


def _bounds(view: View, where: MentionFilter, before: int | None) -> tuple[list[str], list[Value]]:
    """Conditions on time and place; the table of days says where in the numbering a time lies."""
    clauses, values = ["m.withdrawn = 0"], list[Value]()
    low, high = 0, before
    if where.incident is not None:
        clauses.append("m.incident = ?")
        values.append(key_of(where.incident))
        low, last = _reach(view, where.incident)
        high = min(2**62 if high is None else high, last + 1)
    if where.since is not None or where.until is not None:
        since = -(2**62) if where.since is None else micros(where.since)
        until = 2**62 if where.until is None else micros(where.until)
        clauses.append("m.posted_at >= ? AND m.posted_at < ?")
        values.extend((since, until))
        first, last = view.db.execute(
            "SELECT min(first), max(last) FROM days WHERE day BETWEEN ? AND ?",
            (since // DAY, until // DAY),
        ).fetchone()
        low = max(low, first or 0)
        high = min(2**62 if high is None else high, (last or 0) + 1)
    if low:
        clauses.append("{seq} >= ?")
        values.append(low)
    if high is not None:
        clauses.append("{seq} < ?")
        values.append(high)
    return clauses, values


def _reach(view: View, incident: str) -> tuple[int, int]:
    """The first and the last number of an incident's mentions; nothing lies between 0 and 0."""
    first, last = view.db.execute(
        "SELECT (SELECT min(seq) FROM mentions WHERE incident = ?1),"
        " (SELECT max(seq) FROM mentions WHERE incident = ?1)",
        (key_of(incident),),
    ).fetchone()
    return first or 0, last or 0


def of_incident(view: View, incident: str, limit: int) -> tuple[MentionRecord, ...]:
    """Mentions of an incident that were not withdrawn, by posted_at, oldest first."""
    rows = view.db.execute(
        "SELECT seq FROM mentions INDEXED BY mentions_incident WHERE incident = ?"
        " AND withdrawn = 0 ORDER BY posted_at, seq LIMIT ?",
        (key_of(incident), limit),
    ).fetchall()
    return _handled(view, [row[0] for row in rows])


def one(view: View, seq: int) -> MentionRecord | None:
    """A mention with all about it, a withdrawn one too."""
    found = _handled(view, [seq])
    return found[0] if found else None


def _handled(view: View, seqs: list[int]) -> tuple[MentionRecord, ...]:
    replies = outbox.to_mentions(view, seqs)
    wanted = view.db.execute(
        f"{_COLUMNS} WHERE m.seq IN (SELECT value FROM json_each(?))",  # noqa: S608 - a literal above
        (json.dumps(seqs),),
    )
    rows = {row[0]: row for row in wanted}
    found = []
    for seq in seqs:
        row = rows.get(seq)
        if row is None:
            continue
        judged = view.coder.load(Judged, row[3])
        found.append(
            MentionRecord(
                mention=_mention(view, row, judged),
                decision=judged.decision or UNDECIDED,
                ticket=row[2],
                replies=tuple(replies[seq]),
                withdrawn=bool(row[1]),
            )
        )
    return tuple(found)


def _mention(view: View, row: Row, judged: Judged) -> Mention:
    seq, body = row[0], row[4]
    assert isinstance(seq, int)  # noqa: S101 - the columns' types, for the type checker
    assert isinstance(body, bytes)  # noqa: S101
    return judged.mention(seq, view.coder.load(Event, body))


def since(view: View, at: int) -> list[Mention]:
    """Mentions posted from a time on that were not withdrawn, oldest first."""
    rows = view.db.execute(
        f"{_COLUMNS} WHERE m.posted_at >= ? AND m.withdrawn = 0 ORDER BY m.posted_at, m.seq", (at,)
    )
    return [_mention(view, row, view.coder.load(Judged, row[3])) for row in rows]


def figures(view: View, now: int) -> Figures:
    """Numbers for the head of the console."""
    ask = view.db.execute
    mentions, negative = ask(
        "SELECT count(*), coalesce(sum(negative), 0) FROM mentions"
        " WHERE posted_at > ? AND posted_at <= ?",
        (now - HOUR, now),
    ).fetchone()
    (unresolved,) = ask("SELECT count(*) FROM tickets WHERE state <> 'resolved'").fetchone()
    (late,) = ask(
        "SELECT count(*) FROM tickets WHERE state <> 'resolved' AND answered IS NULL AND due <= ?",
        (now,),
    ).fetchone()
    (drafts,) = ask("SELECT count(*) FROM replies WHERE state = 'draft'").fetchone()
    (firing,) = ask("SELECT count(*) FROM alerts WHERE state = 'firing'").fetchone()
    return Figures(
        unresolved_tickets=unresolved,
        late_tickets=late,
        drafts=drafts,
        firing_alerts=firing,
        mentions_last_hour=mentions,
        negative_last_hour=negative,
    )
