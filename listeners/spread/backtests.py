"""What the detectors would have said about recorded data: a user's own, or a benchmark's.

Each function reads lines as they come and yields dictionaries, one a line of JSON. A line that
cannot be read raises InputError with its number and what to do.
"""

import heapq
import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from core.errors import InputError
from listeners.spread.bursts import volume
from listeners.spread.cascades.conformal import Calibration, recalibrate
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
"""Bins from which their length is taken."""

Row = dict[str, str | float]


def volume_alarms(lines: Iterable[str], *, threshold: float = volume.THRESHOLD) -> Iterator[Row]:
    """Alarms over lines of ``timestamp,value``: ``time``, ``value``, ``expected``, ``z``.

    ``time`` is given as it stood in the file. The first day only teaches; missing bins are unknown.
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
    """Forecasts for cascades at each time of ``observe``, in seconds after the post.

    Where posts carry their time and come oldest first, forecast and interval learn from those that
    had ended by then. Events after the observation are used for nothing else. Without a ``model``
    it is the shipped one.
    """
    for second in (*observe, horizon):
        if not 1 <= second <= 1e9:
            raise InputError(f"{second:g} seconds: give a time from one second to thirty years")
    model = model or shipped_model()
    bands = _Bands(horizon)
    for recorded in read_cascades(lines):
        cascade = recorded.cascade
        for second in observe:
            bands.advance(cascade.posted_at, second)
            band = bands.band(cascade.channel, second, in_order=bands.in_order)
            found = forecast(cascade, second, model=model, band=band, horizon=horizon)
            bands.expect(recorded, found)
            yield {
                "id": recorded.id,
                "observe": second,
                "observed": found.observed,
                "forecast": round(found.final, 2),
                "low": round(found.low, 2),
                "high": round(found.high, 2),
            }


def incident_groups(lines: Iterable[str]) -> Iterator[Row]:
    """The incident of each post, in the order of the file; posts are taken in that of time."""
    posts = list(read_posts(lines))
    into: dict[str, str] = {}
    grouper = Grouper(united=lambda kept, gone: into.__setitem__(gone, kept))
    found: dict[int, str] = {}
    for post in sorted(posts, key=lambda one: one.at):
        found[post.line] = grouper.add(post.id, post.text, post.at)
    for post in posts:
        incident = found[post.line]
        while incident in into:
            incident = into[incident]
        yield {"id": post.id, "incident": incident}


class _Bands:
    """Bands by channel and observation time, learning from what has ended."""

    def __init__(self, horizon: float) -> None:
        self._horizon = timedelta(seconds=horizon)
        self._bands: dict[tuple[str | None, float], Calibration] = {}
        self._open: list[tuple[datetime, int, str | None, Forecast, int]] = []
        self._order = itertools.count()
        self._newest: datetime | None = None
        self.in_order = False
        """False where the post at hand has no time or is older than the one before."""

    def advance(self, posted: datetime | None, observe: float) -> None:
        self.in_order = posted is not None and (self._newest is None or posted >= self._newest)
        if posted is None or not self.in_order:
            return
        self._newest = posted
        now = posted + timedelta(seconds=observe)
        while self._open and self._open[0][0] <= now:
            _, _, channel, found, final = heapq.heappop(self._open)
            key = (channel, found.observe)
            band = self._bands.get(key, Calibration())
            self._bands[key] = recalibrate(
                band, forecast=found.final, low=found.low, high=found.high, final=final
            )

    def band(self, channel: str | None, observe: float, *, in_order: bool) -> Calibration:
        return self._bands.get((channel, observe), Calibration()) if in_order else Calibration()

    def expect(self, recorded: RecordedCascade, found: Forecast) -> None:
        cascade = recorded.cascade
        if cascade.posted_at is None:
            return
        seen = int(np.searchsorted(cascade.events, self._horizon.total_seconds(), "right"))
        final = round(seen * cascade.weight)
        ends = cascade.posted_at + self._horizon
        entry = (ends, next(self._order), cascade.channel, found, final)
        heapq.heappush(self._open, entry)
