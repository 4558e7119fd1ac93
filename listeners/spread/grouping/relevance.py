"""Whether an adverse post is about a known incident although its text is not a copy.

Two pieces of evidence are added, both as logarithms of odds (naive Bayes). The first compares two
language models: how much more often the post's words occur in the incident than in everything else
that is said of the brand. The second is a surge: how many more adverse posts of the post's category
there are at the moment because of the incident than is usual; it also counts for posts in another
language, which share no words.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

USUAL_FILE: Final = Path(__file__).parents[1] / "models" / "usual_words.npz"

RELATED: Final = 5.0
"""A post is about an incident from this sum on, if many wordings of the incident are known; with
few it takes more, since any two posts have some words in common."""
FEW_WORDINGS: Final = 5.0
"""Divided by the number of known wordings and added to ``RELATED``."""
RARE: Final = 0.02
"""Words in a smaller share of texts than this are used to look incidents up."""

_LONG: Final = 25.0
"""A text with more words must share proportionally more."""
_OVERLAP: Final = 2.0
"""Neighbouring pairs of characters overlap, so each counts only half."""
_MAX_WORDS: Final = 40_000
"""Words kept per brand; at twice as many the rare ones are dropped."""
_MAX_TEXTS: Final = 20_000.0
"""The counts of a brand are halved when they reach this many texts."""
_MAX_WORDINGS: Final = 2_000
_COMPARABLE: Final = 0.1
_TYPICAL: Final = 20
"""Wordings by which it is said how alike they are."""
_DECAY_SECONDS: Final = 3 * 86_400.0
"""Half-life of the counts of adverse posts."""
_HOUR: Final = 3600.0
_PRIOR_TEXTS: Final = 200.0
"""Texts of a brand's own that weigh as much as what is known of posts in general."""
_UNKNOWN: Final = 0.0025
"""Share taken for a word of which nothing is known in general."""
_PAST: Final = 12 * _HOUR
"""Least time that counts of adverse posts are spread over: a brand that is watched since an hour
ago did not begin to be talked of then, and a crisis in that hour is not its usual."""


@cache
def usual_words() -> Mapping[str, float]:
    """Share of posts in general that have a word (``benchmarks/train_background.py``)."""
    with np.load(USUAL_FILE, allow_pickle=False) as arrays:
        words = arrays["words"].tobytes().decode().split("\n")
        return dict(zip(words, arrays["shares"].astype(float).tolist(), strict=True))


class BackgroundLanguage:
    """The usual posts about one brand: word frequencies, and adverse posts by category."""

    def __init__(self) -> None:
        self._words: Counter[str] = Counter()
        self._texts = 0.0
        self._adverse: dict[str, tuple[float, float]] = {}
        """By category: a decaying count, and the time it was last updated."""
        self._since = math.inf

    def learn(self, words: Iterable[str], *, category: str, adverse: bool, at: float) -> None:
        """Count a text written at ``at``, in seconds since 1970."""
        self._words.update(words)
        self._texts += 1
        self._since = min(self._since, at)
        if adverse:
            self._adverse[category] = (self._decayed(category, at) + 1, at)
        if self._texts > _MAX_TEXTS or len(self._words) > 2 * _MAX_WORDS:
            self._texts /= 2
            kept = self._words.most_common(_MAX_WORDS)
            self._words = Counter({word: count // 2 for word, count in kept if count > 1})

    def share(self, word: str) -> float:
        """Share of the texts that have a word, drawn towards that of posts in general."""
        prior = usual_words().get(word, _UNKNOWN) * _PRIOR_TEXTS
        return (self._words[word] + prior) / (self._texts + _PRIOR_TEXTS)

    def adverse_per_hour(self, category: str, now: float) -> float:
        """Mean number of adverse posts of a category in an hour."""
        age = max(now - self._since, _PAST) if self._since < math.inf else _PAST
        full = _DECAY_SECONDS / math.log(2)
        return self._decayed(category, now) * _HOUR / (full * -math.expm1(-age / full))

    def _decayed(self, category: str, at: float) -> float:
        count, then = self._adverse.get(category, (0.0, at))
        return count * math.exp2(-max(0.0, at - then) / _DECAY_SECONDS)


class IncidentWords:
    """The words of one incident; each wording counts once however often it is passed on."""

    def __init__(self) -> None:
        self._words: Counter[str] = Counter()
        self._texts = 0
        self._latin = 0
        """Wordings that are mostly Latin."""
        self._seen: set[frozenset[str]] = set()

    def learn(self, words: frozenset[str]) -> bool:
        """Count a wording; False if it is empty or known, or too many are known."""
        if not words or words in self._seen or len(self._seen) >= _MAX_WORDINGS:
            return False
        self._seen.add(words)
        self._words.update(words)
        self._texts += 1
        self._latin += _is_latin(words)
        return True

    @property
    def texts(self) -> int:
        """Number of wordings."""
        return self._texts

    @property
    def needed(self) -> float:
        """Log-odds from which a post is about this incident."""
        return RELATED + FEW_WORDINGS / max(1, self._texts)

    def comparable(self, words: frozenset[str]) -> bool:
        """True if over a tenth of the wordings is in the script of these words."""
        same = self._latin if _is_latin(words) else self._texts - self._latin
        return same > _COMPARABLE * self._texts

    def wordings(self) -> tuple[frozenset[str], ...]:
        """All wordings."""
        return tuple(self._seen)

    def log_odds(self, words: frozenset[str], background: BackgroundLanguage) -> float:
        """Evidence of a text's words for this incident; zero or more."""
        return self._log_odds(words, background, known=0)

    def typical_log_odds(self, background: BackgroundLanguage) -> float:
        """Median evidence of its own wordings, each against the others; zero for a single one.

        It says how alike the wordings are, so what another wording of it can be asked for.
        """
        some = islice(self._seen, _TYPICAL)
        found = sorted(self._log_odds(words, background, known=1) for words in some)
        return found[len(found) // 2] if len(found) > 1 else 0.0

    def _log_odds(
        self, words: frozenset[str], background: BackgroundLanguage, *, known: int
    ) -> float:
        """``known``: how often the text itself is among the wordings."""
        total = 0.0
        for word in words:
            count = self._words[word] - known
            if count > 0:
                share = background.share(word)
                texts = self._texts + 1 - known
                total += max(0.0, math.log((count + share) / texts / share))
        return total / _OVERLAP / max(1.0, len(words) / _LONG)


def _is_latin(words: frozenset[str]) -> bool:
    return 2 * sum(word.isascii() for word in words) > len(words)


def surge(now: int, usual: float) -> float:
    """Evidence of ``now`` adverse posts of an incident in an hour that usually has ``usual``."""
    return math.log((now + 0.5) / (usual + 0.5))
