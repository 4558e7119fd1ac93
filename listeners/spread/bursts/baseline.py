"""How loud a brand's hour is against its mean: a promotion brings complainers along.

Posts of incidents that staff were alerted of are left out by the caller: a large crisis accounts
for its own volume, and must not raise the bar for a small one beside it.
"""

import math
from collections import deque
from typing import Final

HOUR: Final = 3600.0
_HALF_LIFE: Final = 3 * 86_400.0
_MAX_POSTS: Final = 20_000
"""Posts of an hour that are counted; a louder brand needs no finer measure."""
_BUSY: Final = 2.0
"""Ordinary busy hours have this multiple of the mean volume."""
_MIN_POSTS: Final = 12.0
"""Posts an hour below which no hour counts as loud."""
_MAX_RATIO: Final = 9.0


class BackgroundVolume:
    """One brand's posts of the last hour against its mean (half-life three days)."""

    def __init__(self) -> None:
        self._hour: deque[float] = deque(maxlen=_MAX_POSTS)
        self._count = 0.0
        self._at = -math.inf
        self._since = math.inf

    def add(self, at: float) -> None:
        """Count a post written at ``at``, in seconds since 1970."""
        self._hour.append(at)
        self._since = min(self._since, at)
        self._count = self._decayed(at) + 1
        self._at = max(self._at, at)
        while self._hour and self._hour[0] <= self._at - HOUR:
            self._hour.popleft()

    def ratio(self, own: int) -> float:
        """Volume of the last hour without ``own`` posts, as a multiple of a busy hour; 1 to 9."""
        age = max(self._at - self._since, HOUR)
        full = _HALF_LIFE / math.log(2)
        usual = self._count * HOUR / (full * -math.expm1(-age / full))
        loud = (len(self._hour) - own) / max(usual * _BUSY, _MIN_POSTS)
        return min(max(loud, 1.0), _MAX_RATIO)

    def _decayed(self, at: float) -> float:
        if self._at == -math.inf:
            return 0.0
        return self._count * math.exp2(-max(0.0, at - self._at) / _HALF_LIFE)
