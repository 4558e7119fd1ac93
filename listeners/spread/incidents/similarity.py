"""Evidence that a post, or a whole incident, is part of another incident, as logarithms of odds.

Three pieces of evidence are added: shared words and a surge of the category (``relevance.py``), and
similar meaning (``meaning.py``).
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from listeners.spread.activity import GRAVE, HOUR, BrandPost
from listeners.spread.grouping.meaning import Vector, log_odds_same
from listeners.spread.grouping.relevance import BackgroundLanguage, surge
from listeners.spread.harm.passed_on import PEOPLE
from listeners.spread.incidents.incident import TrackedIncident

SAME_ALARM: Final = 2.0
"""Log-odds from which a second incident that alarms is part of an alerted one: two crises at a time
are rarer than one crisis in many words."""
SAME_QUARTER: Final = 3.0
"""Subtracted from that if both began within a quarter of an hour and are of one category."""
_QUARTER: Final = 900.0
_REPEATERS: Final = 4
"""Authors a text of an incident that consists of texts which are repeated."""
_OTHER_STORY: Final = 0.27
"""Similarity of two texts (``harm.claims``) under which they are about two incidents: three in four
pairs of posts about the same one have more, four in five about different ones have less
(``benchmarks/spread_incidents.toml``, the incidents for tuning)."""
OTHER_WORDS: Final = 3.0
"""Subtracted if they have no kind of grave harm in common, and share less than ..."""
_LITTLE: Final = 0.5
"""... this multiple of what the wordings of the alerted incident share with each other, ..."""
_ENOUGH_WORDINGS: Final = 4
"""... of which so many are known."""
RELATED: Final = 2.0
"""Log-odds of meaning and surge from which two incidents are the same, if there are no others."""
BOTH_ALERTED: Final = 3.0
"""Added to that if staff were alerted of both."""
_MAX_GAP: Final = 6 * HOUR
"""Incidents with a longer time between their last posts are not compared."""
_EVERYDAY: Final = 24 * HOUR
"""Incidents that last longer without an alert are everyday talk, with which nothing is merged."""
_CROWD: Final = 5.0
_POSTS: Final = 20
"""Latest adverse posts of an incident that are compared."""
_FEW_POSTS: Final = 5
"""Latest adverse posts that are compared where many incidents are."""
_CANDIDATES: Final = 5
"""Incidents of most similar meaning that are compared."""


def best_for_post(
    incidents: Iterable[TrackedIncident],
    post: BrandPost,
    words: frozenset[str],
    *,
    background: BackgroundLanguage,
) -> TrackedIncident | None:
    """The incident that an adverse post with these words is about; ``None`` if it is about none."""
    best, most = None, 0.0
    for incident in incidents:
        if post.at - incident.activity.last > _MAX_GAP:
            continue
        score = incident.words.log_odds(words, background) + _surge_of(incident, post, background)
        if score - incident.words.needed >= most:
            best, most = incident, score - incident.words.needed
    return best


def same_alarm(
    incident: TrackedIncident,
    others: Iterable[TrackedIncident],
    *,
    background: BackgroundLanguage,
    words: Callable[[str], frozenset[str]],
) -> TrackedIncident | None:
    """The alerted incident that this one, which alarms now, is part of; ``None`` if there is none.

    ``words`` gives the content words of a text.
    """
    best, most, began = None, 0.0, incident.began()
    for other in others:
        if other.alerted is None or other is incident or other.brand != incident.brand:
            continue
        if incident.activity.last - other.activity.last > _MAX_GAP:
            continue
        if _repeats(incident, PEOPLE) and is_other_story(other, incident.repeated):
            continue
        said = [(post, words(post.text)) for post in _latest_adverse(incident)]
        scores = [_post_evidence(other, post, one, background) for post, one in said]
        score = _median(scores) + log_odds_same(other.centroid, incident.centroid)
        unlike = _is_of_other_words(other, [one for _, one in said], background)
        if unlike and not _harm_in(incident) & _harm_in(other):
            score -= OTHER_WORDS
        same = other.category() == incident.category()
        together = same and abs(other.began() - began) <= _QUARTER
        spare = score - SAME_ALARM + SAME_QUARTER * together
        if spare >= most:
            best, most = other, spare
    return best


def best_merge(
    incident: TrackedIncident,
    others: Iterable[TrackedIncident],
    *,
    background: BackgroundLanguage,
) -> tuple[TrackedIncident, TrackedIncident] | None:
    """The incident and one of the others that are the same by meaning, as (kept, merged).

    Those of other brands are ignored. The more candidates there are, the more evidence it takes,
    since some are similar by chance. An incident that staff ruled on is never merged into another.
    """
    near = [
        (log_odds_same(incident.centroid, other.centroid), other)
        for other in others
        if other is not incident
        and other.brand == incident.brand
        and abs(other.activity.last - incident.activity.last) <= _MAX_GAP
        and not _is_everyday(other)
    ]
    if _is_everyday(incident):
        return None
    near.sort(key=lambda one: -one[0])
    best, most = None, 0.0
    for meaning, other in near[:_CANDIDATES]:
        kept, gone = sorted((incident, other), key=_rank)
        if gone.staff_ruled:
            continue
        both = kept.alerted is not None and gone.alerted is not None
        needed = RELATED + math.log(len(near)) + BOTH_ALERTED * both
        around = _median([_surge_of(kept, post, background) for post in _latest_adverse(gone)])
        spare = meaning + around - needed
        if spare >= most:
            best, most = (kept, gone), spare
    return best


def best_word_merge(
    incident: TrackedIncident,
    others: Iterable[TrackedIncident],
    *,
    background: BackgroundLanguage,
    words: Callable[[str], frozenset[str]],
) -> tuple[TrackedIncident, TrackedIncident] | None:
    """The incident and one of the others whose posts are about the same, as (kept, merged).

    Incidents that were both alerted, or that staff ruled on, are not merged by words alone.
    """
    best, most = None, 0.0
    for other in others:
        kept, gone = sorted((incident, other), key=_rank)
        if other is incident or gone.alerted is not None or gone.staff_ruled:
            continue
        if abs(other.activity.last - incident.activity.last) > _MAX_GAP:
            continue
        score = _median(
            [
                kept.words.log_odds(words(post.text), background)
                + _surge_of(kept, post, background)
                for post in _latest_adverse(gone)[-_FEW_POSTS:]
            ]
        )
        if score - kept.words.needed >= most:
            best, most = (kept, gone), score - kept.words.needed
    return best


def _surge_of(incident: TrackedIncident, post: BrandPost, background: BackgroundLanguage) -> float:
    """The surge of the post's category that the incident causes."""
    same_category = sum(
        one.adverse and one.category == post.category
        for one in incident.activity.within(HOUR, max(post.at, incident.activity.last))
    )
    return surge(same_category, background.adverse_per_hour(post.category, post.at))


