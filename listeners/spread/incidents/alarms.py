"""What is known of a case now, and whether staff should hear of it."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from listeners.spread.activity import HOUR, BrandPost, negativity
from listeners.spread.cascades.features import Cascade
from listeners.spread.cascades.forecast import Forecast, forecast, shipped_model
from listeners.spread.incidents.incident import TrackedIncident
from listeners.spread.incidents.severity import (
    FAR_REPOSTS,
    GRAVE,
    HARM_REPORTERS,
    NEGATIVE_SHARE,
    IncidentFacts,
)

MIN_FORECAST_POSTS: Final = 10
"""Under so many posts a forecast says more about what was learned from than about the case."""
RECORD_AUTHORS: Final = 3
"""So many who say that something is wrong make an incident, ..."""
RECORD_WINDOW: Final = 6 * HOUR
"""... within this time."""
_FEW_BEFORE: Final = 0.05
"""So small a part of all posts begins nothing, where an hour lies between it and the rest."""
_GROWN: Final = 1.1
"""A case that has grown by less is not forecast again."""
MEAN_DISCONTENT: Final = 0.65
"""So sure must it be on average that an author says that something is wrong."""
_BELIEVED: Final = 0.5
"""Harm named in a post that is not negative is none: a lost child that was found."""


def lately(case: TrackedIncident) -> tuple[BrandPost, ...]:
    """The posts of its last hour."""
    return case.activity.within(HOUR, case.activity.last)


def known_facts(case: TrackedIncident, *, enough: int) -> IncidentFacts:
    """The facts that severity follows from; ``enough`` authors in an hour make an alarm."""
    posts = lately(case)
    told = {
        (kind, post.author) for post in posts if post.negative >= _BELIEVED for kind in post.risk
    }
    sizes = [one.final for one in (expected(case), case.reach) if one is not None]
    return IncidentFacts(
        authors=len({post.author for post in posts}),
        enough=enough,
        negative=negativity(posts),
        risk=tuple(Counter(kind for kind, _ in told).most_common()),
        forecast=max(sizes, default=None),
        followers=max((post.followers for post in posts), default=0),
        hours=(case.activity.last - begun(case)) / HOUR,
        burst=case.burst,
    )


def begun(case: TrackedIncident) -> float:
    """When the first bad post of what goes on now was written, in seconds since 1970.

    Not what was said long before: a word on the same thing days ago is no beginning of a crisis,
    nor are a few an hour or more before a hundred.
    """
    at = first = case.activity.last
    posts = case.activity.posts()
    for place in range(len(posts) - 1, -1, -1):
        post, older, newer = posts[place], place + 1, len(posts) - place - 1
        few = older <= newer * _FEW_BEFORE
        if at - post.at > (HOUR if few else RECORD_WINDOW):
            break
        at = min(at, post.at)
        first = min(first, post.at) if post.bad else first
    else:
        if case.record is not None and case.activity.count > len(posts):
            return min(first, case.record.first_at.timestamp())
    return first


def alarming(case: TrackedIncident, facts: IncidentFacts, *, loud: float) -> bool:
    """True where staff should hear of it, if it is severe enough.

    ``loud``: how many times as much as usual all else is talked about; the louder that is, the
    more people it takes, as the square root.
    """
    if case.burst or is_grave(facts.risk):
        return True
    if (
        case.reach is not None
        and case.reach.final >= FAR_REPOSTS
        and facts.negative >= NEGATIVE_SHARE
    ):
        return True
    return crowded(lately(case), enough=facts.enough, loud=loud) and case.activity.unusual(
        case.activity.last
    )


def crowded(posts: Sequence[BrandPost], *, enough: int, loud: float) -> bool:
    """True where enough authors say that something is wrong."""
    needed = enough * math.sqrt(loud)
    authors = {post.author for post in posts}
    return len(authors) >= needed and anger(posts) >= MEAN_DISCONTENT * needed


def worth_keeping(case: TrackedIncident) -> bool:
    """True where it becomes an incident, alarm or not."""
    posts = case.activity.within(RECORD_WINDOW, case.activity.last)
    return negativity(posts) >= NEGATIVE_SHARE and crowded(posts, enough=RECORD_AUTHORS, loud=1.0)


def anger(posts: Sequence[BrandPost]) -> float:
    """How many authors are sure to say that something is wrong, each counted by their worst."""
    worst: dict[str, float] = {}
    for post in posts:
        worst[post.author] = max(post.wrong, worst.get(post.author, 0.0))
    return sum(worst.values())


def is_grave(risk: Sequence[tuple[str, int]]) -> bool:
    """True where enough people tell of grave harm."""
    return any(kind in GRAVE and people >= HARM_REPORTERS for kind, people in risk)


def expected(case: TrackedIncident) -> Forecast | None:
    """How far a case goes, its posts taken as one cascade; ``None`` where too little is known."""
    times = case.activity.times()
    if len(times) < MIN_FORECAST_POSTS or max(times) - min(times) < 60:
        return None
    if case.forecast is None or len(times) >= case.forecast_of * _GROWN:
        ordered = np.sort(np.array(times))
        cascade = Cascade(events=ordered - ordered[0])
        case.forecast = forecast(cascade, float(cascade.events[-1]), model=shipped_model())
        case.forecast_of = len(times)
    return case.forecast
