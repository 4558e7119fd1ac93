"""Train the sentiment model, measure it, and write it where the code finds it.

    python benchmarks/train_sentiment.py --data ../shared/data/sentiment

First the model is trained without the held-out tenth, measured on it and calibrated; then it is
trained again on everything and written. ``--leave-out DOMAIN`` (may be repeated) trains without
these domains, measures on all of them and writes nothing. NumPy alone, one core, fixed seeds: the
same data give the same file.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import sentiment_data as data
from benchmarks import sentiment_fit as fitting
from benchmarks.sentiment_measures import line
from listeners.sentiment_file import BITS, Header, pack
from listeners.sentiment_grams import grams
from listeners.sentiment_linear import MODEL
from listeners.sentiment_text import fold

VERSION: Final = "1"
KEPT: Final = 320_000
"""How many n-grams are chosen."""
RAREST: Final = 3
"""Texts an n-gram has to be in."""
_RATE: Final = 0.1


def _narrow(
    examples: fitting.Examples, chosen: fitting.Ints, seed: int
) -> tuple[fitting.Examples, NDArray[np.uint32]]:
    """The examples with the most telling n-grams only, as buckets of the table."""
    whole = examples.matrix
    known = fitting.common(whole, chosen, RAREST)
    wide = _with(examples, fitting.restrict(whole, known))
    first = fitting.fit(wide, chosen, len(known), passes=3, rate=_RATE, seed=seed)
    telling = np.abs(first.weights).max(axis=1)
    best = np.argsort(-telling, kind="stable")[:KEPT]
    buckets = np.unique(known[best] >> np.uint32(32 - BITS))
    coarse = fitting.Matrix(
        ids=whole.ids >> np.uint32(32 - BITS), starts=whole.starts, sizes=whole.sizes
    )
    return _with(examples, fitting.restrict(coarse, buckets)), buckets


def _with(examples: fitting.Examples, matrix: fitting.Matrix) -> fitting.Examples:
    return fitting.Examples(
        matrix=matrix,
        labels=examples.labels,
        two_class=examples.two_class,
        weights=examples.weights,
    )


def train(
    examples: fitting.Examples, chosen: fitting.Ints, seed: int
) -> tuple[fitting.Fitted, fitting.Examples, NDArray[np.uint32], float]:
    """Weights as they are after rounding to bytes; the examples they fit; buckets; the unit."""
    narrow, buckets = _narrow(examples, chosen, seed)
    fitted = fitting.fit(narrow, chosen, len(buckets), passes=4, rate=_RATE, seed=seed)
    unit = float(np.quantile(np.abs(fitted.weights), 0.9999) / 127)
    rounded = np.clip(np.round(fitted.weights / unit), -127, 127).astype(np.float32) * unit
    return fitting.Fitted(weights=rounded, bias=fitted.bias), narrow, buckets, unit


def examples_of(rows: list[data.Row]) -> fitting.Examples:
    """The features and labels of the rows."""
    return fitting.Examples(
        matrix=fitting.matrix([grams(fold(row.text)) for row in rows]),
        labels=np.array([row.label for row in rows], np.int64),
        two_class=np.array([row.domain in data.TWO_CLASSES for row in rows]),
        weights=np.ones(len(rows)),
    )


def main() -> None:
    """Read the command line and do as it says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Plain)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=MODEL)
    parser.add_argument("--leave-out", action="append", default=[])
    parser.add_argument("--seed", type=int, default=20)
    options = parser.parse_args()
    if not options.data.is_dir():
        parser.error(f"{options.data} is no folder: name the one with the labelled texts")
    started = time.process_time()
    rows = data.rows(options.data)
    examples = examples_of(rows)
    domains = np.array([row.domain for row in rows])
    held_out = np.array([row.held_out for row in rows])
    left_out = np.isin(domains, options.leave_out)
    fitted, narrow, _, _ = train(examples, np.flatnonzero(~held_out & ~left_out), options.seed)
    tested = np.flatnonzero(held_out & ~left_out)
    heat = fitting.temperature(
        fitting.scores(fitted, narrow.matrix, tested),
        examples.labels[tested],
        examples.two_class[tested],
    )
    measured = left_out if options.leave_out else held_out
    for domain in dict.fromkeys(domains[measured].tolist()):
        chosen = np.flatnonzero(measured & (domains == domain))
        found = fitting.softmax(fitting.scores(fitted, narrow.matrix, chosen) / heat)
        print(line(domain, found, examples.labels[chosen]), flush=True)
    print(f"temperature {heat:.3f}, {time.process_time() - started:.0f} s of one core")
    if options.leave_out:
        return
    fitted, _, buckets, unit = train(examples, np.arange(len(rows)), options.seed)
    header = Header(
        version=VERSION,
        buckets=0,
        unit=unit,
        bias=tuple(fitted.bias.tolist()),
        temperature=heat,
        checksum=0,
    )
    weights = np.round(fitted.weights / unit).astype(np.int8)
    options.out.write_bytes(pack(buckets.astype(np.int64), weights, header))
    print(
        f"{options.out.name}: {options.out.stat().st_size / 1e6:.2f} MB, "
        f"{time.process_time() - started:.0f} s of one core"
    )


class _Plain(argparse.RawDescriptionHelpFormatter):
    pass


if __name__ == "__main__":
    main()