def _post_evidence(
    incident: TrackedIncident,
    post: BrandPost,
    words: frozenset[str],
    background: BackgroundLanguage,
) -> float:
    """Evidence that a post is part of an incident, without meaning.

    If the words cannot be compared, as the incident has hardly been described in that language, the
    number of people who talk about it counts instead.
    """
    more = _surge_of(incident, post, background)
    if not incident.words.comparable(words):
        recent = incident.activity.within(HOUR, max(post.at, incident.activity.last))
        more = max(more, math.log(max(1, len({one.author for one in recent})) / _CROWD))
    return incident.words.log_odds(words, background) + more


def _harm_in(incident: TrackedIncident) -> set[str]:
    """The kinds of grave harm that its adverse posts name."""
    adverse = (post for post in incident.activity.posts() if post.adverse)
    return {kind for post in adverse for kind in post.risk} & GRAVE


def _is_of_other_words(
    incident: TrackedIncident, said: Sequence[frozenset[str]], background: BackgroundLanguage
) -> bool:
    """True if texts share far less with an incident than its own wordings do with each other."""
    if incident.words.texts < _ENOUGH_WORDINGS:
        return False
    comparable = [words for words in said if words and incident.words.comparable(words)]
    if 2 * len(comparable) < len(said):
        return False
    shared = _median([incident.words.log_odds(words, background) for words in comparable])
    return shared < _LITTLE * incident.words.typical_log_odds(background)


def is_other_story(incident: TrackedIncident, texts: Sequence[Vector]) -> bool:
    """True if texts that several people repeat differ in meaning from what an incident repeats.

    Only of incidents that are hardly more than a text that many repeat; an incident in many words
    has about as many wordings as people.
    """
    if not incident.repeated or not texts or not _repeats(incident, _REPEATERS):
        return False
    alike = [float(left @ right) for left in incident.repeated for right in texts]
    return sum(alike) / len(alike) < _OTHER_STORY


def _repeats(incident: TrackedIncident, people: int) -> bool:
    """True if an incident has so many authors a text."""
    return len(incident.activity.authors) >= people * len(incident.groups)


def _is_everyday(incident: TrackedIncident) -> bool:
    activity = incident.activity
    return incident.alerted is None and activity.last - activity.first > _EVERYDAY


def _rank(incident: TrackedIncident) -> tuple[bool, bool, bool, int, float, str]:
    """The lowest one is kept."""
    return (
        not incident.staff_ruled,
        incident.alerted is None,
        incident.record is None,
        -len(incident.activity.authors),
        incident.activity.first,
        incident.key,
    )


def _latest_adverse(incident: TrackedIncident) -> list[BrandPost]:
    return [post for post in incident.activity.posts() if post.adverse][-_POSTS:]


def _median(scores: Sequence[float]) -> float:
    """The upper median; minus infinity for no scores."""
    return sorted(scores)[len(scores) // 2] if scores else -math.inf
