"""Train the models of complaint, category, intent, harm, relevance and tone.

    python -m benchmarks.train_topics [--pool POOL] [--data FOLDER] [--write]

Needs the extra ``train`` (scikit-learn) and the third-party texts, which stay outside the
repository: ``--pool`` the texts of ``triage_labels.tsv``, ``--data`` the sets of those in
``harm_labels.tsv``. First every example is scored by models that have not seen its fold (a fold
keeps the sentences of one author together); the second stage learns from these scores and the
sentence embeddings. Then the first stage is fitted to all examples. With ``--write`` both are
written; printed are the cross-validated figures on the real texts of the training part. Figures to
publish come from ``benchmarks.triage``, on the held-out part. The sentiment of a text is one of its
features, so train again when the sentiment model changes.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from benchmarks.judge_examples import (
    FOLDS,
    Example,
    harm_examples,
    older_examples,
    pool_examples,
    sentiment_examples,
    voices_examples,
)
from benchmarks.sentiment_data import rows
from benchmarks.sentiment_training import learn
from listeners.judgement import meaning
from listeners.judgement.judge import TextJudge, TextPart
from listeners.judgement.meaning import MeaningModel
from listeners.judgement.sentiment.models import SentimentModel
from listeners.judgement.sentiment.models import load as load_sentiment
from listeners.judgement.topic_features import CELL_BITS, TopicFeatures, dense_names
from listeners.judgement.topics import LABELS, LONE_LABELS, MODEL_FILE, TopicModel

Floats = NDArray[np.float32]
Inputs = Any
"""A sparse matrix of scipy, which has no types, or an array."""

STRENGTHS: Final = {"sentiment": 1.0}
"""Inverse of the ridge on weights (``C`` of scikit-learn), by group."""

STRENGTH: Final = 8.0
"""The same for all others."""

SECOND_STRENGTH: Final = 1.0
DENSE_SCALE: Final = 0.35
"""Scale of the dense features: the smaller, the more their weights are shrunk."""

ODDS_SCALE: Final = 0.25
EMBEDDING_SCALE: Final = 3.0
SCORE_SCALE: Final = 0.2
COMPLAINTS_FROM: Final = -0.3
"""Score of the second stage that becomes even odds of a complaint: by cross-validation, F1 is
within .01 of the best there, and fewer ordinary texts are called complaints."""

_STEPS: Final = 500
_TOLERANCE: Final = 1e-3


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Labels of which exactly one holds, or a single one that holds or not."""

    name: str
    columns: tuple[int, ...]
    names: tuple[str, ...]
    """Names of the shares, column by column; for a single label only ``yes``."""


def groups() -> list[Group]:
    """The groups of LABELS, in order."""
    found: dict[str, list[int]] = {}
    for place, label in enumerate(LABELS):
        kind = label.partition(".")[0]
        found.setdefault(label if kind == "risk" else kind, []).append(place)
    return [
        Group(
            name=name,
            columns=tuple(places),
            names=("yes",)
            if len(places) == 1
            else tuple(LABELS[place].partition(".")[2] for place in places),
        )
        for name, places in found.items()
    ]


class Features:
    """Features of many texts as sparse n-grams and dense columns.

    A text that quotes another becomes two examples, as the judge reads it in two parts: complaint,
    intent and tone are learned from the author's own words alone; all else, from both where it
    does not hold, and from the longer part where it does.
    """

    def __init__(self, examples: Sequence[Example], unseen: SentimentModel) -> None:
        """``unseen``: a sentiment model that has not seen the texts of public sets."""
        shipped = TextJudge(load_sentiment("linear"), encoder=None)
        fair = TextJudge(unseen, encoder=None)
        self.examples: list[Example] = []
        texts = list[TopicFeatures]()
        for one in examples:
            judge = fair if list(one.goals) == ["sentiment"] else shipped
            for part, example in _in_parts(one, *judge.parts(one.text)):
                texts.append(part.features)
                self.examples.append(example)
        self.grams = _grams(texts)
        self.scale = np.array(
            [ODDS_SCALE if name.endswith("_odds") else DENSE_SCALE for name in dense_names()],
            np.float32,
        )
        self.dense = np.stack([one.dense for one in texts]) * self.scale
        self.whole = hstack([self.grams, csr_matrix(self.dense)]).tocsr()


_OWN_GOALS: Final = {"complaint", "intent", "sentiment"}


