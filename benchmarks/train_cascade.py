r"""Train the forecast of a post's final size, and measure it on held-out cascades.

    python -m benchmarks.train_cascade --data ../shared/data/spread \
        --out listeners/spread/models/cascade.npz

Reads ``weibo_cascades.jsonl.gz`` and ``twitter_cascades.jsonl.gz``. Every cascade is sampled at
twenty-four observation times, spread evenly (in logarithms) from 150 s to two days. The
expected error and the interval come from five-fold cross-validation, folds by cascade.
``--evaluate`` trains on the first three quarters of each file and measures on the last one;
``--cross-validate`` measures all, in five folds.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.cascade_boosting import Task, boost
from benchmarks.cascade_measures import Sample, in_order, look, measure, read
from listeners.spread.cascades.features import SIZED, TIMED, describe
from listeners.spread.cascades.forecast import (
    CHANNEL_CODES,
    Anchor,
    CascadeModel,
    Forecast,
    blend,
    channel_index,
)
from listeners.spread.cascades.trees import Floats, Forest, to_arrays

ANCHORS: Final = (300, 600, 1800, 3600, 10800, 21600, 86400)
NEAR: Final = 0.6
"""An anchor learns from observation times within this factor (logarithm) of its own."""
GRID: Final = np.exp(np.linspace(math.log(150), math.log(172_800), 24))
FOLDS: Final = 5
QUANTILES: Final = (0.09, 0.91)
"""Of the held-out error ..."""
WIDER: Final = 1.05
"""... and by this factor wider, since habits change: with it the interval covered four in five of
later parts of the first three quarters, forecast from what came before."""
TREES: Final = 160
ERROR_TREES: Final = 60
RECENT: Final = 1.0
"""The oldest cascade weighs exp(-1 / RECENT) of the newest, since habits change. Larger ones weigh
more, by the logarithm of the size: they are more important, and their curves more informative."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Every sample at every observation time, some with unknown circumstances."""

    rows: Floats
    target: Floats
    """Logarithm of the growth factor."""
    seconds: Floats
    owner: Ints
    """Index of the sample."""
    weights: Floats


def tabulate(samples: Sequence[Sample], *, seed: int = 1) -> Table:
    """Describe every sample at every time; circumstances are dropped at random, as in use."""
    rng = np.random.default_rng(seed)
    rows, target, seconds, owner, weights = [], [], [], [], []
    for index, sample in enumerate(samples):
        for time in GRID * np.exp(rng.uniform(-0.15, 0.15, len(GRID))):
            row = describe(sample.cascade, float(time))
            rows.append(_some_unknown(row, rng))
            target.append(math.log(sample.final) - row[0])
            seconds.append(float(time))
            owner.append(index)
            weights.append(math.exp(-sample.age / RECENT) * (1 + float(row[0])))
    return Table(
        rows=np.array(rows),
        target=np.array(target),
        seconds=np.array(seconds),
        owner=np.array(owner),
        weights=np.array(weights),
    )


def _some_unknown(row: Floats, rng: np.random.Generator) -> Floats:
    """The row, four times in ten without some of time, followers and channel."""
    lost, *gone = (rng.random(4) < (0.4, 0.5, 0.5, 0.7)).tolist()
    parts = (slice(-2 - TIMED, -2), slice(-2, -1), slice(-1, None))
    row = row.copy()
    for part, without in zip(parts, gone, strict=True):
        if lost and without:
            row[part] = np.nan
    return row


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
    kinds = np.array([channel_index(kind) for kind in rows[:, -1].tolist()])
    bounds = []
    for kind in range(len(CHANNEL_CODES)):
        # Bounds for any other channel come from all samples: the training data has no such channel.
        mine = scaled if math.isnan(CHANNEL_CODES[kind]) else scaled[kinds == kind]
        low, high = WIDER * np.quantile(mine if len(mine) else scaled, QUANTILES)
        bounds.append((float(low), float(high)))
    sized, shape = _growth(rows, target, weights)
    return Anchor(
        seconds=anchor,
        sized=sized,
        shape=shape,
        error=error,
        largest=largest,
        bounds=tuple(bounds),
    )


def _growth(rows: Floats, target: Floats, weights: Floats) -> tuple[Forest, Forest]:
    """The forest that sees the size, and the one that sees the shape alone."""
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


def learn(
    table: Table, known: NDArray[np.bool_], anchors: Sequence[float] = ANCHORS
) -> CascadeModel:
    """Learn all anchors."""
    return CascadeModel(anchors=tuple(learn_anchor(table, known, anchor) for anchor in anchors))


def save(model: CascadeModel, path: Path) -> None:
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
        arrays[f"{name}/numbers"] = np.array([anchor.largest, *np.ravel(anchor.bounds)])
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def cross_validate(table: Table, weibo: Sequence[Sample], twitter: Sequence[Sample]) -> None:
    """Print figures of five-fold cross-validation by cascade."""
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
                ways = {"": look(model, late, observe)}
                if late[0].cascade.posted_at is not None:
                    ways["calibrated online: "] = in_order(model, late, observe)
                ways["bare: "] = look(model, late, observe, bare=True)
                for how, found in ways.items():
                    print(f"{name} {observe:>6} s {how}{measure(found, late)}", flush=True)
    if given.cross_validate:
        cross_validate(table, weibo, twitter)
    if given.out:
        model = learn(table, np.ones(len(samples), dtype=bool))
        save(model, given.out)
        print(f"{given.out}: {given.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
