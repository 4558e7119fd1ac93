"""Reads cascades, forecasts them early, and measures the forecasts."""

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from listeners.spread.backtests import cascade_forecasts
from listeners.spread.cascades.features import Cascade
from listeners.spread.cascades.forecast import HORIZON, CascadeModel, Forecast, forecast
from listeners.spread.cascades.trees import Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A cascade with its final size and its place in the file."""

    cascade: Cascade
    final: int
    age: float
    """0 for the newest in the file to 1 for the oldest."""


def read(path: Path, channel: str) -> list[Sample]:
    """All cascades of one file that have any event within the horizon."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    samples = []
    for index, record in enumerate(records):
        events = np.array(record["events"], dtype=np.float64)
        final = int((events <= HORIZON).sum())
        if not final:
            continue
        posted = record.get("posted_at")
        cascade = Cascade(
            events=events,
            channel=channel,
            posted_at=datetime.fromisoformat(posted) if posted else None,
            followers=record.get("author_followers"),
        )
        age = 1 - index / max(1, len(records) - 1)
        samples.append(Sample(cascade=cascade, final=final, age=age))
    return samples


def look(
    model: CascadeModel, samples: Sequence[Sample], observe: float, *, bare: bool = False
) -> list[Forecast]:
    """Forecast every sample; ``bare`` withholds channel, time and followers."""
    return [
        forecast(
            Cascade(events=sample.cascade.events) if bare else sample.cascade, observe, model=model
        )
        for sample in samples
    ]


def in_order(model: CascadeModel, samples: Sequence[Sample], observe: float) -> list[Forecast]:
    """Forecast every sample, calibrated by those that had ended by then: a backtest."""

    def lines() -> Iterator[str]:
        for number, sample in enumerate(samples):
            cascade = sample.cascade
            record: dict[str, object] = {
                "id": number,
                "events": cascade.events.tolist(),
                "channel": cascade.channel,
                "author_followers": cascade.followers,
            }
            if cascade.posted_at is not None:
                record["posted_at"] = cascade.posted_at.isoformat()
            yield json.dumps(record)

    return [
        Forecast(
            observe=observe,
            observed=int(row["observed"]),
            final=float(row["forecast"]),
            low=float(row["low"]),
            high=float(row["high"]),
        )
        for row in cascade_forecasts(lines(), [observe], model=model)
    ]


def average_precision(score: Floats, positive: NDArray[np.bool_]) -> float:
    """Area under the precision-recall curve, by steps."""
    order = np.argsort(-score, kind="stable")
    hits = positive[order]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())


def measure(seen: Sequence[Forecast], samples: Sequence[Sample]) -> str:
    """One line of figures for forecasts of samples."""
    final = np.array([sample.final for sample in samples], dtype=np.float64)
    expected = np.array([one.final for one in seen])
    observed = np.array([one.observed for one in seen])
    inside = np.array([one.low <= end <= one.high for one, end in zip(seen, final, strict=True)])
    error = np.abs(expected - final) / final
    top = final >= np.quantile(final, 0.8)
    large = final >= np.sort(final)[-100]
    return (
        f"error {np.median(error):.3f} (10 or more seen: {np.median(error[observed >= 10]):.3f}, "
        f"100 largest {np.median(error[large]):.3f}), "
        f"top fifth {average_precision(expected, top):.3f} "
        f"(by count alone {average_precision(observed.astype(np.float64), top):.3f}), "
        f"coverage {inside.mean():.3f}"
    )