def _in_parts(
    example: Example, own: TextPart | None, quoted: TextPart | None
) -> Iterator[tuple[TextPart, Example]]:
    for part, other in ((own, quoted), (quoted, own)):
        if part is None:
            continue
        is_longer = other is None or (len(part.text), part is own) > (len(other.text), other is own)
        goals = {
            name: shares
            for name, shares in example.goals.items()
            if (part is own if name in _OWN_GOALS else is_longer or shares.get("no") == 1.0)
        }
        if goals:
            yield part, replace(example, text=part.text, goals=goals)


def _grams(texts: Sequence[TopicFeatures]) -> csr_matrix:
    sizes = np.array([len(one.cells) for one in texts])
    return csr_matrix(
        (
            np.repeat(1 / np.sqrt(sizes), sizes).astype(np.float32),
            np.concatenate([one.cells for one in texts]).astype(np.int64),
            np.concatenate([[0], np.cumsum(sizes)]),
        ),
        shape=(len(texts), 1 << CELL_BITS),
    )


def fit(
    inputs: Inputs, examples: Sequence[Example], group: Group, strength: float
) -> tuple[Floats, Floats]:
    """Weights of shape (inputs, columns of the group) and a bias a column."""
    rows, targets, weights = list[int](), list[int](), list[float]()
    names = (*group.names, "no") if len(group.names) == 1 else group.names
    for row, one in enumerate(examples):
        shares = one.goals.get(group.name)
        if shares is None and group.name.startswith("risk."):
            # A kind that is not named is known to be absent where harm is labelled.
            shares = {"no": 1.0} if "harm" in one.goals else None
        weight = one.weights.get(group.name, one.weights.get("harm", 1.0))
        for name, share in (shares or {}).items():
            if share * weight > 0:
                rows.append(row)
                targets.append(names.index(name))
                weights.append(share * weight)
    model = LogisticRegression(C=strength, max_iter=_STEPS, tol=_TOLERANCE)
    model.fit(inputs[rows], targets, sample_weight=weights)
    found = np.zeros((inputs.shape[1], len(names)), np.float32)
    bias = np.full(len(names), -20.0, np.float32)
    if len(model.classes_) == 2:
        sign = -1.0 if len(group.names) == 1 else 1.0
        # scikit-learn gives one column, for the second class.
        found[:, 0], bias[0] = sign * model.coef_[0], sign * model.intercept_[0]
        return found[:, : len(group.names)], bias[: len(group.names)]
    for column, name in enumerate(model.classes_):
        found[:, name], bias[name] = model.coef_[column], model.intercept_[column]
    return found, bias


Fitted = tuple[Floats, Floats]


def fit_all(inputs: Inputs, examples: Sequence[Example], strength: float | None = None) -> Fitted:
    """Weights and bias of all labels; by default with the strengths of the first stage."""
    weights = np.zeros((inputs.shape[1], len(LABELS)), np.float32)
    bias = np.zeros(len(LABELS), np.float32)
    for group in groups():
        columns = list(group.columns)
        by = STRENGTHS.get(group.name, STRENGTH) if strength is None else strength
        weights[:, columns], bias[columns] = fit(inputs, examples, group, by)
    return weights, bias


def cross_fitted(
    inputs: Inputs, examples: Sequence[Example], strength: float | None = None
) -> Floats:
    """Scores of every example by a fit to the other folds, shape (examples, labels)."""
    folds = np.array([one.fold for one in examples])
    found = np.zeros((len(examples), len(LABELS)), np.float32)
    for fold in range(FOLDS):
        others = np.flatnonzero(folds != fold).tolist()
        weights, bias = fit_all(inputs[others], [examples[i] for i in others], strength)
        unseen = np.flatnonzero(folds == fold)
        found[unseen] = inputs[unseen] @ weights + bias
        print(f"fold {fold + 1} of {FOLDS}", flush=True)
    return found


def first_stage(fitted: Fitted, scale: Floats) -> TopicModel:
    """The model with weights of one byte."""
    weights, bias = fitted
    cells = 1 << CELL_BITS
    table = weights[:cells]
    unit = np.maximum(np.abs(table).max(axis=0), 1e-6) / 127
    return TopicModel(
        table=np.round(table / unit).astype(np.int8),
        unit=unit.astype(np.float32),
        dense=(weights[cells:] * scale[:, None]).astype(np.float32),
        bias=bias,
    )


def second_inputs(scores: Floats, embeddings: Floats) -> Floats:
    return np.hstack([scores * SCORE_SCALE, embeddings * EMBEDDING_SCALE])


def second_stage(fitted: Fitted) -> MeaningModel:
    weights, bias = fitted
    return MeaningModel(
        scores=weights[: len(LABELS)] * SCORE_SCALE,
        embedding=weights[len(LABELS) :] * EMBEDDING_SCALE,
        bias=bias,
        labels=LABELS,
    )


