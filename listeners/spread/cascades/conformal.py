"""Keeps the coverage of forecast intervals while the world drifts: adaptive conformal inference.

A learned 80 % interval holds 80 % only as long as posts behave as in the training data. Adaptive
conformal inference (Gibbs and Candès, "Adaptive Conformal Inference Under Distribution Shift",
NeurIPS 2021) corrects it from outcomes alone, without assumptions about their distribution: each
outcome outside a side of the interval widens that side, each outcome inside narrows it, in steps
whose ratio is (1 - α) : α. Only if a share α of outcomes falls outside do the steps cancel out, so
in the long run it does. Here each side has α = 0.1 of its own, and the steps are taken in the
logarithm of a factor on the half-width: nine small steps out for a miss, one in otherwise.

The point forecast is corrected, too: its logarithm moves by small steps towards where recent
outcomes were, along the gradient of Welsch's loss, with which the model was trained; outcomes far
from the forecast do not pull (Holland and Welsch 1977).
"""

import math
from dataclasses import dataclass
from typing import Final

STEP: Final = 0.02
MISS_RATE: Final = 0.1
"""α of either side."""
MAX_SCALE: Final = 4.0
"""Neither side is scaled by more than this, or by less than its inverse."""
BIAS_STEP: Final = 0.01
WELSCH_WIDTH: Final = 0.4
"""Relative errors far beyond this do not move the bias."""
MAX_BIAS: Final = 0.3
"""Largest shift of the forecast's logarithm, in either direction."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ForecastCalibration:
    """The correction learned from earlier forecasts."""

    below: float = 1.0
    """Factor on the lower half-width of the interval."""
    above: float = 1.0
    """Factor on the upper half-width."""
    bias: float = 0.0
    """Added to the logarithm of the forecast."""


def recalibrate(
    calibration: ForecastCalibration, *, forecast: float, low: float, high: float, final: float
) -> ForecastCalibration:
    """The calibration after the outcome of a forecast is known; all are sizes (>= 0).

    ``low`` and ``high`` are the interval that was given with the forecast, ``final`` the outcome.
    """
    return ForecastCalibration(
        below=_rescaled(calibration.below, missed=final < low),
        above=_rescaled(calibration.above, missed=final > high),
        bias=_shifted(calibration.bias, forecast=forecast, final=final),
    )


def _rescaled(scale: float, *, missed: bool) -> float:
    moved = scale * math.exp(STEP * (1 - MISS_RATE if missed else -MISS_RATE))
    return min(max(moved, 1 / MAX_SCALE), MAX_SCALE)


def _shifted(bias: float, *, forecast: float, final: float) -> float:
    """A step down the gradient of Welsch's loss of the relative error."""
    ratio = (forecast + 1) / (final + 1)
    miss = ratio - 1
    slope = miss * ratio * math.exp(-(miss**2) / (2 * WELSCH_WIDTH**2)) / WELSCH_WIDTH
    return min(max(bias - BIAS_STEP * slope, -MAX_BIAS), MAX_BIAS)
