"""Finds the incident that a text is about though it uses other words, by weighted shared words.

A word weighs by how few incidents it occurs in (inverse document frequency, with incidents as
documents), so that the brand's name and everyday words weigh nothing and a place or a product
weighs much. A text belongs to the incident whose usual words it shares most; two incidents that one
text ties together strongly are the same.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from listeners.spread.grouping.vocabulary import SalientWords

JOIN: Final = 1.5
"""Shared weight from which a text belongs to an incident."""
TIE: Final = 2.5
"""Weight shared with each of two incidents from which they are the same."""
SHARED: Final = 2
"""Least number of different words shared."""
MAX_INCIDENTS_PER_WORD: Final = 200
"""A word in more open incidents than this is ignored."""
MAX_PROFILE_WORDS: Final = 300
"""Words kept per incident."""
MAX_PAST_INCIDENTS: Final = 4000
"""The counts of past incidents are halved when they reach this number."""


@dataclass(kw_only=True, slots=True)
class _WordProfile:
    words: Counter[str] = field(default_factory=Counter)
    """Number of texts of the incident that have each word."""
    texts: int = 0
    at: float = 0.0


class IncidentWordIndex:
    """Word profiles of open incidents, and document frequencies over past ones."""

    def __init__(self) -> None:
        self._open: dict[str, _WordProfile] = {}
        self._incidents_by_word: dict[str, set[str]] = {}
        self._past: Counter[str] = Counter()
        self._past_incidents = 0.0

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, incident: str) -> bool:
        return incident in self._open

    def incidents(self) -> set[str]:
        """All open incidents."""
        return set(self._open)

    def scores(self, text: SalientWords) -> list[tuple[float, str]]:
        """Open incidents that share enough with a text, with the shared weight, best first."""
        total = len(self._open) + self._past_incidents
        sums: dict[str, float] = {}
        shared: Counter[str] = Counter()
        for word, form in text.words.items():
            where = self._incidents_by_word.get(word)
            if not where or len(where) > MAX_INCIDENTS_PER_WORD:
                continue
            weight = form * math.log((total + 3) / (len(where) + self._past[word] + 0.5))
            if weight <= 0:
                continue
            for incident in where:
                profile = self._open[incident]
                usual = profile.words[word] / (profile.texts + 1)
                sums[incident] = sums.get(incident, 0.0) + weight * usual
                shared[incident] += 1
        found = [
            (sum_ / text.length, incident)
            for incident, sum_ in sums.items()
            if sum_ >= JOIN * text.length and shared[incident] >= SHARED
        ]
        return sorted(found, key=lambda pair: (-pair[0], pair[1]))

    def add(self, incident: str, words: Iterable[str], at: float) -> None:
        """Count a text of an incident, which is opened if it is new."""
        profile = self._open.setdefault(incident, _WordProfile())
        profile.texts += 1
        profile.at = max(profile.at, at)
        for word in words:
            profile.words[word] += 1
            self._incidents_by_word.setdefault(word, set()).add(incident)
        if len(profile.words) > MAX_PROFILE_WORDS * 2:
            self._trim(incident, profile)

    def merge(self, kept: str, gone: str) -> None:
        """Add the profile of ``gone``, if it is open, to that of ``kept``."""
        profile = self._open.pop(gone, None)
        if profile is None:
            return
        into = self._open.setdefault(kept, _WordProfile())
        into.texts += profile.texts
        into.at = max(into.at, profile.at)
        into.words.update(profile.words)
        for word in profile.words:
            self._remove(word, gone)
            self._incidents_by_word.setdefault(word, set()).add(kept)
        if len(into.words) > MAX_PROFILE_WORDS * 2:
            self._trim(kept, into)

    def evict(self, before: float) -> None:
        """Close the incidents without a text since ``before``; their words remain counted."""
        for incident in [name for name, one in self._open.items() if one.at < before]:
            profile = self._open.pop(incident)
            self._past_incidents += 1
            for word in profile.words:
                self._remove(word, incident)
                self._past[word] += 1
        if self._past_incidents > MAX_PAST_INCIDENTS:
            self._past_incidents /= 2
            self._past = Counter({w: n // 2 for w, n in self._past.items() if n > 1})

    def _trim(self, incident: str, profile: _WordProfile) -> None:
        keep = Counter(dict(profile.words.most_common(MAX_PROFILE_WORDS)))
        for word in profile.words.keys() - keep.keys():
            self._remove(word, incident)
        profile.words = keep

    def _remove(self, word: str, incident: str) -> None:
        where = self._incidents_by_word.get(word)
        if where is None:
            return
        where.discard(incident)
        if not where:
            del self._incidents_by_word[word]
