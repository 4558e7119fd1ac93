"""TOPIC FEATURES"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.judgement import Probabilities
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
"""Kinds of signs: an address, a way to get in touch."""


def offer_signals(folded: str) -> tuple[str, ...]:
    """The kinds of signs in a readable, case-folded text."""
    return tuple(name for name, found in _SIGNAL_PATTERNS if found.search(folded))


CELL_BITS: Final = 15
"""The hashed n-grams fall into two to the power of so many cells."""

_SHIFT: Final = np.uint32(32 - CELL_BITS)
_DIGIT: Final = re.compile(r"\d")
_LISTS: Final = ("complaint", "category", "intent")
INSULT: Final = "insult"
"""The list whose words the model of offence counts; complaints and topics do without it."""

_HARM: Final = "harm"
_KEPT_LISTS: Final = (*_LISTS, INSULT)
_GENERAL: Final = ("asks", "shouts", "short", "negative", "neutral", "positive")
_MAX_COUNT: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicFeatures:
    """One text as the models see it, and the words that were found on the way."""

    grams: Hashes
    """Hashes of the n-grams, ascending, each once."""
    cells: NDArray[np.uint32]
    """The cells of those, ascending, each once."""
    dense: NDArray[np.float32]
    """In the order of ``dense_names``."""
    hits: dict[str, tuple[Hit, ...]]
    """By word list; labels are ``LIST.LABEL``."""
    risks: tuple[NamedRisk, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """All word lists as one, so that a text is looked through once."""

    lexicon: WordIndex
    names: tuple[str, ...]
    place: dict[str, int]
    """Of each name in the dense features."""
    lists: dict[str, str]
    """The list of each label of the lexicon."""


def dense_names() -> tuple[str, ...]:
    """What each dense feature is."""
    return _known().names


def topic_features(folded: str, sentiment: Probabilities) -> TopicFeatures:
    """Features of a readable, case-folded text with its sentiment."""
    known = _known()
    found: dict[str, list[Hit]] = {}
    for hit in known.lexicon.hits(folded):
        found.setdefault(known.lists[hit.label], []).append(hit)
    hits = {name: tuple(longest(found[name])) if name in found else () for name in _KEPT_LISTS}
    values = np.zeros(len(known.names), np.float32)
    for name in _LISTS:
        listed = hits[name]
        for label, _ in {(hit.label, hit.word) for hit in listed}:
            values[known.place[label]] += 1
    np.minimum(values, _MAX_COUNT, out=values)
    harm = named_risks(found[_HARM], prefix=f"{_HARM}.") if _HARM in found else ()
    for risk in harm:
        values[known.place[f"risk.{risk.kind}"]] = 1.0
    last = len(values) - len(_GENERAL)
    for name in offer_signals(folded):
        values[known.place[f"offer.{name}"]] = 1.0
    values[last:] = (
        "?" in folded,
        "!" in folded,
        len(folded) < 12,
        2 * sentiment.negative,
        2 * sentiment.neutral,
        2 * sentiment.positive,
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


@cache
def _known() -> _Known:
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
    return _Known(
        lexicon=WordIndex(listed),
        names=names,
        place={name: number for number, name in enumerate(names)},
        lists={label: label.partition(".")[0] for label in listed},
    )
