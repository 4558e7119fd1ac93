"""Which incident a text is about though it uses other words: profiles of telling words.

A word weighs by how few incidents it occurs in, so that a brand's name and everyday words weigh
nothing and a place or a product weighs much. A text belongs to the incident whose usual words it
shares most; two incidents that one text ties together strongly are one.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from listeners.spread.grouping.words import SalientWords

JOIN: Final = 1.5
"""Shared weight from which a text belongs to an incident."""
TIE: Final = 2.5
"""Shared weight with each of two incidents from which they are one."""
SHARED: Final = 2
"""So many different words must be shared at least."""
WIDEST: Final = 200
"""A word in more open incidents than this tells nothing."""
MAX_PROFILE_WORDS: Final = 300
"""Words kept of one incident."""
MAX_PAST_INCIDENTS: Final = 4000
"""After so many incidents the past is halved."""


@dataclass(kw_only=True, slots=True)
class _WordProfile:
    """What is known of one open incident."""

    words: Counter[str] = field(default_factory=Counter)
    """In how many of its texts each word occurs."""
    texts: int = 0
    at: float = 0.0


class WordIndex:
    """Profiles of open incidents, and how common each word has been."""

    def __init__(self) -> None:
        self._open: dict[str, _WordProfile] = {}
        self._where: dict[str, set[str]] = {}
        self._past: Counter[str] = Counter()
        self._past_incidents = 0.0

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, incident: str) -> bool:
        return incident in self._open

    def incidents(self) -> set[str]:
        """All that are open."""
        return set(self._open)

    def scores(self, text: SalientWords) -> list[tuple[float, str]]:
        """Open incidents that share enough with a text, best first, by shared weight a post."""
        total = len(self._open) + self._past_incidents
        sums: dict[str, float] = {}
        shared: Counter[str] = Counter()
        for word, form in text.words.items():
            where = self._where.get(word)
            if not where or len(where) > WIDEST:
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
            self._where.setdefault(word, set()).add(incident)
        if len(profile.words) > MAX_PROFILE_WORDS * 2:
            self._trim(incident, profile)

    def merge(self, kept: str, gone: str) -> None:
        """Let ``kept`` take over the profile of ``gone``."""
        profile = self._open.pop(gone, None)
        if profile is None:
            return
        into = self._open.setdefault(kept, _WordProfile())
        into.texts += profile.texts
        into.at = max(into.at, profile.at)
        into.words.update(profile.words)
        for word in profile.words:
            self._leave(word, gone)
            self._where.setdefault(word, set()).add(kept)
        if len(into.words) > MAX_PROFILE_WORDS * 2:
            self._trim(kept, into)

    def forget(self, before: float) -> None:
        """Close incidents without a text since ``before``; their words still count as known."""
        for incident in [name for name, one in self._open.items() if one.at < before]:
            profile = self._open.pop(incident)
            self._past_incidents += 1
            for word in profile.words:
                self._leave(word, incident)
                self._past[word] += 1
        if self._past_incidents > MAX_PAST_INCIDENTS:
            self._past_incidents /= 2
            self._past = Counter({w: n // 2 for w, n in self._past.items() if n > 1})

    def _trim(self, incident: str, profile: _WordProfile) -> None:
        keep = Counter(dict(profile.words.most_common(MAX_PROFILE_WORDS)))
        for word in profile.words.keys() - keep.keys():
            self._leave(word, incident)
        profile.words = keep

    def _leave(self, word: str, incident: str) -> None:
        where = self._where.get(word)
        if where is None:
            return
        where.discard(incident)
        if not where:
            del self._where[word]
