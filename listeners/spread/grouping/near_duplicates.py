"""Texts that are copies of each other, found without comparing every pair.

MinHash over character 3-grams (where the text is Chinese, Japanese or Korean) or words and pairs
of words (elsewhere): 64 hashes in 32 bands of 2 rows propose candidates, and the share of common
grams decides. *Containment*, |A ∩ B| / min(|A|, |B|), finds a repost that cut or extended the text;
for texts under eight grams, where everything is contained in something, it is Jaccard's share.
"""

import re
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray


from listeners.spread.grouping.words import _WORD, original_text

Words = NDArray[np.uint64]

HASHES: Final = 64
BANDS: Final = 32
MIN_CONTAINMENT: Final = 0.6
MIN_GRAMS: Final = 8

_DRAW: Final = np.random.Generator(np.random.PCG64(20150810))
_ODD: Final = _DRAW.integers(0, 1 << 64, HASHES, dtype=np.uint64) | np.uint64(1)
_ADD: Final = _DRAW.integers(0, 1 << 64, HASHES, dtype=np.uint64)
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_BAND: Final = _DRAW.integers(0, 1 << 64, (2, BANDS), dtype=np.uint64) | np.uint64(1)
_PLACES: Final = _DRAW.integers(0, 1 << 64, 3, dtype=np.uint64) | np.uint64(1)
_SHIFT: Final = np.uint64(32)

_CJK: Final = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sketch:
    """What is remembered of a text to know it again."""

    grams: frozenset[int]
    bands: tuple[int, ...]
    """One key a band; texts that share any are candidates. Empty for a text without words."""


def sketch(text: str) -> Sketch:
    """The sketch of ``original_text(text)``; never raises for what the text contains."""
    words = _WORD.findall(original_text(text).lower())
    grams = _grams(words)
    if not len(grams):
        return Sketch(grams=frozenset(), bands=())
    rows = (grams[:, None] * _ODD + _ADD).min(axis=0)
    pairs = rows.reshape(2, BANDS)
    keys = pairs[0] * _BAND[0] + pairs[1] * _BAND[1]
    return Sketch(grams=frozenset(grams.tolist()), bands=tuple(keys.tolist()))


def containment(one: Sketch, other: Sketch) -> float:
    """From 0 to 1; from ``MIN_CONTAINMENT`` on the two are the same text."""
    small = min(len(one.grams), len(other.grams))
    if not small:
        return 0.0
    common = len(one.grams & other.grams)
    if small < MIN_GRAMS:
        return common / (len(one.grams) + len(other.grams) - common)
    return common / small


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


BUCKET: Final = 8
"""Sketches kept under one band key; the newest win."""


KNOWN_WELL: Final = 0.95
"""A text this much like a kept one need not be kept as well."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    post: str
    incident: str
    sketch: Sketch
    at: float


class CopyIndex:
    """Sketches by band; memory is bounded by ``most`` sketches and by time."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._buckets: dict[int, list[int]] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, sketch: Sketch, at: float) -> tuple[str | None, float]:
        """The incident of the post whose copy this is, with the likeness; or ``None``.

        Finding it keeps it from being forgotten.
        """
        best, most = None, 0.0
        seen: set[int] = set()
        for key in sketch.bands:
            for number in self._buckets.get(key, ()):
                if number in seen:
                    continue
                seen.add(number)
                share = containment(sketch, self._kept[number].sketch)
                if share > most:
                    best, most = number, share
            if most >= KNOWN_WELL:
                break
        if best is None or most < MIN_CONTAINMENT:
            return None, most
        kept = self._kept.pop(best)
        self._kept[best] = replace(kept, at=max(at, kept.at))
        return kept.incident, most

    def keep(self, post: str, incident: str, sketch: Sketch, at: float) -> None:
        """Remember a post's sketch; the longest unused goes where there are too many."""
        if not sketch.bands:
            return
        number = self._next
        self._next += 1
        self._kept[number] = _Kept(post=post, incident=incident, sketch=sketch, at=at)
        for key in sketch.bands:
            bucket = self._buckets.setdefault(key, [])
            bucket.append(number)
            if len(bucket) > BUCKET:
                del bucket[0]
        while len(self._kept) > self._most:
            self._drop(next(iter(self._kept)))

    def incidents(self) -> set[str]:
        """All incidents that a copy may be found for."""
        return {kept.incident for kept in self._kept.values()}

    def reassign(self, posts: set[str], incident: str) -> None:
        """Let the sketches of several posts speak for another incident from now on."""
        for number, kept in self._kept.items():
            if kept.post in posts:
                self._kept[number] = replace(kept, incident=incident)

    def forget(self, before: float) -> None:
        """Drop what was neither kept nor found since ``before``."""
        while self._kept:
            number, kept = next(iter(self._kept.items()))
            if kept.at >= before:
                return
            self._drop(number)

    def _drop(self, number: int) -> None:
        for key in self._kept.pop(number).sketch.bands:
            bucket = self._buckets.get(key)
            if bucket is None:
                continue
            if number in bucket:
                bucket.remove(number)
            if not bucket:
                del self._buckets[key]
