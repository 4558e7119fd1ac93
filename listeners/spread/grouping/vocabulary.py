"""The words of a post that can tell one incident from another.

``original_text`` removes what a repost adds; ``content_words`` are compared with the language of an
incident (``relevance.py``); ``salient_words`` carry a weight by their form and are compared with
word profiles (``word_index.py``).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import numpy as np

MAX_CHARACTERS: Final = 4000
"""Characters of a text that are looked at."""
TAG: Final = 1.5
NAME: Final = 1.2
PLAIN: Final = 1.0
RUN: Final = 0.5
MAX_WORDS: Final = 120
"""Salient words taken from one text ..."""
MAX_RUNS: Final = 40
"""... and runs of Chinese characters."""
SHORT_POST: Final = 15.0
"""Total weight of a short post; a longer one must share proportionally more."""
STRICT: Final = 8.0
"""Multiple of a Latin text's share that a Chinese one must have in common ..."""
STRICT_IN_CATEGORY: Final = 2.0
"""... and within one category, which makes coincidence less likely."""

WORD: Final = re.compile(r"[^\W_]+")
_NOISE: Final = re.compile(
    r"https?://\S+|回复@[^:：\s]{1,40}[:：]|@[\w\-\u4e00-\u9fff]{1,40}[:：]?|\[[^\[\]\s]{1,8}\]"
)
_MIX: Final = np.array([0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F], np.uint32)
_LATIN: Final = re.compile(r"#?[A-Za-z0-9_][A-Za-z0-9_']*")
_RUN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]{4,}")
_TOPIC: Final = re.compile(r"#([^#\s]{2,30})#")
_PLACE: Final = re.compile(r"[\u4e00-\u9fff]{2,4}(?:分店|店|超市|广场)")
_HUMP: Final = re.compile(r"[A-Z][a-z]+|[A-Z]+(?![a-z])")
_CONTENT_LATIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9']{2,}")
_CONTENT_CHINESE: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]{2,}")
_MAX_CONTENT_WORDS: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class SalientWords:
    """The salient words of one text."""

    words: dict[str, float]
    """Each with the weight of its form."""
    length: float
    """Multiple of a short post's shared weight that this text needs; at least 1."""


def original_text(text: str) -> str:
    """The text that a repost is about, without links, ``@names`` and ``[emoticons]``.

    Of a chain of reposts (``comment//@name:text//@name:text``) it is the longest part.
    """
    text = text[:MAX_CHARACTERS]
    if "//@" in text or "//＠" in text:
        text = max((_NOISE.sub(" ", part) for part in re.split(r"//(?=[@＠])", text)), key=_letters)
    return _NOISE.sub(" ", text)


def name_patterns(names: Mapping[str, Iterable[str]]) -> dict[str, re.Pattern[str]]:
    """One pattern per brand that matches all its names; brands without a name are left out."""
    return {
        brand: re.compile("|".join(map(re.escape, called)), re.IGNORECASE)
        for brand, terms in names.items()
        if (called := sorted((term for term in terms if term), key=len, reverse=True))
    }


def content_words(text: str, names: re.Pattern[str] | None) -> frozenset[str]:
    """Latin words and pairs of Chinese characters, without the brand's own ``names``."""
    said = original_text(text)
    if names is not None:
        said = names.sub(" ", said)
    latin = _CONTENT_LATIN.findall(said)[:_MAX_CONTENT_WORDS]
    found = {word.casefold() for word in latin} - common_words()
    for run in _CONTENT_CHINESE.findall(said):
        found.update(run[place : place + 2] for place in range(len(run) - 1))
        if len(found) >= _MAX_CONTENT_WORDS:
            break
    return frozenset(found)


def salient_words(text: str, *, categorised: bool) -> SalientWords:
    """The salient words of a text, weighted by their form.

    Hashtags, topics, places and capitalised names weigh more than plain words. Chinese is not cut
    into words: its runs of four characters serve, since shorter ones coincide by chance between any
    two long posts. ``categorised``: the text is compared within one category only.
    """
    found: dict[str, float] = {}
    for topic in _TOPIC.findall(text):
        found[topic.casefold()] = TAG
    for place in _PLACE.findall(text):
        found[place] = NAME
    for word in _LATIN.findall(text):
        bare = word.lstrip("#").casefold().removesuffix("'s")
        if len(bare) < 3 or bare in common_words():
            continue
        if word[0] == "#":
            found[bare] = TAG
            for hump in _HUMP.findall(word):
                part = hump.casefold()
                if len(part) >= 3 and part not in common_words():
                    found.setdefault(part, PLAIN)
        else:
            found[bare] = max(NAME if word[0].isupper() else PLAIN, found.get(bare, 0.0))
        if len(found) >= MAX_WORDS:
            break
    latin = sum(found.values())
    runs = _runs(text)
    strict = STRICT_IN_CATEGORY if categorised else STRICT
    length = max(1.0, (latin + strict * RUN * len(runs)) / SHORT_POST)
    return SalientWords(words=dict.fromkeys(runs, RUN) | found, length=length)


@cache
def common_words() -> frozenset[str]:
    """English stop words."""
    path = resources.files("listeners.spread.grouping") / "common_words.txt"
    return frozenset(path.read_text(encoding="utf-8").split())


def _letters(text: str) -> int:
    return sum(len(word) for word in WORD.findall(text))


def _runs(text: str) -> list[str]:
    """Runs of four Chinese characters; of many, a sample by hash that is the same in any text."""
    runs = [run[place : place + 4] for run in _RUN.findall(text) for place in range(len(run) - 3)]
    if len(runs) <= MAX_RUNS:
        return runs
    raw = "".join(runs).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(raw, np.uint32).reshape(-1, 4)
    lowest = np.argpartition((codes * _MIX).sum(axis=1, dtype=np.uint32), MAX_RUNS)[:MAX_RUNS]
    return [runs[place] for place in lowest.tolist()]
