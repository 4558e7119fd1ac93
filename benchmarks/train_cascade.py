r"""Learn the forecast of a post's final size, and say how well it does on what it has not seen.

    python -m benchmarks.train_cascade --data ../shared/data/spread \
        --out listeners/spread/models/cascade.npz

Reads ``weibo_cascades.jsonl.gz`` and ``twitter_cascades.jsonl.gz``. Every cascade is looked at
fourteen times, at observation times spread evenly (in logarithms) from 150 s to two days. The
expected error and the interval come from five-fold cross-validation, folds by cascade.
``--evaluate`` trains on the first three quarters of each file and measures on the last one;
``--cross-validate`` measures all, in five folds.
"""

import argparse
import gzip
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.cascade_boosting import Task, boost
from listeners.spread.cascade import HORIZON, Anchor, Forecast, Model, blend, forecast
from listeners.spread.features import SIZED, Cascade, Floats, describe
from listeners.spread.trees import Forest, to_arrays

ANCHORS: Final = (300, 600, 1800, 3600, 10800, 21600, 86400)
NEAR: Final = 0.6
"""An anchor learns from observation times within this factor (logarithm) of its own."""
GRID: Final = np.exp(np.linspace(math.log(150), math.log(172_800), 14))
FOLDS: Final = 5
QUANTILES: Final = (0.09, 0.91)
"""Of the error of what was left out; a little wider than four in five, since habits change."""
TREES: Final = 160
ERROR_TREES: Final = 60
RECENT: Final = 1.0
"""The oldest cascade weighs exp(-1 / RECENT) of the newest, since habits change. What is larger
already weighs more, by the logarithm: it matters more, and its curve says more."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A cascade with its end and its place in its file."""

    cascade: Cascade
    final: int
    age: float
    """0 for the newest in the file to 1 for the oldest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Every sample as seen at every time, with and without knowing its circumstances."""

    rows: Floats
    target: Floats
    """Logarithm of the growth factor."""
    seconds: Floats
    owner: Ints
    """Index of the sample."""
    weights: Floats


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


def tabulate(samples: Sequence[Sample], *, seed: int = 1) -> Table:
    """Look at every sample at every time; half the copies lose what may be unknown in use."""
    rng = np.random.default_rng(seed)
    rows, target, seconds, owner, weights = [], [], [], [], []
    for index, sample in enumerate(samples):
        for time in GRID * np.exp(rng.uniform(-0.25, 0.25, len(GRID))):
            row = describe(sample.cascade, float(time))
            bare = row.copy()
            bare[-1] = np.nan
            bare[-4:-1] = np.nan if rng.random() < 0.5 else bare[-4:-1]
            rows += [row, bare]
            target += [math.log(sample.final) - row[0]] * 2
            seconds += [float(time)] * 2
            owner += [index] * 2
            weights += [math.exp(-sample.age / RECENT) * (1 + float(row[0]))] * 2
    return Table(
        rows=np.array(rows),
        target=np.array(target),
        seconds=np.array(seconds),
        owner=np.array(owner),
        weights=np.array(weights),
    )


def learn_anchor(table: Table, known: NDArray[np.bool_], anchor: float) -> Anchor:
    """Learn one anchor from the samples that ``known`` marks."""
    near = (np.abs(np.log(table.seconds / anchor)) < NEAR) & known[table.owner]
    rows, target, weights = table.rows[near], table.target[near], table.weights[near]
    owner = table.owner[near]
    largest = float(np.quantile(rows[:, 0], 0.975))
    fold = owner % FOLDS
    growth = np.zeros(len(rows))
    for number in range(FOLDS):
        inside = fold != number
        part = _growth(rows[inside], target[inside], weights[inside])
        growth[~inside] = blend(*part, largest, rows[~inside])
    miss = target - growth
    spread = np.log(np.abs(miss) + 0.02)
    error = boost(
        Task(
            rows=rows,
            target=spread,
            weights=weights,
            trees=ERROR_TREES,
            relative_from=ERROR_TREES,
            seed=3,
        )
    )
    scaled = miss / np.exp(error.predict(rows))
    low, high = np.quantile(scaled, QUANTILES)
    sized, shape = _growth(rows, target, weights)
    return Anchor(
        seconds=anchor,
        sized=sized,
        shape=shape,
        error=error,
        largest=largest,
        low=float(low),
        high=float(high),
    )


