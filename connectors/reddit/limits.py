"""Rate limits: the quota in Reddit's headers, the pauses it asks for, and a reserve for replies.

Source: https://support.reddithelp.com/hc/en-us/articles/16160319875092 (100 requests a minute,
averaged over ten minutes, reported in ``x-ratelimit-*``).
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from core.clock import Clock

_RESERVE: Final = 2
"""Requests of a window reserved for replies."""
_SCARCE: Final = 50
"""Remaining requests below which reading is spread over the rest of the window."""
_LONGEST_GAP: Final = 10.0
_LONGEST_WAIT: Final = 86_400.0
_DEFAULT_WAIT: Final = 60.0
"""Seconds to wait if Reddit asks for a pause without naming its length."""
_AMOUNT: Final = re.compile(r"(\d{1,6}) ?(millisecond|second|minute|hour)s?", re.IGNORECASE)
_UNITS: Final = {"millisecond": 0.001, "second": 1.0, "minute": 60.0, "hour": 3600.0}


class RedditLimits:
    """The current limits; updated by the thread of requests, read by the event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held_until = 0.0
        self._writes_held_until = 0.0
        self._reset_at = 0.0
        self.remaining: float | None = None
        """Requests left in this window, as of the last answer."""

    def note_headers(self, headers: Mapping[str, str]) -> None:
        """Update the quota from an answer's headers; malformed values count as missing."""
        remaining = _number(headers.get("x-ratelimit-remaining"))
        reset = _number(headers.get("x-ratelimit-reset"))
        if remaining is not None and reset is not None:
            self.remaining = remaining
            self._reset_at = self._clock.monotonic() + reset

    def hold(self, seconds: float) -> None:
        """Send nothing for ``seconds``."""
        self._held_until = max(self._held_until, self._clock.monotonic() + seconds)

    def hold_writes(self, seconds: float) -> None:
        """Send no replies for ``seconds``; reading goes on."""
        self._writes_held_until = max(self._writes_held_until, self._clock.monotonic() + seconds)

    def read_wait(self) -> float:
        """Seconds until the next request that reads; zero if it may be sent now."""
        wait, left = self._held(), self.until_reset()
        if self.remaining is None or left <= 0 or self.remaining >= _SCARCE:
            return wait
        if self.remaining <= _RESERVE:
            return max(wait, left)
        return max(wait, min(_LONGEST_GAP, left / (self.remaining - _RESERVE)))

    def write_wait(self) -> float:
        """Seconds until the next reply; zero if it may be sent now."""
        wait = max(self._held(), self._writes_held_until - self._clock.monotonic())
        if self.remaining is not None and self.remaining < 1:
            wait = max(wait, self.until_reset())
        return wait

    def until_reset(self) -> float:
        """Seconds until the window ends; zero if that is not known."""
        return max(0.0, self._reset_at - self._clock.monotonic())

    def _held(self) -> float:
        return max(0.0, self._held_until - self._clock.monotonic())


def requested_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds of ``retry-after``, a number or a date, else of the window; ``None`` if missing."""
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
    """Seconds in a RATELIMIT error: ``exact``, else the amounts in its text."""
    if isinstance(exact, int | float) and not isinstance(exact, bool) and 0 < exact < math.inf:
        return min(float(exact), _LONGEST_WAIT)
    found = [int(amount) * _UNITS[unit.lower()] for amount, unit in _AMOUNT.findall(text)]
    return min(max(1.0, math.ceil(sum(found))), _LONGEST_WAIT) if found else _DEFAULT_WAIT


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < math.inf else None
