"""Runs the detectors over recorded data: a user's own, or that of a benchmark.

Each function reads lines as they come and yields dictionaries, one per line of JSON. A line that
cannot be read raises InputError with its number and the remedy.
"""

import heapq
import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from core.errors import InputError
from listeners.spread import volume
from listeners.spread.cascades.conformal import ForecastCalibration, recalibrate
from listeners.spread.cascades.forecast import (
    HORIZON,
    CascadeModel,
    Forecast,
    forecast,
    shipped_model,
)
from listeners.spread.grouping.grouper import Grouper
from listeners.spread.recordings import (
    RecordedCascade,
    bin_seconds,
    read_bins,
    read_cascades,
    read_posts,
)

LOOK_AHEAD: Final = 200
"""Bins from which the bin length is taken."""

Row = dict[str, str | float]


def volume_alarms(lines: Iterable[str], *, threshold: float = volume.THRESHOLD) -> Iterator[Row]:
    """Alarms over lines of ``timestamp,value``, as ``time``, ``value``, ``expected`` and ``z``.

    ``time`` is as written in the file. Nothing alarms on the first day; missing bins are unknown.
    """
    bins = read_bins(lines)
    first = list(itertools.islice(bins, LOOK_AHEAD))
    state = volume.start(bin_seconds(first))
    for one in itertools.chain(first, bins):
        state, reading = volume.step(state, one.at, one.value, threshold=threshold)
        if reading.alarm:
            yield {
                "time": one.written,
                "value": one.value,
                "expected": round(reading.expected, 2),
                "z": round(reading.z, 2),
            }


def cascade_forecasts(
    lines: Iterable[str],
    observe: Sequence[float],
    *,
    horizon: float = HORIZON,
    model: CascadeModel | None = None,
) -> Iterator[Row]:
    """Forecasts of cascades at each time of ``observe``, in seconds after the post.

    If posts carry their time and come oldest first, forecasts are calibrated by the outcomes of
    those that had ended by then. Events after the observation are used for nothing else. The model
    defaults to the shipped one. Raises InputError for a time below one second or over 1e9.
    """
    for second in (*observe, horizon):
        if not 1 <= second <= 1e9:
            raise InputError(f"{second:g} seconds: give a time from one second to thirty years")
    model = model or shipped_model()
    calibrations = _Calibrations(horizon)
    for recorded in read_cascades(lines):
        cascade = recorded.cascade
        for second in observe:
            calibrations.advance(cascade.posted_at, second)
            found = forecast(
                cascade,
                second,
                model=model,
                calibration=calibrations.get(cascade.channel, second),
                horizon=horizon,
            )
            calibrations.expect(recorded, found)
            yield {
                "id": recorded.id,
                "observe": second,
                "observed": found.observed,
                "forecast": round(found.final, 2),
                "low": round(found.low, 2),
                "high": round(found.high, 2),
            }


def incident_groups(lines: Iterable[str]) -> Iterator[Row]:
    """The incident of each post, in the order of the file; posts are grouped in order of time."""
    posts = list(read_posts(lines))
    into: dict[str, str] = {}
    grouper = Grouper(merged=lambda kept, gone: into.__setitem__(gone, kept))
    found: dict[int, str] = {}
    for post in sorted(posts, key=lambda one: one.at):
        found[post.line] = grouper.add(post.id, post.text, post.at)
    for post in posts:
        incident = found[post.line]
        while incident in into:
            incident = into[incident]
        yield {"id": post.id, "incident": incident}


class _Calibrations:
    """Calibrations by channel and observation time, updated with cascades that have ended."""

    def __init__(self, horizon: float) -> None:
        self._horizon = timedelta(seconds=horizon)
        self._calibrations: dict[tuple[str | None, float], ForecastCalibration] = {}
        self._open: list[tuple[datetime, int, str | None, Forecast, int]] = []
        self._order = itertools.count()
        self._newest: datetime | None = None
        self._in_order = False
        """False if the current post has no time or is older than the one before."""

    def advance(self, posted: datetime | None, observe: float) -> None:
        newest = self._newest
        self._in_order = posted is not None and (newest is None or posted >= newest)
        if posted is None or not self._in_order:
            return
        self._newest = posted
        now = posted + timedelta(seconds=observe)
        while self._open and self._open[0][0] <= now:
            _, _, channel, found, final = heapq.heappop(self._open)
            key = (channel, found.observe)
            self._calibrations[key] = recalibrate(
                self._calibrations.get(key, ForecastCalibration()),
                forecast=found.final,
                low=found.low,
                high=found.high,
                final=final,
            )

    def get(self, channel: str | None, observe: float) -> ForecastCalibration:
        if not self._in_order:
            return ForecastCalibration()
        return self._calibrations.get((channel, observe), ForecastCalibration())

    def expect(self, recorded: RecordedCascade, found: Forecast) -> None:
        cascade = recorded.cascade
        if cascade.posted_at is None:
            return
        seen = int(np.searchsorted(cascade.events, self._horizon.total_seconds(), "right"))
        final = round(seen * cascade.weight)
        ends = cascade.posted_at + self._horizon
        entry = (ends, next(self._order), cascade.channel, found, final)
        heapq.heappush(self._open, entry)
