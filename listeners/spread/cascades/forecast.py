"""Forecasts how far one post will go from its first minutes.

The features of the self-exciting process and of the early curve (``features.py``) are turned into
the expected growth by boosted trees that were learned from real cascades: a Hawkes process
explains which posts run, but taken alone its forecasts explode for infectious posts and know no
night. Two forests are averaged. One also sees the size, which is the better predictor among sizes
that occurred in training; the other sees the shape alone, and takes over for cascades larger than
any of them. A third forest predicts the error, from which the 80 % interval follows.
``benchmarks/train_cascade.py`` makes the model file.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

from listeners.spread.cascades.conformal import ForecastCalibration
from listeners.spread.cascades.features import MEMORY_EXPONENT, SIZED, Cascade, describe
from listeners.spread.cascades.trees import Floats, Forest, from_arrays

HORIZON: Final = 604_800.0
"""Seconds after which a cascade counts as ended: the model forecasts the size after a week."""

MIN_REPOSTS: Final = 10
"""Below this the forecast reflects the training data, whose posts all spread, not the post."""

GROWTH_MEMORY: Final = 1200.0
"""Seconds; growth over time is taken as that of a kernel with this memory."""
SLACK: Final = 1.5
"""Some posts grow early and some late: for a horizon before ``HORIZON`` the lower bound takes this
power of the share of growth, the upper one its root. Both were chosen on the first three quarters
of the cascades in ``benchmarks/train_cascade.py``, where they cover four in five."""

STEADY: Final = 1.5
"""A large cascade that has not slowed down can go further than the training data tell, which hold
few of them: its upper half-width grows by this multiple of the share of its reposts that came in
the later half of the time. Chosen on the first three quarters of the cascades."""
_LARGE: Final = 100.0
"""Forecast from which that holds, in full at ten times as many."""

CHANNEL_CODES: Final = (1.0, 0.0, math.nan)
"""Channels with intervals of their own, by the last feature: Weibo, X, and any other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """The expected size of a cascade, seen ``observe`` seconds after the post."""

    observe: float
    observed: int
    """Reposts so far."""
    final: float
    """Expected reposts at the horizon."""
    low: float
    """Lower bound of the 80 % interval."""
    high: float
    """Upper bound; both are whole numbers, as sizes are, unless the forecast itself is nearer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Anchor:
    """The model for one observation time."""

    seconds: float
    sized: Forest
    shape: Forest
    error: Forest
    """Logarithm of the expected absolute error of the logarithm of the size."""
    largest: float
    """Logarithm of the size above which only the shape is used."""
    bounds: tuple[tuple[float, float], ...]
    """About the 10 % and 90 % quantiles of error, in units of the expected error, by channel."""

    def predict(self, rows: Floats) -> tuple[Floats, Floats]:
        """Logarithm of the growth factor, and its expected error; one of each per row."""
        growth = blend(self.sized, self.shape, self.largest, rows)
        return growth, np.exp(self.error.predict(rows))


def blend(sized: Forest, shape: Forest, largest: float, rows: Floats) -> Floats:
    """The mean of both forests, fading to the shape alone above ``largest``."""
    alone = shape.predict(rows[:, SIZED:])
    trust = np.clip((largest + 0.5 - rows[:, 0]) / 0.5, 0.0, 1.0) / 2
    growth: Floats = alone + trust * (sized.predict(rows) - alone)
    return growth


@dataclass(frozen=True, kw_only=True, slots=True)
class CascadeModel:
    """Anchors by ascending observation time."""

    anchors: tuple[Anchor, ...]


def parse_model(arrays: dict[str, NDArray[np.generic]]) -> CascadeModel:
    """The model from the arrays that the training script wrote."""
    anchors = []
    for name in sorted({key.split("/")[0] for key in arrays}, key=float):
        numbers = arrays[f"{name}/numbers"].astype(np.float64)
        bounds = numbers[1:].reshape(len(CHANNEL_CODES), 2)
        anchors.append(
            Anchor(
                seconds=float(name),
                sized=from_arrays(f"{name}/sized", arrays),
                shape=from_arrays(f"{name}/shape", arrays),
                error=from_arrays(f"{name}/error", arrays),
                largest=float(numbers[0]),
                bounds=tuple((float(low), float(high)) for low, high in bounds),
            )
        )
    return CascadeModel(anchors=tuple(anchors))


@cache
def shipped_model() -> CascadeModel:
    """The model that comes with the code; read once."""
    path = resources.files("listeners.spread") / "models" / "cascade.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return parse_model(dict(arrays.items()))


def forecast(
    cascade: Cascade,
    observe: float,
    *,
    model: CascadeModel,
    calibration: ForecastCalibration | None = None,
    horizon: float = HORIZON,
) -> Forecast:
    """The expected size at ``horizon`` from the events up to ``observe`` (> 0 seconds).

    ``calibration`` shifts the forecast and scales its interval. The forecast supposes that the post
    spreads at all: every cascade of the training data did, so it is too high for a post without
    reposts.
    """
    seen = int(np.searchsorted(cascade.events, observe, "right"))
    observed = round(seen * cascade.weight)
    if observe >= horizon:
        return Forecast(
            observe=observe, observed=observed, final=observed, low=observed, high=observed
        )
    row = describe(cascade, observe)[None, :]
    growth, down, up = 0.0, 0.0, 0.0
    calibration = calibration or ForecastCalibration()
    for anchor, share in _nearest(model.anchors, observe):
        factor, error = anchor.predict(row)
        low, high = anchor.bounds[channel_index(float(row[0, -1]))]
        growth += share * (float(factor[0]) + calibration.bias)
        down += share * float(error[0]) * low
        up += share * float(error[0]) * high
    start = observed + 1
    large = _largeness(start * math.exp(min(growth, 20.0)))
    up *= 1 + STEADY * _late_share(cascade, observe, seen) * large
    part = _growth_share(observe, horizon)
    sizes = [
        observed + max(0.0, start * math.exp(min(exponent, 20.0)) - observed) * part**power
        for exponent, power in (
            (growth + down * calibration.below, SLACK),
            (growth, 1.0),
            (growth + up * calibration.above, 1 / SLACK),
        )
    ]
    low, middle, high = sizes
    return Forecast(
        observe=observe,
        observed=observed,
        final=middle,
        low=min(math.floor(low), middle),
        high=max(math.ceil(high), middle),
    )


def _late_share(cascade: Cascade, observe: float, seen: int) -> float:
    """Share of the reposts so far that came in the later half of the time."""
    early = int(np.searchsorted(cascade.events, observe / 2, "right"))
    return (seen - early) / seen if seen else 0.0


def _largeness(size: float) -> float:
    """0 for a small forecast size to 1 for a large one."""
    return min(max(math.log10(max(size, 1.0) / _LARGE), 0.0), 1.0)


def channel_index(code: float) -> int:
    """The place in ``CHANNEL_CODES`` of a channel feature."""
    return len(CHANNEL_CODES) - 1 if math.isnan(code) else CHANNEL_CODES.index(code)


def _nearest(anchors: Sequence[Anchor], observe: float) -> list[tuple[Anchor, float]]:
    """The anchors around a time, each with its weight.

    Beyond the last anchor growth fades out with the logarithm of the remaining time.
    """
    if observe <= anchors[0].seconds:
        return [(anchors[0], 1.0)]
    for before, after in itertools.pairwise(anchors):
        if observe < after.seconds:
            share = math.log(observe / before.seconds) / math.log(after.seconds / before.seconds)
            return [(before, 1 - share), (after, share)]
    last = anchors[-1]
    left = math.log(HORIZON / min(observe, HORIZON)) / math.log(HORIZON / last.seconds)
    return [(last, left)]


def _growth_share(observe: float, horizon: float) -> float:
    """Share of the growth from ``observe`` to ``HORIZON`` that happens before ``horizon``."""
    if horizon == HORIZON:
        return 1.0
    now, then, week = (_grown(second) for second in (observe, horizon, max(HORIZON, observe * 2)))
    return (then - now) / (week - now)


def _grown(second: float) -> float:
    share: float = 1 - (1 + second / GROWTH_MEMORY) ** -MEMORY_EXPONENT
    return share
