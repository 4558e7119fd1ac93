"""Train the model of complaint, category, intent and risk, and report on held-out voices.

    python benchmarks/train_topics.py [--write] [--errors] [--unheard VOICE]

First trained on the voices marked ``train`` and measured on those marked ``held_out``; with
``--write`` trained again on all of them and written. ``--unheard`` holds out other voices as well,
and measures on those alone. The sentiment of a text is one of its
features, so train again when the sentiment model changes. NumPy alone; the same sentences give
the same file.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.taxonomy import CATEGORIES, RISKS
from listeners.judgement.sentiment import models as sentiment
from listeners.judgement.topic_features import CELL_BITS, TopicFeatures, topic_features
from listeners.judgement.topics import (
    LABELS,
    MODEL_FILE,
    RISK_FROM,
    TopicDecision,
    TopicModel,
    decide,
)
from listeners.text.normalise import join_spaced_characters, readable

SENTENCES = Path(__file__).parents[1] / "listeners" / "learning" / "training" / "complaints.jsonl"
STEPS = 100
RATE = 0.08
DECAY_CELLS = 3e-5
DECAY_DENSE = 2e-5
FOLDS = 4
RISK_WEIGHT = 4.0
"""Weight of a sentence that names a risk, for that risk: recall comes first."""

Floats = NDArray[np.float32]

EXCLUSIVE = (slice(1, 1 + len(CATEGORIES)), slice(1 + len(CATEGORIES), len(LABELS) - len(RISKS)))
LONE = (slice(0, 1), slice(len(LABELS) - len(RISKS), len(LABELS)))
"""Columns of LABELS: exactly one of an exclusive group is right; lone ones are independent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """One labelled sentence of the training set."""

    text: str
    complaint: bool
    category: str
    intent: str
    risk: frozenset[str]
    author: str
    held_out: bool
    features: TopicFeatures


def seen(texts: Sequence[str]) -> list[TopicFeatures]:
    """The features of texts, with the sentiment of the default model."""
    sentiments = sentiment.load("linear").probabilities(texts)
    return [
        topic_features(join_spaced_characters(readable(text)).casefold(), found)
        for text, found in zip(texts, sentiments, strict=True)
    ]


def sentences() -> list[Sentence]:
    """All labelled sentences."""
    lines = SENTENCES.read_text(encoding="utf-8").splitlines()
    labelled = [json.loads(line) for line in lines]
    return [
        Sentence(
            text=row["text"],
            complaint=bool(row["complaint"]),
            category=row["category"],
            intent=row["intent"],
            risk=frozenset(row["risk"]),
            author=row["author"],
            held_out=row["split"] == "held_out",
            features=found,
        )
        for row, found in zip(labelled, seen([row["text"] for row in labelled]), strict=True)
    ]


class Design:
    """Many texts as arrays."""

    def __init__(self, texts: Sequence[TopicFeatures]) -> None:
        sizes = np.array([len(text.cells) for text in texts])
        self.starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        self.cells = np.concatenate([text.cells for text in texts])
        self.scale = (1 / np.sqrt(sizes)).astype(np.float32)
        order = np.argsort(self.cells, kind="stable")
        self.by_cell = np.repeat(np.arange(len(texts)), sizes)[order]
        """The text of each n-gram, cell by cell."""
        self.cells_used, self.cell_starts = np.unique(self.cells[order], return_index=True)
        self.dense = np.stack([text.dense for text in texts])

    def scores(self, table: Floats, dense: Floats, bias: Floats) -> Floats:
        sums = np.add.reduceat(table[self.cells], self.starts, axis=0)
        scores: Floats = sums * self.scale[:, None] + self.dense @ dense + bias
        return scores

    def gradient(self, errors: Floats, width: int) -> Floats:
        """Of the table, from the errors of the scores."""
        scaled = (errors * self.scale[:, None])[self.by_cell]
        whole = np.zeros((width, errors.shape[1]), np.float32)
        whole[self.cells_used] = np.add.reduceat(scaled, self.cell_starts, axis=0)
        return whole


