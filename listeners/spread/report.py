"""A case in words: the alert about it, and the incident that is kept of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from core.records import Incident
from listeners.spread import wording
from listeners.spread.case import Case
from listeners.spread.desk import Notice
from listeners.spread.facts import lately
from listeners.spread.ledger import moment
from listeners.spread.severity import Assessment
from listeners.spread.wording import Tongue

_CHANNELS: Final = 10


def notice(case: Case, assessed: Assessment, language: Tongue, *, name: str, at: float) -> Notice:
    """The alert about a case; ``name`` is what staff call the brand, ``at`` in seconds."""
    posts = lately(case)
    found = case.reach or case.forecast
    lines = [
        *wording.reasons(assessed, language),
        *wording.facts_of_posts(case.activity.posts(), language),
        *([] if found is None else [wording.fact_of_forecast(found, language)]),
        *wording.evidence(posts, language),
    ]
    return Notice(
        case=case,
        severity=assessed.severity,
        title=wording.title(
            language, brand=name, headline=headline(case), authors=len({p.author for p in posts})
        ),
        lines=tuple(lines),
        at=at,
        channel=_only(list(case.activity.channels)),
        category=category(case) or None,
    )


def incident(case: Case, language: Tongue) -> Incident:
    """What is kept of a case; where its posts are too old to be remembered, what was kept."""
    activity, found = case.activity, case.reach or case.forecast
    assessed = case.assessment
    if case.record is not None and not activity.count:
        return replace(case.record, state="resolved" if case.over else "open")
    return Incident(
        id="",
        key=case.key,
        brand=case.brand,
        title=headline(case),
        category=category(case) or "other",
        severity=case.told or (assessed.severity if assessed else "P4"),
        state="resolved" if case.over else "open",
        first_at=moment(activity.first),
        last_at=moment(activity.last),
        mentions=activity.count,
        authors=len(activity.authors),
        channels=tuple(name for name, _ in activity.channels.most_common(_CHANNELS)),
        forecast=None if found is None else round(found.final, 1),
        low=None if found is None else round(found.low, 1),
        high=None if found is None else round(found.high, 1),
        reasons=() if assessed is None else tuple(wording.reasons(assessed, language)),
    )


def headline(case: Case) -> str:
    """What it is about, in a line."""
    return wording.headline(case.title)


def category(case: Case) -> str:
    """What most of its bad posts are about; empty where none is known."""
    known = [(name, count) for name, count in case.activity.categories.items() if name and count]
    return max(known, key=lambda one: (one[1], one[0]), default=("", 0))[0]


def _only(names: Sequence[str]) -> str | None:
    return names[0] if len(names) == 1 else None