def with_complaints_from(fitted: Fitted, second: Fitted, score: float) -> tuple[Fitted, Fitted]:
    """Both stages with their scores of complaints lowered by ``score``, which becomes even odds."""
    (weights, bias), (second_weights, second_bias) = fitted, second
    bias, second_bias = bias.copy(), second_bias.copy()
    bias[0] -= score
    # The second stage was fitted to the first scores as they were.
    second_bias += score * SCORE_SCALE * second_weights[0]
    second_bias[0] -= score
    return (weights, bias), (second_weights, second_bias)


def best_f1(scores: Floats, actual: NDArray[np.bool_]) -> tuple[float, float]:
    """The best F1 and the score from which it is reached."""
    order = np.argsort(-scores)
    both = np.cumsum(actual[order])
    f1 = 2 * both / (np.arange(1, len(order) + 1) + actual.sum())
    place = int(f1.argmax())
    return float(f1[place]), float(scores[order][place])


def report(name: str, scores: Floats, examples: Sequence[Example]) -> None:
    """Print figures on the texts of the triage pool."""
    pool = [row for row, one in enumerate(examples) if one.source == "pool"]
    sure = [row for row in pool if _share_of("complaint", examples[row]) in {0.0, 1.0}]
    actual = np.array([examples[row].goals["complaint"]["yes"] == 1.0 for row in sure])
    f1, threshold = best_f1(scores[sure, 0], actual)
    print(f"{name}: complaint F1 {f1:.3f} from a score of {threshold:.2f}", flush=True)
    for group in groups():
        if len(group.columns) == 1:
            continue
        rows = [row for row in pool if group.name in examples[row].goals]
        if group.name == "category":
            rows = [row for row in rows if _share_of("complaint", examples[row]) == 1.0]
        guess = scores[np.ix_(rows, list(group.columns))].argmax(axis=1)
        right = [
            group.names[place] in examples[row].goals[group.name]
            for place, row in zip(guess, rows, strict=True)
        ]
        print(f"  {group.name:12} {np.mean(right):.3f} of {len(rows)}", flush=True)
    for label in LONE_LABELS[1:]:
        rows = [row for row in pool if _share_of(label, examples[row]) in {0.0, 1.0}]
        actual = np.array([examples[row].goals[label]["yes"] == 1.0 for row in rows])
        f1, threshold = best_f1(scores[rows, LABELS.index(label)], actual)
        print(f"  {label:12} F1 {f1:.3f} from {threshold:.2f} ({actual.sum()})", flush=True)


def _share_of(label: str, example: Example) -> float | None:
    return example.goals.get(label, {}).get("yes")


def embeddings(examples: Sequence[Example], encode: Callable[[Sequence[str]], Floats]) -> Floats:
    """The embedding of each text, in batches of texts of similar length."""
    order = sorted(range(len(examples)), key=lambda place: len(examples[place].text))
    found = np.zeros((len(examples), meaning.DIMENSIONS), np.float32)
    for start in range(0, len(order), meaning.BATCH):
        places = order[start : start + meaning.BATCH]
        found[places] = encode([examples[place].text for place in places])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", type=Path, default=Path("../shared/data/triage/pool.jsonl.gz"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data/sentiment"))
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    for path in (options.pool, options.data):
        if not path.exists():
            sys.exit(f"{path} is not there. The texts are third-party; see TRIAGE.md.")
    started = time.process_time()
    examples = [
        *pool_examples(options.pool),
        *harm_examples(options.data),
        *voices_examples(),
        *older_examples(),
        *sentiment_examples(options.data),
    ]
    features = Features(examples, learn(rows(options.data)))
    examples = features.examples
    print(f"{len(examples)} examples", flush=True)
    scores = cross_fitted(features.whole, examples)
    report("first stage", scores, examples)
    vectors = embeddings(examples, meaning.load_encoder())
    inputs = second_inputs(scores, vectors)
    report("second stage", cross_fitted(inputs, examples, SECOND_STRENGTH), examples)
    if options.write:
        first, second = with_complaints_from(
            fit_all(features.whole, examples),
            fit_all(inputs, examples, SECOND_STRENGTH),
            COMPLAINTS_FROM,
        )
        first_stage(first, features.scale).save(MODEL_FILE)
        second_stage(second).save(meaning.MODEL_FILE)
        for file in (MODEL_FILE, meaning.MODEL_FILE):
            print(f"{file.name}: {file.stat().st_size / 1e6:.2f} MB")
    print(f"{time.process_time() - started:.0f} s of one core")


if __name__ == "__main__":
    main()
