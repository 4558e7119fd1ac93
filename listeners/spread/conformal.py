"""An interval that keeps its promise while the world drifts.

Adaptive conformal inference (Gibbs and Candès 2021), one side at a time and in logarithms: each
truth that falls outside pushes that side out by nine steps, each inside pulls it in by one, so
that in the long run one in ten lies beyond either side.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

STEP: Final = 0.02
MISSED: Final = 0.1
LIMIT: Final = 4.0
"""No side is ever scaled by more than this, or less than its inverse."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """By how much the lower and the upper half of an interval are scaled."""

    below: float = 1.0
    above: float = 1.0


def learn(band: Band, *, low: float, high: float, final: float) -> Band:
    """The band after the truth about a forecast of ``low`` to ``high`` is known."""
    return replace(
        band,
        below=_moved(band.below, missed=final < low),
        above=_moved(band.above, missed=final > high),
    )


def _moved(scale: float, *, missed: bool) -> float:
    moved = scale * math.exp(STEP * (1 - MISSED if missed else -MISSED))
    return min(max(moved, 1 / LIMIT), LIMIT)
