"""Finds copies of a text among tens of thousands without comparing every pair: containment MinHash.

A text is the set of its grams: character 3-grams if it is Chinese, Japanese or Korean, words and
pairs of words otherwise. Two sets A and B are compared by containment, |A ∩ B| / min(|A|, |B|)
(Broder, "On the Resemblance and Containment of Documents", 1997), not by Jaccard's share of the
union: people pass a text on cut short or with a comment in front, and the part is contained in the
whole whatever the lengths. In very short texts everything is contained in something, so below eight
grams Jaccard's share is used.

Candidates come from MinHash with banding: of each set the minimum of 64 random hash functions is
kept, and two sets agree on one minimum with a probability of their Jaccard share s. The 64 are cut
into 32 bands of 2; texts that agree on a whole band are candidates, with probability
1 - (1 - s²)³². Bands this short are chosen for recall: half of a text (s = 0.5) is found with
0.9999, a quarter (s = 0.25) with 0.87, and the exact comparison of the stored grams rejects what
they propose in vain.
"""

import re
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from listeners.spread.grouping.vocabulary import WORD, original_text

_Hashes = NDArray[np.uint64]

HASHES: Final = 64
BANDS: Final = 32
MIN_CONTAINMENT: Final = 0.6
"""Two texts are copies from this share on."""
MIN_GRAMS: Final = 8
BUCKET: Final = 8
"""Sketches kept under one band key; the newest win."""
CERTAIN: Final = 0.95
"""The search ends with a sketch that shares this much."""

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
    """The grams of a text, and the keys it is found by."""

    grams: frozenset[int]
    bands: tuple[int, ...]
    """One key a band; texts that share any are candidates. Empty for a text without words."""


def sketch(text: str) -> Sketch:
    """The sketch of ``original_text(text)``; accepts any text."""
    words = WORD.findall(original_text(text).lower())
    grams = _grams(words)
    if not len(grams):
        return Sketch(grams=frozenset(), bands=())
    rows = (grams[:, None] * _ODD + _ADD).min(axis=0)
    pairs = rows.reshape(2, BANDS)
    keys = pairs[0] * _BAND[0] + pairs[1] * _BAND[1]
    return Sketch(grams=frozenset(grams.tolist()), bands=tuple(keys.tolist()))


def containment(one: Sketch, other: Sketch) -> float:
    """Share of the smaller text's grams that the other has; of short texts, Jaccard's share.

    From ``MIN_CONTAINMENT`` on the two are copies.
    """
    small = min(len(one.grams), len(other.grams))
    if not small:
        return 0.0
    common = len(one.grams & other.grams)
    if small < MIN_GRAMS:
        return common / (len(one.grams) + len(other.grams) - common)
    return common / small


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    post: str
    incident: str
    sketch: Sketch
    at: float


class CopyIndex:
    """Sketches by band, bounded by number and by age."""

    def __init__(self, *, most: int) -> None:
        """``most``: sketches kept; the least recently used is dropped first."""
        self._most = most
        self._entries: OrderedDict[int, _Entry] = OrderedDict()
        self._buckets: dict[int, list[int]] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, sketch: Sketch, at: float) -> tuple[str | None, float]:
        """Incident and containment of the most similar post, which counts as used at ``at``.

        The incident is ``None`` if none is similar enough to be a copy.
        """
        best, most = None, 0.0
        seen: set[int] = set()
        for key in sketch.bands:
            for number in self._buckets.get(key, ()):
                if number in seen:
                    continue
                seen.add(number)
                share = containment(sketch, self._entries[number].sketch)
                if share > most:
                    best, most = number, share
            if most >= CERTAIN:
                break
        if best is None or most < MIN_CONTAINMENT:
            return None, most
        entry = self._entries.pop(best)
        self._entries[best] = replace(entry, at=max(at, entry.at))
        return entry.incident, most

    def add(self, post: str, incident: str, sketch: Sketch, at: float) -> None:
        """Keep the sketch of a post; a text without words is not kept."""
        if not sketch.bands:
            return
        number = self._next
        self._next += 1
        self._entries[number] = _Entry(post=post, incident=incident, sketch=sketch, at=at)
        for key in sketch.bands:
            bucket = self._buckets.setdefault(key, [])
            bucket.append(number)
            if len(bucket) > BUCKET:
                del bucket[0]
        while len(self._entries) > self._most:
            self._drop(next(iter(self._entries)))

    def incidents(self) -> set[str]:
        """Incidents of all sketches."""
        return {entry.incident for entry in self._entries.values()}

    def reassign(self, posts: set[str], incident: str) -> None:
        """Move the sketches of several posts to another incident."""
        for number, entry in self._entries.items():
            if entry.post in posts:
                self._entries[number] = replace(entry, incident=incident)

    def evict(self, before: float) -> None:
        """Drop the sketches that were not used since ``before``."""
        while self._entries:
            number, entry = next(iter(self._entries.items()))
            if entry.at >= before:
                return
            self._drop(number)

    def _drop(self, number: int) -> None:
        for key in self._entries.pop(number).sketch.bands:
            bucket = self._buckets.get(key)
            if bucket is None:
                continue
            if number in bucket:
                bucket.remove(number)
            if not bucket:
                del self._buckets[key]


def _grams(words: Sequence[str]) -> _Hashes:
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


def _triples(text: str) -> _Hashes:
    raw = text.encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(raw, np.uint32).astype(np.uint64)
    if len(codes) < 3:
        return _mixed(codes * _PLACES[0])
    return _mixed(codes[:-2] * _PLACES[0] + codes[1:-1] * _PLACES[1] + codes[2:] * _PLACES[2])


def _mixed(values: _Hashes) -> _Hashes:
    values = (values ^ (values >> _SHIFT)) * _MIX
    return values ^ (values >> _SHIFT)
