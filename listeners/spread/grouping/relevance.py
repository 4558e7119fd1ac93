"""Whether a bad post is about a matter that is known, though nothing of its text is a copy.

Two things are weighed, both as logarithms of odds: how much more often the post's words occur in
the matter than in what else is said of the brand, and how much more of its category is bad at the
moment because of the matter than is usual. The second speaks for posts in another language too.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from listeners.spread.grouping.words import common_words, original_text

RELATED: Final = 5.0
"""From this sum of both on a post is about a matter that has been put in many words; of one that
was put in few it takes more, since any two posts have some words in common."""
FEW_WORDINGS: Final = 5.0
RARE: Final = 0.02
"""Words in fewer texts than this can lead to a matter."""

_LATIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9']{2,}")
_CHINESE: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]{2,}")
_MOST: Final = 200
"""Words looked at in one text."""
_LONG: Final = 25.0
"""A text with more words must share in proportion more."""
_OVERLAP: Final = 2.0
"""Neighbouring pairs of characters say nearly the same."""
_KNOWN: Final = 40_000
"""Words remembered of a brand; beyond twice as many the rare ones are forgotten."""
_TEXTS: Final = 20_000.0
"""After so many texts the past is halved."""
_SEEN: Final = 2_000
_OFTEN: Final = 0.1
_HALF_LIFE: Final = 3 * 86_400.0
_HOUR: Final = 3600.0


def words_of(text: str, names: re.Pattern[str] | None) -> frozenset[str]:
    """Latin words and pairs of Chinese characters, without the brand's own ``names``."""
    said = original_text(text)
    if names is not None:
        said = names.sub(" ", said)
    found = {word.casefold() for word in _LATIN.findall(said)[:_MOST]} - common_words()
    for run in _CHINESE.findall(said):
        found.update(run[place : place + 2] for place in range(len(run) - 1))
        if len(found) >= _MOST:
            break
    return frozenset(found)


class BackgroundLanguage:
    """What is usually said of one brand: its words, and how much bad of each category."""

    def __init__(self) -> None:
        self._words: Counter[str] = Counter()
        self._texts = 0.0
        self._bad: dict[str, tuple[float, float]] = {}
        """By category: a fading count, and when it was brought up to date."""
        self._since = math.inf

    def learn(self, words: Iterable[str], *, category: str, bad: bool, at: float) -> None:
        """Count a text; ``at`` in seconds since 1970."""
        self._words.update(words)
        self._texts += 1
        self._since = min(self._since, at)
        if bad:
            self._bad[category] = (self._faded(category, at) + 1, at)
        if self._texts > _TEXTS or len(self._words) > 2 * _KNOWN:
            self._texts /= 2
            kept = self._words.most_common(_KNOWN)
            self._words = Counter({word: count // 2 for word, count in kept if count > 1})

    def share(self, word: str) -> float:
        """In which share of the texts a word occurs; never zero."""
        return (self._words[word] + 0.5) / (self._texts + 1)

    def bad_an_hour(self, category: str, now: float) -> float:
        """How many bad posts of a category are usual in an hour."""
        age = max(now - self._since, _HOUR) if self._since < math.inf else _HOUR
        full = _HALF_LIFE / math.log(2)
        return self._faded(category, now) * _HOUR / (full * -math.expm1(-age / full))

    def _faded(self, category: str, at: float) -> float:
        count, then = self._bad.get(category, (0.0, at))
        return count * math.exp2(-max(0.0, at - then) / _HALF_LIFE)


class IncidentWords:
    """The words of one matter, each wording counted once however often it is passed on."""

    def __init__(self) -> None:
        self._words: Counter[str] = Counter()
        self._texts = 0
        self._latin = 0
        """How many of the wordings are mostly Latin."""
        self._seen: set[frozenset[str]] = set()

    def learn(self, words: frozenset[str]) -> bool:
        """Count a wording; False where it is not new."""
        if not words or words in self._seen or len(self._seen) >= _SEEN:
            return False
        self._seen.add(words)
        self._words.update(words)
        self._texts += 1
        self._latin += _is_latin(words)
        return True

    @property
    def texts(self) -> int:
        """How many wordings were counted."""
        return self._texts

    def comparable(self, words: frozenset[str]) -> bool:
        """True where the matter was put often enough in the script of these words."""
        same = self._latin if _is_latin(words) else self._texts - self._latin
        return same > _OFTEN * self._texts

    def take_over(self, other: "IncidentWords") -> None:
        """Become what both were together."""
        for words in other.wordings():
            self.learn(words)

    @property
    def needed(self) -> float:
        """How much a post must speak for this matter to be about it."""
        return RELATED + FEW_WORDINGS / max(1, self._texts)

    def wordings(self) -> tuple[frozenset[str], ...]:
        """All that were counted."""
        return tuple(self._seen)

    def likeness(self, words: frozenset[str], usual: BackgroundLanguage) -> float:
        """How much a text's words speak for this matter, as a logarithm of odds."""
        total = 0.0
        for word in words:
            count = self._words[word]
            if count:
                share = usual.share(word)
                total += max(0.0, math.log((count + share) / (self._texts + 1) / share))
        return total / _OVERLAP / max(1.0, len(words) / _LONG)


def _is_latin(words: frozenset[str]) -> bool:
    return 2 * sum(word.isascii() for word in words) > len(words)


def surge(now: int, usual: float) -> float:
    """How much ``now`` bad posts of a matter in an hour, where ``usual`` are, speak for it."""
    return math.log((now + 0.5) / (usual + 0.5))
