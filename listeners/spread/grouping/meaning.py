"""Compares incidents by the meaning of their posts, across languages.

Meanings are sentence embeddings (``listeners.judgement.embedding``). Any two complaints about a
shop are similar, and so are any two texts of one language: embeddings share a large common
component (Mu and Viswanath, "All-but-the-Top", 2018). So the mean of the language and of the brand
is subtracted first; what is left has nearly the same mean similarity for two posts about one
incident whether or not they share a language.

The similarity of two incidents is the mean over all pairs of their posts. Taken as normally
distributed with the same variance for one incident and for two, the logarithm of odds is linear in
it, and certainty grows with the number of pairs (linear discriminant).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]

MAX_WORDINGS: Final = 8
"""Wordings of an incident that are embedded; their mean hardly changes after."""
_SAME: Final = 0.20
"""Mean similarity of two posts about one incident, ..."""
_OTHER: Final = 0.01
"""... and of two posts about different ones."""
_BETWEEN_INCIDENTS: Final = 0.055
"""Standard deviation of these means from incident to incident; each pair of posts adds to it ..."""
_BETWEEN_POSTS: Final = 0.09
"""... this one, divided by the square root of the number of pairs."""
_PRIOR_TEXTS: Final = 50.0
"""The shipped mean counts as this many texts of a brand."""
_MAX_TEXTS: Final = 2_000
"""The sums of a brand are halved when they reach this many texts."""


@dataclass(kw_only=True, slots=True)
class MeaningCentroid:
    """Sum of the embeddings of a few of an incident's wordings."""

    count: int = 0
    sum: Vector = field(default_factory=lambda: np.zeros(0, np.float32))
    """Of vectors of length one, after the background was subtracted."""

    def add(self, vector: Vector, count: int = 1) -> None:
        """Count one wording, or the sum of several."""
        self.sum = self.sum + vector if self.count else vector
        self.count += count

    def absorb(self, other: "MeaningCentroid") -> None:
        """Add all wordings of another centroid."""
        if other.count:
            self.add(other.sum, other.count)


def log_odds_same(one: MeaningCentroid, other: MeaningCentroid) -> float:
    """Evidence that two centroids are of one incident; zero if either is empty."""
    pairs = one.count * other.count
    if not pairs:
        return 0.0
    similarity = float(one.sum @ other.sum) / pairs
    variance = _BETWEEN_INCIDENTS**2 + _BETWEEN_POSTS**2 / pairs
    return (_SAME - _OTHER) / variance * (similarity - (_SAME + _OTHER) / 2)


class BackgroundMeaning:
    """The mean embedding of each language, and of each brand as far as it is known."""

    def __init__(self, shipped: Mapping[str, Vector]) -> None:
        """``shipped``: mean of made-up complaints by language."""
        self._shipped = dict(shipped)
        self._sums: dict[tuple[str, str], tuple[Vector, float]] = {}

    def supports(self, language: str) -> bool:
        """True if texts of a language can be compared."""
        return language in self._shipped

    def subtract(self, vector: Vector, *, brand: str, language: str) -> Vector:
        """The vector minus the background, of length one. The language must be supported."""
        rest = vector - self._mean(brand, language)
        return rest / np.float32(max(float(np.linalg.norm(rest)), 1e-6))

    def learn(self, vector: Vector, *, brand: str, language: str) -> None:
        """Count a text of a brand."""
        sum_, count = self._sums.get((brand, language), (np.zeros_like(vector), 0.0))
        sum_, count = sum_ + vector, count + 1
        if count > _MAX_TEXTS:
            sum_, count = sum_ / np.float32(2), count / 2
        self._sums[brand, language] = (sum_, count)

    def _mean(self, brand: str, language: str) -> Vector:
        shipped = self._shipped[language]
        if (brand, language) not in self._sums:
            return shipped
        sum_, count = self._sums[brand, language]
        return (shipped * np.float32(_PRIOR_TEXTS) + sum_) / np.float32(_PRIOR_TEXTS + count)


@cache
def shipped_background() -> Mapping[str, Vector]:
    """The mean embeddings that come with the code, for Chinese, English and mixed texts."""
    path = resources.files("listeners.spread") / "models" / "meaning.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
        zh, en = data["zh"].astype(np.float32), data["en"].astype(np.float32)
    return {"zh": zh, "en": en, "mixed": (zh + en) / np.float32(2)}
