"""How much louder a brand is than usual: a promotion brings grumblers along.

What belongs to a matter that staff know of is not counted: a great crisis explains its own noise,
and must not drown a small one.
"""

import math
from collections import deque
from typing import Final

HOUR: Final = 3600.0
_HALF_LIFE: Final = 3 * 86_400.0
_MOST: Final = 20_000
"""Posts of an hour that are counted; a brand that is louder yet needs no finer measure."""
_ORDINARY: Final = 2.0
"""Busy hours are so many times as loud as the mean; that is nothing special."""
_LEAST: Final = 12.0
"""Posts an hour under which no hour is called loud."""
_LOUDEST: Final = 9.0


class BackgroundVolume:
    """One brand's posts of the last hour against its mean."""

    def __init__(self) -> None:
        self._hour: deque[float] = deque(maxlen=_MOST)
        self._count = 0.0
        self._at = -math.inf
        self._since = math.inf

    def add(self, at: float) -> None:
        """Count a post; ``at`` in seconds since 1970."""
        self._hour.append(at)
        self._since = min(self._since, at)
        self._count = self._faded(at) + 1
        self._at = max(self._at, at)
        while self._hour and self._hour[0] <= self._at - HOUR:
            self._hour.popleft()

    def times_usual(self, own: int) -> float:
        """How loud all else is, ``own`` posts of the hour left out: 1 where nothing is special."""
        age = max(self._at - self._since, HOUR)
        full = _HALF_LIFE / math.log(2)
        usual = self._count * HOUR / (full * -math.expm1(-age / full))
        loud = (len(self._hour) - own) / max(usual * _ORDINARY, _LEAST)
        return min(max(loud, 1.0), _LOUDEST)

    def _faded(self, at: float) -> float:
        if self._at == -math.inf:
            return 0.0
        return self._count * math.exp2(-max(0.0, at - self._at) / _HALF_LIFE)
