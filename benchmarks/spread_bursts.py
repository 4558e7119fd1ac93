"""Measures short bursts put into public series, with and without the quarter-hour window.

    python -m benchmarks.spread_bursts [--data ../shared/data/spread]

Every two days a burst of 10, 20 or 60 minutes with as many posts as two, four or eight mean hours
is added to each series. Thresholds are those at which both variants give about the same number of
false alarms in the series as they are (``benchmarks.spread --only volume``).
"""

import argparse
import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from unittest import mock

from benchmarks.spread import read_bins
from listeners.spread import volume

WITH: Final = 8.0
"""Threshold with the quarter of an hour (.56 false alarms a brand-week), ..."""
WITHOUT: Final = 7.75
"""... and without (.58)."""
LENGTHS: Final = (2, 4, 12)
"""Bins of five minutes."""
HOURS: Final = (2, 4, 8)
_EVERY: Final = 576
_WITHIN: Final = timedelta(hours=2)


def found(bins: Sequence[tuple[datetime, float]], *, seed: str, threshold: float) -> Counter[str]:
    """Bursts by length, and those found within two hours of their begin."""
    rng = random.Random(seed)
    values = [value for _, value in bins]
    hour = 12 * sum(values) / len(values)
    planted: list[tuple[datetime, int]] = []
    for place in range(900, len(bins) - 300, _EVERY):
        length, size = rng.choice(LENGTHS), hour * rng.choice(HOURS)
        begin = place + rng.randrange(200)
        for one in range(begin, begin + length):
            values[one] += size / length
        planted.append((bins[begin][0], length))
    state = volume.start(300)
    loud: list[datetime] = []
    for (at, _), value in zip(bins, values, strict=True):
        state, reading = volume.step(state, at, value, threshold=threshold)
        if reading.z >= threshold:
            loud.append(at)
    totals: Counter[str] = Counter()
    for at, length in planted:
        if any(at - timedelta(hours=1) <= one < at for one in loud):
            continue
        totals[f"{5 * length} min"] += 1
        totals[f"{5 * length} min, found"] += any(at <= one < at + _WITHIN for one in loud)
    return totals


def main() -> None:
    """Command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=Path("../shared/data/spread"))
    given = options.parse_args()
    for name, short, threshold in (
        ("with", volume.SHORT_SECONDS, WITH),
        ("without", volume.FAST_SECONDS, WITHOUT),
    ):
        totals: Counter[str] = Counter()
        with mock.patch.object(volume, "SHORT_SECONDS", short):
            for path in sorted((given.data / "nab").glob("*.csv.gz")):
                totals += found(read_bins(path), seed=path.name, threshold=threshold)
        for length in LENGTHS:
            label = f"{5 * length} min"
            print(
                f"{name} a quarter-hour window, {label}: {totals[label + ', found']}"
                f" of {totals[label]} found"
            )


if __name__ == "__main__":
    main()