class Adam:
    """Adam (Kingma and Ba 2015) on one array."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.value = np.zeros(shape, np.float32)
        self._mean = np.zeros(shape, np.float32)
        self._square = np.zeros(shape, np.float32)
        self._steps = 0

    def step(self, gradient: Floats, decay: float) -> None:
        self._steps += 1
        gradient = gradient + decay * self.value
        self._mean += 0.1 * (gradient - self._mean)
        self._square += 0.01 * (gradient**2 - self._square)
        mean = self._mean / (1 - 0.9**self._steps)
        square = self._square / (1 - 0.99**self._steps)
        self.value -= RATE * mean / (np.sqrt(square) + 1e-6)


Slices = tuple[slice, ...]


def descended(
    design: Design, goals: Floats, weights: Floats, exclusive: Slices, lone: Slices
) -> tuple[Floats, Floats, Floats]:
    """Table, dense weights and bias by logistic regression of every label.

    Exactly one label of each slice in ``exclusive`` is right; those in ``lone`` are independent.
    """
    width, heads = 1 << CELL_BITS, goals.shape[1]
    table, dense, bias = Adam((width, heads)), Adam((design.dense.shape[1], heads)), Adam((heads,))
    total = weights.sum(axis=0, keepdims=True)
    for _ in range(STEPS):
        scores = design.scores(table.value, dense.value, bias.value)
        guess = np.empty_like(scores)
        for group in exclusive:
            powers = np.exp(scores[:, group] - scores[:, group].max(axis=1, keepdims=True))
            guess[:, group] = powers / powers.sum(axis=1, keepdims=True)
        for part in lone:
            guess[:, part] = 1 / (1 + np.exp(-np.clip(scores[:, part], -30, 30)))
        errors = (guess - goals) * weights / total
        table.step(design.gradient(errors, width), DECAY_CELLS)
        dense.step(design.dense.T @ errors, DECAY_DENSE)
        bias.step(errors.sum(axis=0), 0.0)
    return table.value, dense.value, bias.value


def fit(texts: Sequence[TopicFeatures], goals: Floats, weights: Floats) -> TopicModel:
    """A model of all labels; categories exclude each other, and so do intents."""
    table, dense, bias = descended(Design(texts), goals, weights, EXCLUSIVE, LONE)
    unit = np.maximum(np.abs(table).max(axis=0), 1e-6) / 127
    return TopicModel(
        table=np.round(table / unit).astype(np.int8),
        unit=unit.astype(np.float32),
        dense=dense,
        bias=bias,
    )


def train(ours: Sequence[Sentence]) -> TopicModel:
    """A model of some sentences."""
    goals = np.zeros((len(ours), len(LABELS)), np.float32)
    for number, one in enumerate(ours):
        goals[number, 0] = one.complaint
        right = (f"category.{one.category}", f"intent.{one.intent}")
        for label in (*right, *(f"risk.{kind}" for kind in one.risk)):
            goals[number, LABELS.index(label)] = 1
    weights = np.ones_like(goals)
    weights[:, LONE[1]] += (RISK_WEIGHT - 1) * goals[:, LONE[1]]
    return fit([one.features for one in ours], goals, weights)


def calibrated(model: TopicModel, ours: Sequence[Sentence]) -> TopicModel:
    """The model with its probability of a complaint calibrated (Platt 1999).

    The scaling is fitted by cross-validation over authors, since real authors are unseen.
    """
    authors = sorted({one.author for one in ours})
    scores, actual = list[float](), list[float]()
    for fold in range(FOLDS):
        others = set(authors[fold::FOLDS])
        unheard = [one for one in ours if one.author in others]
        scores += complaint_scores([one for one in ours if one.author not in others], unheard)
        actual += [float(one.complaint) for one in unheard]
    x, y = np.array(scores), np.array(actual)
    slope, offset = 1.0, 0.0
    for _ in range(3000):
        error = 1 / (1 + np.exp(-(slope * x + offset))) - y
        slope -= 0.02 * float((error * x).mean())
        offset -= 0.2 * float(error.mean())
    print(f"calibration of complaint: slope {slope:.2f}, offset {offset:.2f}", flush=True)
    return model.with_complaint_scaling(slope, offset)


def complaint_scores(heard: Sequence[Sentence], unheard: Sequence[Sentence]) -> list[float]:
    """Log-odds of a complaint by a model of that label alone; labels are independent."""
    goals = np.array([[one.complaint] for one in heard], np.float32)
    learned = descended(
        Design([one.features for one in heard]), goals, np.ones_like(goals), (), (slice(0, 1),)
    )
    found: list[float] = Design([one.features for one in unheard]).scores(*learned)[:, 0].tolist()
    return found


def decided(model: TopicModel, one: Sentence) -> TopicDecision:
    """The decision of a model on a sentence."""
    return decide(model.topics(one.features), one.features)


def report(model: TopicModel, ours: Sequence[Sentence], *, errors: bool) -> None:
    """Print the figures, in total and by category, and the errors."""
    topics = [model.topics(one.features) for one in ours]
    found = [decide(t, one.features) for t, one in zip(topics, ours, strict=True)]
    print(f"{len(ours)} sentences")
    print(f"  complaint            {measures([t.complaint >= 0.5 for t in topics], ours)}")
    right = [d.category == one.category for d, one in zip(found, ours, strict=True)]
    print(f"  category accuracy    {np.mean(right):.3f}")
    right = [d.intent == one.intent for d, one in zip(found, ours, strict=True)]
    print(f"  intent accuracy      {np.mean(right):.3f}")
    flagged = [bool(d.risk) for d in found]
    risky = [bool(one.risk) for one in ours]
    print(f"  any risk             {precision_recall(flagged, risky)}")
    for kind in RISKS:
        have = [kind in d.risk for d in found]
        want = [kind in one.risk for one in ours]
        if any(want):
            print(f"    {kind:18} {precision_recall(have, want)}")
    for category in CATEGORIES:
        part = [n for n, one in enumerate(ours) if one.category == category]
        wrong = [topics[n].complaint >= 0.5 for n in part]
        own = [ours[n] for n in part]
        hit = np.mean([found[n].category == category for n in part])
        print(f"  {category:18} {len(part):4}  category {hit:.2f}  {measures(wrong, own)}")
    for judged, decided, one in zip(topics, found, ours, strict=True) if errors else ():
        if (judged.complaint >= 0.5) != one.complaint:
            print(f"  complaint {judged.complaint:.2f} {one.text}")
        if bool(decided.risk) != bool(one.risk):
            print(f"  risk {decided.risk} {sorted(one.risk)} {one.text}")


def measures(guessed: Sequence[bool], ours: Sequence[Sentence]) -> str:
    actual = [one.complaint for one in ours]
    accuracy = np.mean(np.array(guessed) == np.array(actual))
    return f"accuracy {accuracy:.3f}, {precision_recall(guessed, actual)}"


def precision_recall(guessed: Sequence[bool], actual: Sequence[bool]) -> str:
    both = sum(g and a for g, a in zip(guessed, actual, strict=True))
    precision = both / max(1, sum(guessed))
    recall = both / max(1, sum(actual))
    return f"recall {recall:.3f}, precision {precision:.3f} ({sum(actual)})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--errors", action="store_true", help="show what was judged wrongly")
    parser.add_argument("--unheard", nargs="+", default=[], help="measure these voices instead")
    options = parser.parse_args()
    started = time.process_time()
    ours = sentences()
    unheard = [one for one in ours if one.author in options.unheard]
    heard = [one for one in ours if not one.held_out and one.author not in options.unheard]
    model = calibrated(train(heard), heard)
    print(f"held out, risk threshold {RISK_FROM}")
    report(model, unheard or [one for one in ours if one.held_out], errors=options.errors)
    if options.write:
        calibrated(train(ours), ours).save(MODEL_FILE)
        print(f"{MODEL_FILE.name}: {MODEL_FILE.stat().st_size / 1e6:.2f} MB")
    print(f"{time.process_time() - started:.0f} s of one core")


if __name__ == "__main__":
    main()
