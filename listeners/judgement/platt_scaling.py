"""Platt scaling: calibrates a probability by a linear function of its log-odds (Platt 1999)."""

import math
from dataclasses import dataclass
from typing import Final

_EPSILON: Final = 1e-6
_MAX_LOG_ODDS: Final = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class PlattScaling:
    """The linear function."""

    slope: float
    offset: float

    def __call__(self, probability: float) -> float:
        """The calibrated probability."""
        score = self.slope * log_odds(probability) + self.offset
        return 1 / (1 + math.exp(-max(-_MAX_LOG_ODDS, min(_MAX_LOG_ODDS, score))))


def log_odds(probability: float) -> float:
    """Log-odds of a probability, finite for 0 and 1 as well."""
    near = min(max(probability, _EPSILON), 1 - _EPSILON)
    return math.log(near / (1 - near))
