"""How far one post will go, from its first minutes.

The self-exciting process (SEISMIC, Zhao et al. 2015) gives the figures that matter: how infectious
the post is and how much excitement is still to come. Trees learned from real cascades turn these,
and the shape of the early curve, into the expected growth. One set of trees also sees the size;
the other sees shape alone and takes over where a cascade is larger than any that was learned from.
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

from listeners.spread.cascades.conformal import Calibration
from listeners.spread.cascades.day_cycle import Floats
from listeners.spread.cascades.features import MEMORY_EXPONENT, SIZED, Cascade, describe
from listeners.spread.cascades.trees import Forest, from_arrays

HORIZON: Final = 604_800.0
"""Seconds after which a cascade counts as ended: the model forecasts the size after a week."""

GROWTH_MEMORY: Final = 1200.0
"""Whole cascades grow as one excited by the post alone whose memory were flat for 20 minutes."""
SLACK: Final = 1.5
"""Some posts grow early and some late: of a horizon before ``HORIZON`` the lower bound takes this
power of the share of growth, the upper one its root. Both were chosen on the first three quarters
of the cascades in ``benchmarks/train_cascade.py``, where they hold four in five."""

CHANNEL_CODES: Final = (1.0, 0.0, math.nan)
"""Whose intervals are told apart, by the last feature: Weibo, X, and whatever is neither."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """What is expected of one post, seen ``observe`` seconds after it."""

    observe: float
    observed: int
    """Reposts so far."""
    final: float
    """Expected reposts at the horizon."""
    low: float
    """Four times in five the truth lies from here ..."""
    high: float
    """... to here; both whole numbers, as sizes are, unless the forecast itself is nearer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Anchor:
    """What was learned for one observation time."""

    seconds: float
    sized: Forest
    shape: Forest
    error: Forest
    """Logarithm of the expected absolute error of the logarithm of the size."""
    largest: float
    """Logarithm of the size above which only the shape is believed."""
    bounds: tuple[tuple[float, float], ...]
    """About the 10 % and 90 % quantiles of error in units of the expected error, by HABITS."""

    def predict(self, rows: Floats) -> tuple[Floats, Floats]:
        """Logarithms of the growth factor and its expected error, one a row."""
        growth = blend(self.sized, self.shape, self.largest, rows)
        return growth, np.exp(self.error.predict(rows))


def blend(sized: Forest, shape: Forest, largest: float, rows: Floats) -> Floats:
    """The mean of both forests, going over to the shape alone above ``largest``."""
    alone = shape.predict(rows[:, SIZED:])
    trust = np.clip((largest + 0.5 - rows[:, 0]) / 0.5, 0.0, 1.0) / 2
    growth: Floats = alone + trust * (sized.predict(rows) - alone)
    return growth


@dataclass(frozen=True, kw_only=True, slots=True)
class CascadeModel:
    """All anchors, by ascending time."""

    anchors: tuple[Anchor, ...]


def parse_model(arrays: dict[str, NDArray[np.generic]]) -> CascadeModel:
    """The model that the training script wrote."""
    anchors = []
    for name in sorted({key.split("/")[0] for key in arrays}, key=float):
        numbers = arrays[f"{name}/numbers"].astype(np.float64)
        anchors.append(
            Anchor(
                seconds=float(name),
                sized=from_arrays(f"{name}/sized", arrays),
                shape=from_arrays(f"{name}/shape", arrays),
                error=from_arrays(f"{name}/error", arrays),
                largest=float(numbers[0]),
                bounds=tuple(
                    (float(low), float(high))
                    for low, high in numbers[1:].reshape(len(CHANNEL_CODES), 2)
                ),
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
    band: Calibration | None = None,
    horizon: float = HORIZON,
) -> Forecast:
    """The size at ``horizon`` as expected from what had happened by ``observe`` (> 0 seconds).

    Events after ``observe`` are not looked at. ``band`` is what was learned from earlier forecasts:
    it moves the forecast, and widens or narrows its interval. The forecast supposes that the post
    is spreading at all: every cascade that was learned from did, so of a post without reposts it
    says too much.
    """
    seen = int(np.searchsorted(cascade.events, observe, "right"))
    observed = round(seen * cascade.weight)
    if observe >= horizon:
        return Forecast(
            observe=observe, observed=observed, final=observed, low=observed, high=observed
        )
    row = describe(cascade, observe)[None, :]
    growth, down, up = 0.0, 0.0, 0.0
    band = band or Calibration()
    for anchor, share in _nearest(model.anchors, observe):
        factor, error = anchor.predict(row)
        low, high = anchor.bounds[channel_index(float(row[0, -1]))]
        growth += share * (float(factor[0]) + band.lean)
        down += share * float(error[0]) * low
        up += share * float(error[0]) * high
    start = observed + 1
    part = _part(observe, horizon)
    sizes = [
        observed + max(0.0, start * math.exp(min(exponent, 20.0)) - observed) * part**power
        for exponent, power in (
            (growth + down * band.below, SLACK),
            (growth, 1.0),
            (growth + up * band.above, 1 / SLACK),
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


def channel_index(channel: float) -> int:
    """The place in HABITS of what the last feature says."""
    return len(CHANNEL_CODES) - 1 if math.isnan(channel) else CHANNEL_CODES.index(channel)


def _nearest(anchors: Sequence[Anchor], observe: float) -> list[tuple[Anchor, float]]:
    """The anchors around a time with their shares.

    Beyond the last anchor growth fades out with the (logarithmic) time that is left.
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


def _part(observe: float, horizon: float) -> float:
    """How much of the growth until ``HORIZON`` happens until ``horizon``."""
    if horizon == HORIZON:
        return 1.0
    now, then, week = (_come(second) for second in (observe, horizon, max(HORIZON, observe * 2)))
    return (then - now) / (week - now)


def _come(second: float) -> float:
    share: float = 1 - (1 + second / GROWTH_MEMORY) ** -MEMORY_EXPONENT
    return share
