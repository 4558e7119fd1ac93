"""Features of a text for the models of topics and offence: hashed n-grams and dense features."""

import math
import re
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
from listeners.judgement.ngrams import Hashes, ngrams

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
    layout = _layout()
    found: dict[str, list[Hit]] = {}
    for hit in layout.lexicon.hits(folded):
        found.setdefault(layout.lists[hit.label], []).append(hit)
    hits = {name: tuple(longest(found[name])) if name in found else () for name in _KEPT_LISTS}
    values = np.zeros(len(layout.names), np.float32)
    for name in _LISTS:
        listed = hits[name]
        for label, _ in {(hit.label, hit.word) for hit in listed}:
            values[layout.place[label]] += 1
    np.minimum(values, _MAX_COUNT, out=values)
    harm = named_risks(found[_HARM], prefix=f"{_HARM}.") if _HARM in found else ()
    for risk in harm:
        values[layout.place[f"risk.{risk.kind}"]] = 1.0
    last = len(values) - len(_GENERAL)
    for name in offer_signals(folded):
        values[layout.place[f"offer.{name}"]] = 1.0
    values[last:] = (
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
    hashes = ngrams(_DIGIT.sub("0", folded))
    cells = hashes >> _SHIFT
    first = np.empty(len(cells), np.bool_)
    first[0] = True
    np.not_equal(cells[1:], cells[:-1], out=first[1:])
    return TopicFeatures(
        grams=hashes,
        cells=cells[first],
        dense=values,
        hits=hits,
        risks=harm,
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
