"""What a matter means, as a mean of numbers, and how much that speaks for two being one.

Meanings come from ``listeners.judgement.embedding``. Any two complaints about a shop are alike,
and so are any two texts of one language; what is usual in both respects is taken off first. What
is left has nearly the same mean likeness for two posts about one matter whether or not they share
a language.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]

MOST: Final = 8
"""Wordings of a case that are asked about; their mean hardly changes after."""
_SAME: Final = 0.20
"""Mean likeness of two posts about one matter, ..."""
_OTHER: Final = 0.01
"""... and of two about different ones."""
_MATTERS: Final = 0.055
"""How far the mean likeness of two matters lies from these; each pair of posts adds to it ..."""
_POSTS: Final = 0.09
"""... by so much, which becomes less the more of them are known."""
_KNOWN: Final = 50.0
"""What ships counts as so many texts of a brand."""
_TEXTS: Final = 2_000
"""After so many texts of a brand the past is halved."""


@dataclass(kw_only=True, slots=True)
class Meaning:
    """The mean of a few of a case's wordings."""

    count: int = 0
    sum: Vector = field(default_factory=lambda: np.zeros(0, np.float32))
    """Of vectors of length one, from which what is usual was taken off."""

    def add(self, vector: Vector, count: int = 1) -> None:
        """Count one wording, or the sum of several."""
        self.sum = self.sum + vector if self.count else vector
        self.count += count

    def take_over(self, other: "Meaning") -> None:
        """Become what both were together."""
        if other.count:
            self.add(other.sum, other.count)


def same(one: Meaning, other: Meaning) -> float:
    """How much the meanings speak for one and the same matter, as a logarithm of odds.

    Zero where either is unknown.
    """
    pairs = one.count * other.count
    if not pairs:
        return 0.0
    alike = float(one.sum @ other.sum) / pairs
    spread = _MATTERS**2 + _POSTS**2 / pairs
    return (_SAME - _OTHER) / spread * (alike - (_SAME + _OTHER) / 2)


class UsualMeaning:
    """What is usual in each language, and of each brand as far as it is known."""

    def __init__(self, shipped: Mapping[str, Vector]) -> None:
        """``shipped``: the mean of made-up complaints by language."""
        self._shipped = dict(shipped)
        self._sums: dict[tuple[str, str], tuple[Vector, float]] = {}

    def knows(self, language: str) -> bool:
        """True where texts of a language can be compared at all."""
        return language in self._shipped

    def without(self, vector: Vector, *, brand: str, language: str) -> Vector:
        """The vector without what is usual, of length one."""
        rest = vector - self._mean(brand, language)
        return rest / np.float32(max(float(np.linalg.norm(rest)), 1e-6))

    def learn(self, vector: Vector, *, brand: str, language: str) -> None:
        """Count a text of a brand."""
        sum_, count = self._sums.get((brand, language), (np.zeros_like(vector), 0.0))
        sum_, count = sum_ + vector, count + 1
        if count > _TEXTS:
            sum_, count = sum_ / np.float32(2), count / 2
        self._sums[brand, language] = (sum_, count)

    def _mean(self, brand: str, language: str) -> Vector:
        shipped = self._shipped[language]
        if (brand, language) not in self._sums:
            return shipped
        sum_, count = self._sums[brand, language]
        return (shipped * np.float32(_KNOWN) + sum_) / np.float32(_KNOWN + count)


@cache
def shipped_usual() -> Mapping[str, Vector]:
    """What ships; a text in both languages lies between them."""
    path = resources.files("listeners.spread") / "models" / "meaning.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
        zh, en = data["zh"].astype(np.float32), data["en"].astype(np.float32)
    return {"zh": zh, "en": en, "mixed": (zh + en) / np.float32(2)}
