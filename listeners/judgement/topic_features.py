"""Features of a text for the models of topics and offence: hashed n-grams and dense features."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.model.judgement import Probabilities
from core.taxonomy import RISKS
from listeners.judgement.lexicon import (
    Hit,
    NamedRisk,
    WordIndex,
    longest,
    named_risks,
    risk_words,
    word_lists,
)
from listeners.judgement.ngrams import Hashes, first_of_each, ngrams_of_all

_PATTERNS: Final = {
    "link": r"https?://|www\.|\bt\.me/|\bbit\.ly/",
    "contact": (
        r"(?:微信|薇信|威信|vx|v信|wx|q群|qq群?|企鹅|飞机|电报|telegram|whatsapp|skype)号?"
        r"\W{0,3}(?=[a-z_-]{0,12}\d)[a-z0-9_-]{5,20}"
        r"|[加\+]\W?我?(?:v|微|薇|q)(?!博)"
        r"|\b(?:dm|message|whatsapp) me\b"
    ),
}
_SIGNAL_PATTERNS: Final = tuple((name, re.compile(pattern)) for name, pattern in _PATTERNS.items())

OFFER_SIGNALS: Final = tuple(_PATTERNS)
"""Signals of an advertisement: an address, a contact."""


CELL_BITS: Final = 15
"""Base-2 logarithm of the number of cells of the topic model."""

_SHIFT: Final = np.uint32(32 - CELL_BITS)
_DIGIT: Final = re.compile(r"\d")
_LISTS: Final = ("complaint", "category", "intent")
INSULT: Final = "insult"
"""The list whose words only the model of offence counts."""

_HARM: Final = "harm"
_KEPT_LISTS: Final = (*_LISTS, INSULT)
_GENERAL: Final = (
    "asks",
    "shouts",
    "short",
    "negative",
    "neutral",
    "positive",
    "negative_odds",
    "neutral_odds",
    "positive_odds",
)
_MAX_COUNT: Final = 3
_LEAST_SHARE: Final = 1e-3


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicFeatures:
    """The features of one text, and the listed words in it."""

    grams: Hashes
    """Distinct hashes of the n-grams, ascending."""
    cells: NDArray[np.uint32]
    """Their distinct cells, ascending."""
    dense: NDArray[np.float32]
    """In the order of ``dense_names``."""
    hits: dict[str, tuple[Hit, ...]]
    """By word list; their labels are ``LIST.LABEL``."""
    risks: tuple[NamedRisk, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Layout:
    """One index for all word lists, and the order of the dense features."""

    lexicon: WordIndex
    names: tuple[str, ...]
    place: dict[str, int]
    """Index of each dense feature."""
    lists: dict[str, str]
    """The list of each label of the lexicon."""


def dense_names() -> tuple[str, ...]:
    """Names of the dense features, in order."""
    return _layout().names


def topic_features(folded: str, sentiment: Probabilities) -> TopicFeatures:
    """Compute the features of a readable, case-folded text with its sentiment."""
    (found,) = topic_features_of_all((folded,), (sentiment,))
    return found


def topic_features_of_all(
    folded: Sequence[str], sentiments: Sequence[Probabilities]
) -> list[TopicFeatures]:
    """As ``topic_features`` for each text; faster together."""
    if not folded:
        return []
    batch = ngrams_of_all([_DIGIT.sub("0", text) for text in folded])
    cells = batch.distinct >> _SHIFT
    kept = first_of_each(cells, batch.starts)
    counts = np.add.reduceat(kept, batch.starts, dtype=np.int64)
    distinct = cells[kept]
    bounds = [0, *counts.cumsum().tolist()]
    starts = [*batch.starts.tolist(), len(batch.distinct)]
    dense = np.zeros((len(folded), len(dense_names())), np.float32)
    dense[:, -len(_GENERAL) :] = list(map(_general, folded, sentiments))
    found = []
    for place, text in enumerate(folded):
        hits, risks = _listed(text, dense[place])
        found.append(
            TopicFeatures(
                grams=batch.distinct[starts[place] : starts[place + 1]],
                cells=distinct[bounds[place] : bounds[place + 1]],
                dense=dense[place],
                hits=hits,
                risks=risks,
            )
        )
    return found


def _listed(
    folded: str, values: NDArray[np.float32]
) -> tuple[dict[str, tuple[Hit, ...]], tuple[NamedRisk, ...]]:
    """The listed words and the harm that they name; fills in their features."""
    layout = _layout()
    found: dict[str, list[Hit]] = {}
    for hit in layout.lexicon.hits(folded):
        found.setdefault(layout.lists[hit.label], []).append(hit)
    hits = {name: tuple(longest(found[name])) if name in found else () for name in _KEPT_LISTS}
    counts: dict[str, int] = {}
    for name in _LISTS:
        for label, _ in {(hit.label, hit.word) for hit in hits[name]}:
            counts[label] = counts.get(label, 0) + 1
    for label, count in counts.items():
        values[layout.place[label]] = min(count, _MAX_COUNT)
    harm = named_risks(found[_HARM], prefix=f"{_HARM}.") if _HARM in found else ()
    for risk in harm:
        values[layout.place[f"risk.{risk.kind}"]] = 1.0
    for name in offer_signals(folded):
        values[layout.place[f"offer.{name}"]] = 1.0
    return hits, harm


def _general(folded: str, sentiment: Probabilities) -> tuple[float, ...]:
    return (
        "?" in folded,
        "!" in folded,
        len(folded) < 12,
        2 * sentiment.negative,
        2 * sentiment.neutral,
        2 * sentiment.positive,
        _log_odds(sentiment.negative),
        _log_odds(sentiment.neutral),
        _log_odds(sentiment.positive),
    )


def _log_odds(share: float) -> float:
    return math.log((share + _LEAST_SHARE) / (1 - share + _LEAST_SHARE))


@cache
def _layout() -> _Layout:
    words = {f"{name}.{label}": of for name in _LISTS for label, of in word_lists(name).items()}
    names = (
        *words,
        *(f"risk.{kind}" for kind in RISKS),
        *(f"offer.{name}" for name in OFFER_SIGNALS),
        *_GENERAL,
    )
    insults = {f"{INSULT}.{label}": of for label, of in word_lists(INSULT).items()}
    harm = {f"{_HARM}.{label}": of for label, of in risk_words().items()}
    listed = words | insults | harm
    return _Layout(
        lexicon=WordIndex(listed),
        names=names,
        place={name: number for number, name in enumerate(names)},
        lists={label: label.partition(".")[0] for label in listed},
    )


def offer_signals(folded: str) -> tuple[str, ...]:
    """The signals of an advertisement in a readable, case-folded text."""
    return tuple(name for name, found in _SIGNAL_PATTERNS if found.search(folded))
