"""Cases as the store has them, after a restart."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from core.incidents import Incident, TimelineEntry
from listeners.spread.incidents.incident import TrackedIncident
from listeners.spread.incidents.writer import BOT, moment

MOST: Final = 2000
"""Stored incidents looked at, the latest first."""
_RULINGS: Final = frozenset({"merged", "split"})


def cases(records: Iterable[Incident]) -> dict[str, TrackedIncident]:
    """The case of each stored incident, by its id; a merged one is what it was merged into."""
    known = {record.id: record for record in records if not record.drill}
    found = {
        id_: TrackedIncident(
            key=record.key,
            brand=record.brand,
            title=record.title,
            titles=tuple(replace(one, body="") for one in record.wordings if one.title),
            record=record,
            ruled=any(note.what in _RULINGS and note.by != BOT for note in record.timeline),
        )
        for id_, record in known.items()
        if record.merged_into is None
    }
    for id_, record in known.items():
        into, steps = record.merged_into, 0
        while into in known and known[into].merged_into is not None and steps < len(known):
            into, steps = known[into].merged_into, steps + 1
        if into is not None and into in found:
            found[id_] = found[into]
    return found


def reconcile(case: TrackedIncident, *, quiet: float, now: float) -> None:
    """Keep of the replayed history what the store does not know yet."""
    record = case.record
    if record is None:
        return
    case.notes.clear()
    last = max(case.activity.last, record.last_at.timestamp())
    case.over = last < now - quiet
    if case.over and record.state == "open":
        case.notes.append(TimelineEntry(at=moment(last), by=BOT, what="resolved"))
    again = case.activity.last - record.last_at.timestamp() > quiet
    if again and not case.over and record.state == "resolved":
        case.notes.append(TimelineEntry(at=moment(last), by=BOT, what="reopened"))
