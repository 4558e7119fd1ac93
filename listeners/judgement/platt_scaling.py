"""Makes a probability keep its promise: log-odds times a slope plus an offset (Platt 1999)."""

import math
from dataclasses import dataclass
from typing import Final

_EPSILON: Final = 1e-6
_MAX_LOG_ODDS: Final = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class PlattScaling:
    """How log-odds are moved."""

    slope: float
    offset: float

    def __call__(self, probability: float) -> float:
        """The probability after it."""
        score = self.slope * log_odds(probability) + self.offset
        return 1 / (1 + math.exp(-max(-_MAX_LOG_ODDS, min(_MAX_LOG_ODDS, score))))


def log_odds(probability: float) -> float:
    """Of a probability; finite for 0 and 1 as well."""
    near = min(max(probability, _EPSILON), 1 - _EPSILON)
    return math.log(near / (1 - near))
