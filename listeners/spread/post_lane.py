"""The post lane: how far one post will go, from figures that are read again and again.

The interval learns: once a post has been watched for two days, what would have been said of it at
earlier moments is held against what became of it. The bands are small and kept as a setting.
"""

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from core.mentions import Mention
from core.repositories import Values
from listeners.spread.cascade import Forecast, forecast, shipped_model
from listeners.spread.conformal import LIMIT, MOST_LEAN, Band, learn
from listeners.spread.facts import FEW
from listeners.spread.features import Cascade, events_from_polls

KEY: Final = "spread.bands"
ENDED: Final = 172_800.0
"""Seconds after which a post is taken to have gone as far as it goes."""
MOMENTS: Final = (600.0, 3600.0, 21_600.0)
"""When forecasts are held against the truth; each has a band of its own."""
_LEARNED: Final = 5_000
"""Posts remembered as learned from."""


class PostLane:
    """Forecasts posts, and remembers how well it did."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._bands: dict[tuple[str, float], Band] | None = None
        self._learned: OrderedDict[str, None] = OrderedDict()

    async def reach(
        self, mention: Mention, polls: Sequence[tuple[datetime, int]]
    ) -> Forecast | None:
        """The forecast from all (time, count) so far; ``None`` where they are too few."""
        event, start = mention.event, mention.event.posted_at
        seconds = [((at - start).total_seconds(), count) for at, count in polls]
        latest = max((second for second, _ in seconds), default=0.0)
        if latest < 60 or max(count for _, count in seconds) < FEW:
            return None
        cascade = replace(
            events_from_polls(seconds),
            channel=event.channel,
            posted_at=start,
            followers=event.author.followers,
        )
        bands = await self._known()
        key = f"{event.channel}\n{event.id}"
        if latest >= ENDED and key not in self._learned:
            self._learned[key] = None
            if len(self._learned) > _LEARNED:
                self._learned.popitem(last=False)
            self._learn(cascade, seconds, latest)
            await self._values.set(KEY, _written(bands, self._learned))
        band = bands.get((event.channel, _nearest(latest)))
        return forecast(cascade, latest, model=shipped_model(), band=band)

    def _learn(self, cascade: Cascade, seconds: Sequence[tuple[float, int]], latest: float) -> None:
        bands = self._bands if self._bands is not None else {}
        final = max(count for _, count in seconds)
        for moment in MOMENTS:
            seen = [one for one in seconds if one[0] <= moment]
            if not seen or max(count for _, count in seen) < FEW:
                continue
            young = events_from_polls(seen)
            then = replace(cascade, events=young.events, weight=young.weight)
            key = (cascade.channel or "", moment)
            band = bands.get(key, Band())
            found = forecast(then, moment, model=shipped_model(), band=band, horizon=latest)
            bands[key] = learn(
                band, forecast=found.final, low=found.low, high=found.high, final=final
            )

    async def _known(self) -> dict[tuple[str, float], Band]:
        if self._bands is None:
            stored = await self._values.get(KEY)
            self._bands, learned = _read(stored)
            self._learned = OrderedDict.fromkeys(learned)
        return self._bands


def _nearest(second: float) -> float:
    return min(MOMENTS, key=lambda moment: max(moment, second) / min(moment, second))


def _written(bands: dict[tuple[str, float], Band], learned: OrderedDict[str, None]) -> str:
    rows = [
        [channel, at, band.below, band.above, band.lean] for (channel, at), band in bands.items()
    ]
    return json.dumps({"bands": rows, "learned": list(learned)})


def _read(stored: str | None) -> tuple[dict[tuple[str, float], Band], list[str]]:
    """What ``_written`` wrote; what cannot be read is forgotten, and learned again."""
    try:
        kept = json.loads(stored or "{}")
        bands = {
            (str(channel), float(at)): Band(
                below=_scale(below), above=_scale(above), lean=_lean(*lean)
            )
            for channel, at, below, above, *lean in kept.get("bands", [])
        }
        return bands, [str(key) for key in kept.get("learned", [])]
    except (ValueError, TypeError, AttributeError):
        return {}, []


def _scale(value: float) -> float:
    return min(max(float(value), 1 / LIMIT), LIMIT)


def _lean(value: float = 0.0) -> float:
    return min(max(float(value), -MOST_LEAN), MOST_LEAN)
