"""Which incident a text is a copy of: an index of sketches that forgets what is quiet."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from listeners.spread.minhash import SIMILAR, Sketch, likeness

BUCKET: Final = 8
"""Sketches kept under one band key; the newest win."""
KNOWN_WELL: Final = 0.95
"""A text this much like a kept one need not be kept as well."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    owner: str
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
        """The doc whose copy this is, as given to ``keep``, with the likeness; or ``None``.

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
        self._kept[best] = _Kept(owner=kept.owner, sketch=kept.sketch, at=max(at, kept.at))
        return kept.owner, most

    def keep(self, owner: str, sketch: Sketch, at: float) -> None:
        """Remember a sketch; the longest unused goes where there are too many."""
        if not sketch.bands:
            return
        number = self._next
        self._next += 1
        self._kept[number] = _Kept(owner=owner, sketch=sketch, at=at)
        for key in sketch.bands:
            bucket = self._buckets.setdefault(key, [])
            bucket.append(number)
            if len(bucket) > BUCKET:
                del bucket[0]
        while len(self._kept) > self._most:
            self._drop(next(iter(self._kept)))

    def reassign(self, owners: set[str], owner: str) -> None:
        """Let the sketches of several posts speak for ``owner`` from now on."""
        for number, kept in self._kept.items():
            if kept.owner in owners:
                self._kept[number] = _Kept(owner=owner, sketch=kept.sketch, at=kept.at)

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
