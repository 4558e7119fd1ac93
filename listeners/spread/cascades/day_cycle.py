"""The daily cycle of activity in China, so that an hour of the night counts for less.

The table is the mean share of reposts of Chinese posts in each half hour of the day, from two
hours to three days after the post, over the first three quarters of the cascades that the forecast
is learned from (``benchmarks/train_cascade.py``); 1 is the mean of a day.
"""

from datetime import datetime
from typing import Final

import numpy as np

from listeners.spread.cascades.trees import Floats

DAY: Final = 86_400.0
_UTC_OFFSET: Final = 8 * 3600.0
_BUSY: Final[Floats] = np.array(
    [
        [0.93, 0.80, 0.60, 0.51, 0.66, 0.42, 0.34, 0.29, 0.25, 0.22, 0.27, 0.31],
        [0.47, 0.73, 1.11, 1.32, 1.57, 1.77, 1.84, 1.70, 1.46, 1.33, 1.20, 1.10],
        [1.28, 1.41, 1.39, 1.22, 1.18, 1.07, 1.01, 1.02, 1.03, 1.04, 1.03, 0.98],
        [0.93, 0.92, 0.99, 1.02, 1.02, 1.10, 1.07, 1.12, 1.20, 1.30, 1.31, 1.18],
    ]
).ravel()
_EDGES: Final = np.linspace(0.0, DAY, len(_BUSY) + 1)
_UNTIL: Final = np.concatenate([[0.0], np.cumsum(_BUSY)]) * (DAY / _BUSY.sum())


def beijing_seconds(posted_at: datetime) -> float:
    """Seconds on Beijing's clock since the midnight that began 1970, a Thursday."""
    return posted_at.timestamp() + _UTC_OFFSET


def active_seconds(posted_at: datetime, seconds: Floats) -> Floats:
    """Seconds of an evenly busy day that pass in the first ``seconds`` after an aware time."""
    start = np.array([beijing_seconds(posted_at) % DAY])
    passed: Floats = _since_midnight(start + seconds) - _since_midnight(start)
    return passed


def _since_midnight(seconds: Floats) -> Floats:
    days, rest = np.divmod(seconds, DAY)
    until: Floats = days * DAY + np.interp(rest, _EDGES, _UNTIL)
    return until