def _growth(rows: Floats, target: Floats, weights: Floats) -> tuple[Forest, Forest]:
    """The trees that see the size and those that see the shape alone."""
    sized, shape = (
        boost(
            Task(
                rows=seen,
                target=target,
                weights=weights,
                trees=TREES,
                relative_from=TREES * 3 // 10,
                seed=seed,
            )
        )
        for seed, seen in ((1, rows), (2, rows[:, SIZED:]))
    )
    return sized, shape


def learn(table: Table, known: NDArray[np.bool_], anchors: Sequence[float] = ANCHORS) -> Model:
    """Learn all anchors."""
    return Model(anchors=tuple(learn_anchor(table, known, anchor) for anchor in anchors))


def save(model: Model, path: Path) -> None:
    """Write the model file."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for anchor in model.anchors:
        name = f"{anchor.seconds:g}"
        for part, forest in (
            ("sized", anchor.sized),
            ("shape", anchor.shape),
            ("error", anchor.error),
        ):
            arrays |= to_arrays(f"{name}/{part}", forest)
        arrays[f"{name}/numbers"] = np.array([anchor.largest, anchor.low, anchor.high])
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def average_precision(score: Floats, positive: NDArray[np.bool_]) -> float:
    """Area under the precision-recall curve, by steps."""
    order = np.argsort(-score, kind="stable")
    hits = positive[order]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())


def look(
    model: Model, samples: Sequence[Sample], observe: float, *, bare: bool = False
) -> list[Forecast]:
    """Forecast every sample; ``bare`` withholds channel, time and followers."""
    return [
        forecast(
            Cascade(events=sample.cascade.events) if bare else sample.cascade, observe, model=model
        )
        for sample in samples
    ]


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


def cross_validate(table: Table, weibo: Sequence[Sample], twitter: Sequence[Sample]) -> None:
    """Print figures of five folds by cascade, each forecast by a model that has not seen it."""
    samples = [*weibo, *twitter]
    fold = np.arange(len(samples)) % FOLDS
    times = (600, 3600, 21600)
    seen: dict[tuple[int, int], Forecast] = {}
    for number in range(FOLDS):
        model = learn(table, fold != number, times)
        left_out = np.nonzero(fold == number)[0].tolist()
        for observe in times:
            part = look(model, [samples[index] for index in left_out], observe)
            seen |= {(index, observe): one for index, one in zip(left_out, part, strict=True)}
    for name, first, part_of in (("weibo", 0, weibo), ("twitter", len(weibo), twitter)):
        for observe in times:
            mine = [seen[first + index, observe] for index in range(len(part_of))]
            print(f"{name} {observe:>6} s cross-validated {measure(mine, part_of)}", flush=True)


def main() -> None:
    """Command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--out", type=Path)
    options.add_argument("--evaluate", action="store_true")
    options.add_argument("--cross-validate", action="store_true")
    given = options.parse_args()
    weibo = read(given.data / "weibo_cascades.jsonl.gz", "weibo")
    twitter = read(given.data / "twitter_cascades.jsonl.gz", "twitter")
    samples = weibo + twitter
    table = tabulate(samples)
    if given.evaluate:
        known = np.array([sample.age > 0.25 for sample in samples])
        model = learn(table, known, (600, 3600, 21600))
        for name, part in (("weibo", weibo), ("twitter", twitter)):
            late = [sample for sample in part if sample.age <= 0.25]
            for observe in (600, 3600, 21600):
                for bare in (False, True):
                    figures = measure(look(model, late, observe, bare=bare), late)
                    print(f"{name} {observe:>6} s {'bare ' if bare else ''}{figures}", flush=True)
    if given.cross_validate:
        cross_validate(table, weibo, twitter)
    if given.out:
        model = learn(table, np.ones(len(samples), dtype=bool))
        save(model, given.out)
        print(f"{given.out}: {given.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
