"""The words that can tell one matter from another, each with how telling its form is.

Topics, places and names weigh more than plain words. Chinese is not cut into words: its runs of
four characters serve, since shorter ones coincide by chance between any two long posts.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import numpy as np

TAG: Final = 1.5
NAME: Final = 1.2
PLAIN: Final = 1.0
RUN: Final = 0.5
MAX_WORDS: Final = 120
"""Words looked at in one text ..."""
MAX_RUNS: Final = 40
"""... and runs of Chinese characters."""
USUAL: Final = 15.0
"""Total weight of a short post; a longer one must share in proportion more."""
STRICT: Final = 8.0
"""How much more of a Chinese text must be shared than of a Latin one ..."""
SAME_CATEGORY: Final = 2.0
"""... and how much where both are known to be of one category, which makes chance less likely."""

_MIX: Final = np.array([0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F], np.uint32)
_LATIN: Final = re.compile(r"#?[A-Za-z0-9_][A-Za-z0-9_']*")
_RUN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]{4,}")
_TOPIC: Final = re.compile(r"#([^#\s]{2,30})#")
_PLACE: Final = re.compile(r"[\u4e00-\u9fff]{2,4}(?:分店|店|超市|广场)")
_HUMP: Final = re.compile(r"[A-Z][a-z]+|[A-Z]+(?![a-z])")


@dataclass(frozen=True, kw_only=True, slots=True)
class SalientWords:
    """The telling words of one text."""

    words: dict[str, float]
    """Each with the weight of its form."""
    length: float
    """How many times as much as a short post this one must share; at least 1."""


def salient_words(text: str, *, categorised: bool) -> SalientWords:
    """The telling words of a text; ``categorised``: it is compared within one category only."""
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
    strict = SAME_CATEGORY if categorised else STRICT
    length = max(1.0, (latin + strict * RUN * len(runs)) / USUAL)
    return SalientWords(words=dict.fromkeys(runs, RUN) | found, length=length)


def _runs(text: str) -> list[str]:
    """Runs of four Chinese characters; of many, the same ones whatever text they stand in."""
    runs = [run[place : place + 4] for run in _RUN.findall(text) for place in range(len(run) - 3)]
    if len(runs) <= MAX_RUNS:
        return runs
    raw = "".join(runs).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(raw, np.uint32).reshape(-1, 4)
    lowest = np.argpartition((codes * _MIX).sum(axis=1, dtype=np.uint32), MAX_RUNS)[:MAX_RUNS]
    return [runs[place] for place in lowest.tolist()]


@cache
def common_words() -> frozenset[str]:
    """English words that tell nothing."""
    path = resources.files("listeners.spread") / "common_words.txt"
    return frozenset(path.read_text(encoding="utf-8").split())


MAX_CHARACTERS: Final = 4000
"""Characters looked at; what follows in a longer text adds nothing to knowing it again."""


_NOISE: Final = re.compile(
    r"https?://\S+|回复@[^:：\s]{1,40}[:：]|@[\w\-\u4e00-\u9fff]{1,40}[:：]?|\[[^\[\]\s]{1,8}\]"
)


_WORD: Final = re.compile(r"[^\W_]+")


def original_text(text: str) -> str:
    """What a repost is about: the longest part of a ``//@name:`` chain, without names and links."""
    text = text[:MAX_CHARACTERS]
    if "//@" in text or "//＠" in text:
        text = max((_NOISE.sub(" ", part) for part in re.split(r"//(?=[@＠])", text)), key=_letters)
    return _NOISE.sub(" ", text)


def _letters(text: str) -> int:
    return sum(len(word) for word in _WORD.findall(text))
