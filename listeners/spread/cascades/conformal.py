"""A forecast that keeps its promise while the world drifts.

The interval: adaptive conformal inference (Gibbs and Candès 2021), one side at a time and in
logarithms: each truth that falls outside pushes that side out by nine steps, each inside pulls it
in by one, so that in the long run one in ten lies beyond either side. The forecast itself leans,
in small steps, to where the recent truths were, by the loss that the model was trained with: truths
far from what was said do not pull.
"""

import math
from dataclasses import dataclass
from typing import Final

STEP: Final = 0.02
MISSED: Final = 0.1
MAX_SCALE: Final = 4.0
"""No side is ever scaled by more than this, or less than its inverse."""
LEAN_STEP: Final = 0.01
LEAN_WIDTH: Final = 0.4
"""Relative misses far beyond this say nothing of the forecast's lean."""
MAX_BIAS: Final = 0.3
"""The forecast's logarithm is never moved by more than this."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """What was learned from earlier forecasts."""

    below: float = 1.0
    """By how much the lower half of an interval is scaled ..."""
    above: float = 1.0
    """... and the upper half."""
    lean: float = 0.0
    """What is added to the logarithm of the forecast."""


def recalibrate(
    band: Calibration, *, forecast: float, low: float, high: float, final: float
) -> Calibration:
    """The band after the truth about a ``forecast`` and its interval is known (sizes, >= 0)."""
    return Calibration(
        below=_moved(band.below, missed=final < low),
        above=_moved(band.above, missed=final > high),
        lean=_leaned(band.lean, forecast=forecast, final=final),
    )


def _moved(scale: float, *, missed: bool) -> float:
    moved = scale * math.exp(STEP * (1 - MISSED if missed else -MISSED))
    return min(max(moved, 1 / MAX_SCALE), MAX_SCALE)


def _leaned(lean: float, *, forecast: float, final: float) -> float:
    """A step against the slope of Welsch's loss of the relative error."""
    ratio = (forecast + 1) / (final + 1)
    miss = ratio - 1
    slope = miss * ratio * math.exp(-(miss**2) / (2 * LEAN_WIDTH**2)) / LEAN_WIDTH
    return min(max(lean - LEAN_STEP * slope, -MAX_BIAS), MAX_BIAS)
