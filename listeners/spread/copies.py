"""Which incident a text is a copy of: an index of sketches that forgets what is quiet."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final

from listeners.spread.minhash import SIMILAR, Sketch, likeness

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
                share = likeness(sketch, self._kept[number].sketch)
                if share > most:
                    best, most = number, share
            if most >= KNOWN_WELL:
                break
        if best is None or most < SIMILAR:
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
