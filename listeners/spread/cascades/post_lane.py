"""The post lane: forecasts the reach of one post from its polled figures, and calibrates itself.

Once a post has been polled for two days its reach counts as final. What would have been forecast
after ten minutes, an hour and six hours is then compared with it (``conformal.recalibrate``), by
channel. The calibrations are small and stored as one value.
"""

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from core.model.mentions import Mention
from core.repositories import Values
from listeners.spread.cascades.conformal import (
    MAX_BIAS,
    MAX_SCALE,
    ForecastCalibration,
    recalibrate,
)
from listeners.spread.cascades.features import Cascade, events_from_polls
from listeners.spread.cascades.forecast import MIN_REPOSTS, Forecast, forecast, shipped_model

KEY: Final = "spread.bands"
"""The stored value."""
FINAL_SECONDS: Final = 172_800.0
"""Age at which a post's reach counts as final."""
MOMENTS: Final = (600.0, 3600.0, 21_600.0)
"""Ages (s) at which forecasts are checked; each has a calibration of its own."""
_MAX_LEARNED: Final = 5_000
"""Posts remembered as learned from."""

_Calibrations = dict[tuple[str, float], ForecastCalibration]
"""By channel and age."""


class PostLane:
    """Forecasts posts, and calibrates its forecasts by their outcomes."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._calibrations: _Calibrations | None = None
        self._learned: OrderedDict[str, None] = OrderedDict()

    async def reach(
        self, mention: Mention, polls: Sequence[tuple[datetime, int]]
    ) -> Forecast | None:
        """The forecast from all (time, count) so far.

        ``None`` if the post is younger than a minute or has fewer than ``MIN_REPOSTS``. Raises
        StoreError if the calibrations can be neither read nor written.
        """
        event, start = mention.event, mention.event.posted_at
        seconds = [((at - start).total_seconds(), count) for at, count in polls]
        latest = max((second for second, _ in seconds), default=0.0)
        if latest < 60 or max(count for _, count in seconds) < MIN_REPOSTS:
            return None
        cascade = replace(
            events_from_polls(seconds),
            channel=event.channel,
            posted_at=start,
            followers=event.author.followers,
        )
        calibrations = await self._load()
        key = f"{event.channel}\n{event.id}"
        if latest >= FINAL_SECONDS and key not in self._learned:
            self._learned[key] = None
            if len(self._learned) > _MAX_LEARNED:
                self._learned.popitem(last=False)
            _learn(calibrations, cascade, seconds, latest)
            await self._values.set(KEY, _encode(calibrations, self._learned))
        calibration = calibrations.get((event.channel, _nearest(latest)))
        return forecast(cascade, latest, model=shipped_model(), calibration=calibration)

    async def _load(self) -> _Calibrations:
        if self._calibrations is None:
            stored = await self._values.get(KEY)
            self._calibrations, learned = _decode(stored)
            self._learned = OrderedDict.fromkeys(learned)
        return self._calibrations


def _learn(
    calibrations: _Calibrations,
    cascade: Cascade,
    seconds: Sequence[tuple[float, int]],
    latest: float,
) -> None:
    final = max(count for _, count in seconds)
    for moment in MOMENTS:
        seen = [one for one in seconds if one[0] <= moment]
        if not seen or max(count for _, count in seen) < MIN_REPOSTS:
            continue
        young = events_from_polls(seen)
        then = replace(cascade, events=young.events, weight=young.weight)
        key = (cascade.channel or "", moment)
        calibration = calibrations.get(key, ForecastCalibration())
        found = forecast(
            then, moment, model=shipped_model(), calibration=calibration, horizon=latest
        )
        calibrations[key] = recalibrate(
            calibration, forecast=found.final, low=found.low, high=found.high, final=final
        )


def _nearest(second: float) -> float:
    return min(MOMENTS, key=lambda moment: max(moment, second) / min(moment, second))


def _encode(calibrations: _Calibrations, learned: OrderedDict[str, None]) -> str:
    rows = [
        [channel, at, one.below, one.above, one.bias] for (channel, at), one in calibrations.items()
    ]
    return json.dumps({"bands": rows, "learned": list(learned)})


def _decode(stored: str | None) -> tuple[_Calibrations, list[str]]:
    """Reverses ``_encode``; what cannot be read is dropped and learned again."""
    try:
        kept = json.loads(stored or "{}")
        calibrations = {
            (str(channel), float(at)): ForecastCalibration(
                below=_scale(below), above=_scale(above), bias=_bias(*bias)
            )
            for channel, at, below, above, *bias in kept.get("bands", [])
        }
        return calibrations, [str(key) for key in kept.get("learned", [])]
    except (ValueError, TypeError, AttributeError):
        return {}, []


def _scale(value: float) -> float:
    return min(max(float(value), 1 / MAX_SCALE), MAX_SCALE)


def _bias(value: float = 0.0) -> float:
    return min(max(float(value), -MAX_BIAS), MAX_BIAS)
