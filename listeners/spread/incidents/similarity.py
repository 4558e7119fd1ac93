"""What speaks for posts, or a whole case, being part of another case; all in logarithms of odds.

Words are compared by ``aboutness``, meanings by ``meaning``; how much is said about a case speaks
for it as well.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from listeners.spread.activity import HOUR, BrandPost
from listeners.spread.grouping.meaning import log_odds_same
from listeners.spread.grouping.relevance import BackgroundLanguage, surge
from listeners.spread.incidents.incident import TrackedIncident

RELATED: Final = 2.0
"""From this sum of meaning and surge on two cases are one, where there are no others; ..."""
BOTH_TOLD: Final = 3.0
"""... it takes so much more where staff were told of both."""
_APART: Final = 6 * HOUR
"""Cases that were quiet for longer between them are two."""
_EVERYDAY: Final = 24 * HOUR
"""What was said for longer without an alarm is no event, and nothing is part of it by meaning."""
_CROWD: Final = 5.0
_POSTS: Final = 20
"""Posts of a case that are looked at closely."""
_CASES: Final = 5
"""Cases that are looked at closely."""


def surge_of(case: TrackedIncident, post: BrandPost, usual: BackgroundLanguage) -> float:
    """How much of the post's category is bad because of the case, against what is usual."""
    same_category = sum(
        one.bad and one.category == post.category
        for one in case.activity.within(HOUR, max(post.at, case.activity.last))
    )
    return surge(same_category, usual.bad_an_hour(post.category, post.at))


def coincidence(
    case: TrackedIncident,
    other: TrackedIncident,
    usual: BackgroundLanguage,
    words: Callable[[str], frozenset[str]],
) -> float:
    """How much speaks for ``other``, which alarms as well, being about ``case``.

    ``words`` are those of a text that are compared.
    """
    scores = [_coincides(case, post, words(post.text), usual) for post in _bad(other)]
    return _middle(scores) + log_odds_same(case.meaning, other.meaning)


def partner(
    case: TrackedIncident, others: Iterable[TrackedIncident], usual: BackgroundLanguage
) -> tuple[TrackedIncident, TrackedIncident] | None:
    """The two cases, ``case`` and one of the others, that are one: what goes on, and its part.

    ``others`` may be of other brands. The more there are, the more it takes: some are alike by
    chance. What staff ruled on is never made a part of something else.
    """
    near = [
        (log_odds_same(case.meaning, other.meaning), other)
        for other in others
        if other is not case
        and other.brand == case.brand
        and abs(other.activity.last - case.activity.last) <= _APART
        and not _is_everyday(other)
    ]
    if _is_everyday(case):
        return None
    near.sort(key=lambda one: -one[0])
    best, most = None, 0.0
    for meant, other in near[:_CASES]:
        kept, gone = sorted((case, other), key=_rank)
        if gone.ruled:
            continue
        needed = RELATED + math.log(len(near)) + BOTH_TOLD * _are_told(kept, gone)
        around = _middle([surge_of(kept, post, usual) for post in _bad(gone)])
        spare = meant + around - needed
        if spare >= most:
            best, most = (kept, gone), spare
    return best


def _coincides(
    case: TrackedIncident, post: BrandPost, words: frozenset[str], usual: BackgroundLanguage
) -> float:
    """As ``coincidence``, for one post, without meaning.

    Where words cannot be compared, how many people talk about ``case`` speaks for it too.
    """
    more = surge_of(case, post, usual)
    if not case.profile.comparable(words):
        lately = case.activity.within(HOUR, max(post.at, case.activity.last))
        more = max(more, math.log(max(1, len({one.author for one in lately})) / _CROWD))
    return case.profile.likeness(words, usual) + more


def _is_everyday(case: TrackedIncident) -> bool:
    return case.told is None and case.activity.last - case.activity.first > _EVERYDAY


def _are_told(one: TrackedIncident, other: TrackedIncident) -> bool:
    return one.told is not None and other.told is not None


def _rank(case: TrackedIncident) -> tuple[bool, bool, bool, int, float, str]:
    """The lowest one goes on."""
    return (
        not case.ruled,
        case.told is None,
        case.record is None,
        -len(case.activity.authors),
        case.activity.first,
        case.key,
    )


def _bad(case: TrackedIncident) -> list[BrandPost]:
    return [post for post in case.activity.posts() if post.bad][-_POSTS:]


def _middle(scores: Sequence[float]) -> float:
    """The upper median; minus infinity of none."""
    return sorted(scores)[len(scores) // 2] if scores else -math.inf
