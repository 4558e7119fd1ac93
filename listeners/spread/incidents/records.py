"""Incidents in memory as records of the store, and back."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from core.localized import LocalizedText, UiLanguage, in_each
from core.model.incidents import Incident, TimelineEntry
from core.model.mentions import Mention
from core.taxonomy import Severity
from listeners.spread.event_time import utc
from listeners.spread.harm.weight import DENIAL
from listeners.spread.incidents.incident import TrackedIncident
from listeners.spread.incidents.wording import IncidentTexts, headline, own_title

BOT: Final = "bot"
"""``by`` of timeline entries that no member of staff caused."""
MAX_TIMELINE: Final = 500
"""Entries kept per incident."""
MAX_RESTORED: Final = 2000
"""Stored incidents read at a restart, the latest first."""
_STATE_CHANGES: Final = frozenset({"resolved", "reopened"})
_STAFF_RULINGS: Final = frozenset({"merged", "split"})
_SAME_WAVE: Final = timedelta(hours=6)
"""A beginning later than this after the stored one is that of another wave."""
_MAX_CHANNELS: Final = 10


def to_record(incident: TrackedIncident, language: UiLanguage, texts: IncidentTexts) -> Incident:
    """The record of an incident, with its reasons and title in ``language``.

    If its posts are too old to be in memory, it is the stored record with the present state.
    """
    activity = incident.activity
    forecast, unit = incident.farthest_forecast()
    assessment = incident.assessment
    state: Literal["open", "resolved"] = "resolved" if incident.ended else "open"
    if incident.record is not None and not activity.count:
        return replace(incident.record, state=state)

    def reasons(language: UiLanguage) -> list[str]:
        found = [] if assessment is None else texts.reason_lines(assessment, language)
        return found + texts.denial_lines(activity.denials, language)

    return Incident(
        id="",
        key=incident.key,
        brand=incident.brand,
        title=headline(incident, language),
        category=incident.category() or "other",
        severity=_severity(incident),
        state=state,
        first_at=utc(incident.began()),
        last_at=utc(activity.last),
        mentions=activity.count,
        authors=len(activity.authors),
        denials=activity.denials,
        channels=tuple(name for name, _ in activity.channels.most_common(_MAX_CHANNELS)),
        forecast=None if forecast is None else round(forecast.final, 1),
        low=None if forecast is None else round(forecast.low, 1),
        high=None if forecast is None else round(forecast.high, 1),
        forecast_of=unit,
        reasons=tuple(reasons(language)),
        wordings=in_each(
            lambda one: LocalizedText(
                language=one,
                title=own_title(incident, one),
                body="\n".join(reasons(one)),
            )
        ),
    )


def updated(
    stored: Incident, now: Incident, entries: tuple[TimelineEntry, ...], *, mentions: int
) -> Incident:
    """The stored record brought up to date; owner, statement and title remain those of staff.

    ``entries`` are added to the timeline; only they open or resolve the incident. ``mentions`` is
    the number of those that the store has with it.
    """
    another_wave = now.first_at - stored.first_at > _SAME_WAVE
    return replace(
        stored,
        category=now.category,
        severity=stored.severity if now.state == "resolved" else now.severity,
        state=now.state if any(one.what in _STATE_CHANGES for one in entries) else stored.state,
        first_at=stored.first_at if another_wave else now.first_at,
        last_at=max(stored.last_at, now.last_at),
        mentions=mentions,
        authors=min(max(stored.authors, now.authors), mentions),
        denials=min(max(stored.denials, now.denials), mentions),
        channels=tuple(dict.fromkeys((*stored.channels, *now.channels))),
        forecast=now.forecast,
        low=now.low,
        high=now.high,
        forecast_of=now.forecast_of,
        reasons=now.reasons,
        wordings=now.wordings,
        timeline=(*stored.timeline, *entries)[-MAX_TIMELINE:],
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Figures over the mentions that the store has with an incident."""

    mentions: int
    authors: int
    denials: int


def tally(mentions: Iterable[Mention]) -> Tally:
    """The figures over these mentions."""
    found = tuple(mentions)
    return Tally(
        mentions=len(found),
        authors=len({(one.event.channel, one.event.author.id) for one in found}),
        denials=sum(one.judgement.denial >= DENIAL for one in found),
    )


def absorbed(stored: Incident, gone: Incident, *, now: Tally, by: str, at: datetime) -> Incident:
    """The stored record after it took ``gone`` over; unchanged if it did before.

    ``now``: the figures of both together.
    """
    if any(entry.what == "merged" and entry.detail == gone.id for entry in stored.timeline):
        return stored
    return replace(
        stored,
        first_at=min(stored.first_at, gone.first_at),
        last_at=max(stored.last_at, gone.last_at),
        severity=min(stored.severity, gone.severity),
        owner=stored.owner or gone.owner,
        statement=stored.statement or gone.statement,
        mentions=now.mentions,
        authors=now.authors,
        denials=now.denials,
        channels=tuple(dict.fromkeys((*stored.channels, *gone.channels))),
        timeline=(*stored.timeline, TimelineEntry(at=at, by=by, what="merged", detail=gone.id)),
    )


def restore(records: Iterable[Incident]) -> dict[str, TrackedIncident]:
    """The incident of each stored record, by its id; merged records lead to the one they went into.

    Drills are left out.
    """
    known = {record.id: record for record in records if not record.drill}
    found = {
        id_: TrackedIncident(
            key=record.key,
            brand=record.brand,
            title=record.title,
            titles=tuple(replace(one, body="") for one in record.wordings if one.title),
            record=record,
            staff_ruled=any(
                entry.what in _STAFF_RULINGS and entry.by != BOT for entry in record.timeline
            ),
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


def reconcile(incident: TrackedIncident, *, quiet: float, now: float) -> None:
    """Keep of the replayed history of an incident only what its record does not have.

    ``quiet`` seconds without a post end a wave; ``now`` is in seconds since 1970.
    """
    record = incident.record
    if record is None:
        return
    incident.unsaved_entries.clear()
    last = max(incident.activity.last, record.last_at.timestamp())
    incident.ended = last < now - quiet
    if incident.ended and record.state == "open":
        incident.unsaved_entries.append(TimelineEntry(at=utc(last), by=BOT, what="resolved"))
    again = incident.activity.last - record.last_at.timestamp() > quiet
    if again and not incident.ended and record.state == "resolved":
        incident.unsaved_entries.append(TimelineEntry(at=utc(last), by=BOT, what="reopened"))


def _severity(incident: TrackedIncident) -> Severity:
    """P4 until staff are alerted, whatever the points: it is not sure that anything is wrong.

    An incident that staff split off has the severity of its assessment.
    """
    if incident.alerted is not None:
        return incident.alerted
    if incident.record is not None and incident.record.state == "open":
        return incident.record.severity
    if incident.staff_ruled and incident.assessment is not None:
        return incident.assessment.severity
    return "P4"
