"""Texts that are copies of each other, found without comparing every pair.

MinHash over character 3-grams (where the text is Chinese, Japanese or Korean) or words and pairs
of words (elsewhere): 64 hashes in 32 bands of 2 rows propose candidates, and the share of common
grams decides. *Containment*, |A ∩ B| / min(|A|, |B|), finds a repost that cut or extended the text;
for texts under eight grams, where everything is contained in something, it is Jaccard's share.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

HASHES: Final = 64
BANDS: Final = 32
SIMILAR: Final = 0.6
FEW: Final = 8
LONGEST: Final = 4000
"""Characters looked at; what follows in a longer text adds nothing to knowing it again."""

_DRAW: Final = np.random.Generator(np.random.PCG64(20150810))
_ODD: Final = _DRAW.integers(0, 1 << 64, HASHES, dtype=np.uint64) | np.uint64(1)
_ADD: Final = _DRAW.integers(0, 1 << 64, HASHES, dtype=np.uint64)
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_BAND: Final = _DRAW.integers(0, 1 << 64, (2, BANDS), dtype=np.uint64) | np.uint64(1)
_PLACES: Final = _DRAW.integers(0, 1 << 64, 3, dtype=np.uint64) | np.uint64(1)
_SHIFT: Final = np.uint64(32)

_NOISE: Final = re.compile(
    r"https?://\S+|回复@[^:：\s]{1,40}[:：]|@[\w\-\u4e00-\u9fff]{1,40}[:：]?|\[[^\[\]\s]{1,8}\]"
)
_WORD: Final = re.compile(r"[^\W_]+")
_CJK: Final = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sketch:
    """What is remembered of a text to know it again."""

    grams: frozenset[int]
    bands: tuple[int, ...]
    """One key a band; texts that share any are candidates. Empty for a text without words."""


def own_words(text: str) -> str:
    """What a repost is about: the longest part of a ``//@name:`` chain, without names and links."""
    text = text[:LONGEST]
    if "//@" in text or "//＠" in text:
        text = max((_NOISE.sub(" ", part) for part in re.split(r"//(?=[@＠])", text)), key=_letters)
    return _NOISE.sub(" ", text)


def sketch(text: str) -> Sketch:
    """The sketch of ``own_words(text)``; never raises for what the text contains."""
    words = _WORD.findall(own_words(text).lower())
    grams = _grams(words)
    if not len(grams):
        return Sketch(grams=frozenset(), bands=())
    rows = (grams[:, None] * _ODD + _ADD).min(axis=0)
    pairs = rows.reshape(2, BANDS)
    keys = pairs[0] * _BAND[0] + pairs[1] * _BAND[1]
    return Sketch(grams=frozenset(grams.tolist()), bands=tuple(keys.tolist()))


def likeness(one: Sketch, other: Sketch) -> float:
    """From 0 to 1; from ``SIMILAR`` on the two are the same text."""
    small = min(len(one.grams), len(other.grams))
    if not small:
        return 0.0
    common = len(one.grams & other.grams)
    if small < FEW:
        return common / (len(one.grams) + len(other.grams) - common)
    return common / small


def _letters(text: str) -> int:
    return sum(len(word) for word in _WORD.findall(text))


def _grams(words: Sequence[str]) -> Words:
    """64-bit hashes of the grams."""
    joined = "".join(words)
    if len(_CJK.findall(joined)) * 4 >= len(joined):
        return _triples(joined)
    codes = np.array(
        [zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in words], np.uint64
    )
    singles = codes * _PLACES[0]
    pairs = codes[:-1] * _PLACES[1] + codes[1:] * _PLACES[2]
    return _mixed(np.concatenate([singles, pairs]))


def _triples(text: str) -> Words:
    raw = text.encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(raw, np.uint32).astype(np.uint64)
    if len(codes) < 3:
        return _mixed(codes * _PLACES[0])
    return _mixed(codes[:-2] * _PLACES[0] + codes[1:-1] * _PLACES[1] + codes[2:] * _PLACES[2])


def _mixed(values: Words) -> Words:
    values = (values ^ (values >> _SHIFT)) * _MIX
    return values ^ (values >> _SHIFT)
