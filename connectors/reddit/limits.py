"""When Reddit may be asked and written to: its headers, its pauses, and a reserve for replies.

Source: https://support.reddithelp.com/hc/en-us/articles/16160319875092 (100 requests a minute,
averaged over ten minutes, told in ``x-ratelimit-*``).
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from core.clock import Clock

_RESERVE: Final = 2
"""So many requests of a window are left to replies."""
_SCARCE: Final = 50
"""From so few on, reading is spread over what is left of the window."""
_LONGEST_GAP: Final = 10.0
_LONGEST_WAIT: Final = 86_400.0
_UNSAID: Final = 60.0
"""How long to wait where Reddit asks for a pause and does not say for how long."""
_AMOUNT: Final = re.compile(r"(\d{1,6}) ?(millisecond|second|minute|hour)s?", re.IGNORECASE)
_UNITS: Final = {"millisecond": 0.001, "second": 1.0, "minute": 60.0, "hour": 3600.0}


class RedditLimits:
    """What Reddit still allows; told by the thread that asks, read by the loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held_until = 0.0
        self._writes_held_until = 0.0
        self._reset_at = 0.0
        self.remaining: float | None = None
        """Requests left in this window, as Reddit said last."""

    def heard(self, headers: Mapping[str, str]) -> None:
        """Take note of the headers of an answer; what is no number counts as not said."""
        remaining = _number(headers.get("x-ratelimit-remaining"))
        reset = _number(headers.get("x-ratelimit-reset"))
        if remaining is not None and reset is not None:
            self.remaining = remaining
            self._reset_at = self._clock.monotonic() + reset

    def hold(self, seconds: float) -> None:
        """Reddit asks to be left alone."""
        self._held_until = max(self._held_until, self._clock.monotonic() + seconds)

    def hold_writes(self, seconds: float) -> None:
        """Reddit wants no replies for so long; reading goes on."""
        self._writes_held_until = max(self._writes_held_until, self._clock.monotonic() + seconds)

    def reading(self) -> float:
        """Seconds until the next request that reads; zero means now."""
        wait, left = self._held(), self.until_reset()
        if self.remaining is None or left <= 0 or self.remaining >= _SCARCE:
            return wait
        if self.remaining <= _RESERVE:
            return max(wait, left)
        return max(wait, min(_LONGEST_GAP, left / (self.remaining - _RESERVE)))

    def writing(self) -> float:
        """Seconds until the next reply; zero means now."""
        wait = max(self._held(), self._writes_held_until - self._clock.monotonic())
        if self.remaining is not None and self.remaining < 1:
            wait = max(wait, self.until_reset())
        return wait

    def until_reset(self) -> float:
        """Seconds until the window ends; zero where it is not known."""
        return max(0.0, self._reset_at - self._clock.monotonic())

    def _held(self) -> float:
        return max(0.0, self._held_until - self._clock.monotonic())


def requested_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds of ``retry-after``, a number or a date, else of the window; ``None`` if unsaid."""
    said = headers.get("retry-after")
    seconds = _number(said)
    if seconds is None and said:
        try:
            moment = parsedate_to_datetime(said)
        except ValueError:
            moment = now
        moment = moment.replace(tzinfo=moment.tzinfo or UTC)
        seconds = max(0.0, (moment - now).total_seconds()) or None
    if seconds is None:
        seconds = _number(headers.get("x-ratelimit-reset"))
    return None if seconds is None else min(seconds, _LONGEST_WAIT)


def rate_limit_pause(text: str, exact: object) -> float:
    """Seconds of a RATELIMIT error: the number beside it, else the amounts that its text names."""
    if isinstance(exact, int | float) and not isinstance(exact, bool) and 0 < exact < math.inf:
        return min(float(exact), _LONGEST_WAIT)
    found = [int(amount) * _UNITS[unit.lower()] for amount, unit in _AMOUNT.findall(text)]
    return min(max(1.0, math.ceil(sum(found))), _LONGEST_WAIT) if found else _UNSAID


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < math.inf else None
