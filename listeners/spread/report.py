"""A case in words: the alert about it, and the incident that is kept of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import Final

from core.incidents import ForecastUnit, Incident
from core.localized import LocalizedText, UiLanguage, in_each, in_language
from core.taxonomy import Severity
from listeners.spread.cascades.forecast import Forecast
from listeners.spread.incidents import wording
from listeners.spread.incidents.alarms import begun, lately
from listeners.spread.incidents.alerts import PendingAlert
from listeners.spread.incidents.incident import TrackedIncident
from listeners.spread.incidents.severity import Assessment
from listeners.spread.incidents.writer import moment

_CHANNELS: Final = 10
_FORECAST: Final = ("far", "very_far")
"""Reasons that the forecast itself tells with its interval."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertAudience:
    """Who is told."""

    language: UiLanguage
    """Of the receivers; in the console each reads their own."""
    zone: tzinfo = UTC
    """In whose time they read when something was posted."""


def notice(
    case: TrackedIncident, assessed: Assessment, staff: AlertAudience, *, name: str, at: float
) -> PendingAlert:
    """The alert about a case; ``name`` is what staff call the brand, ``at`` in seconds."""
    posts = lately(case)
    found, counted = _farthest(case)

    def words(tongue: UiLanguage) -> LocalizedText:
        lines = [
            *wording.reasons(assessed, tongue, but=() if found is None else _FORECAST),
            *wording.facts_of_posts(case.activity.posts(), tongue, zone=staff.zone),
            *([] if found is None else [wording.fact_of_forecast(found, tongue, of=counted)]),
            *wording.evidence(posts, tongue),
        ]
        title = wording.title(
            tongue,
            brand=name,
            headline=headline(case, tongue),
            authors=len({post.author for post in posts}),
        )
        return LocalizedText(language=tongue, title=title, body="\n".join(lines))

    said = words(staff.language)
    return PendingAlert(
        case=case,
        severity=assessed.severity,
        title=said.title,
        body=said.body,
        wordings=in_each(words),
        at=at,
        channel=_only(list(case.activity.channels)),
        category=category(case) or None,
    )


def incident(case: TrackedIncident, language: UiLanguage) -> Incident:
    """What is kept of a case; where its posts are too old to be remembered, what was kept."""
    activity = case.activity
    found, counted = _farthest(case)
    assessed = case.assessment
    if case.record is not None and not activity.count:
        return replace(case.record, state="resolved" if case.over else "open")
    return Incident(
        id="",
        key=case.key,
        brand=case.brand,
        title=headline(case, language),
        category=category(case) or "other",
        severity=_severity(case),
        state="resolved" if case.over else "open",
        first_at=moment(begun(case)),
        last_at=moment(activity.last),
        mentions=activity.count,
        authors=len(activity.authors),
        channels=tuple(name for name, _ in activity.channels.most_common(_CHANNELS)),
        forecast=None if found is None else round(found.final, 1),
        low=None if found is None else round(found.low, 1),
        high=None if found is None else round(found.high, 1),
        forecast_of=counted,
        reasons=() if assessed is None else tuple(wording.reasons(assessed, language)),
        wordings=in_each(
            lambda one: LocalizedText(
                language=one,
                title=_own_title(case, one),
                body="" if assessed is None else "\n".join(wording.reasons(assessed, one)),
            )
        ),
    )


def _farthest(case: TrackedIncident) -> tuple[Forecast | None, ForecastUnit]:
    """The forecast that goes farther, and what it counts."""
    whole, one = case.forecast, case.reach
    if one is not None and (whole is None or one.final > whole.final):
        return one, "reposts"
    return whole, "posts"


def _severity(case: TrackedIncident) -> Severity:
    """P4 until staff are told, whatever the points: nobody is sure that anything is wrong.

    What staff made a matter of its own is as severe as it looks.
    """
    if case.told is not None:
        return case.told
    if case.record is not None and case.record.state == "open":
        return case.record.severity
    return case.assessment.severity if case.ruled and case.assessment else "P4"


def headline(case: TrackedIncident, language: UiLanguage) -> str:
    """What it is about, in a line."""
    return _own_title(case, language) or wording.headline(case.title)


def _own_title(case: TrackedIncident, language: UiLanguage) -> str:
    """Its title in a language, where that is not the words of a post."""
    found = in_language(case.titles, language)
    return "" if found is None else found.title


def category(case: TrackedIncident) -> str:
    """What most of its bad posts are about; empty where none is known."""
    known = [(name, count) for name, count in case.activity.categories.items() if name and count]
    return max(known, key=lambda one: (one[1], one[0]), default=("", 0))[0]


def _only(names: Sequence[str]) -> str | None:
    return names[0] if len(names) == 1 else None
