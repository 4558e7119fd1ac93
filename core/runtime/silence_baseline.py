"""Learns the usual silence of a channel, so that an unusual one can be recognised.

Nights are quiet and noons are not: once a few days are known, a silence is compared with how long
it was silent at this hour of the other days. Until then only a silence far beyond all gaps of late
counts. Kept in memory; after a restart it is learned anew.
"""

from collections import deque
from datetime import date, datetime, timedelta
from typing import Final

_HOUR: Final = timedelta(hours=1)
_DAYS: Final = timedelta(days=14)
_ENOUGH_DAYS: Final = 3
_ENOUGH_GAPS: Final = 50
_REMEMBERED: Final = 1000
_AT_THIS_HOUR: Final = 2
"""So many times the usual silence of this hour is not usual."""
_OF_LATE: Final = 20
"""The same for the gaps of late, which may know no night yet."""
_LEAST: Final = timedelta(minutes=30)
_LEAST_OF_LATE: Final = timedelta(hours=3)


class SilenceBaseline:
    """One channel's times without an event."""

    def __init__(self) -> None:
        self._last: datetime | None = None
        self._late: deque[timedelta] = deque(maxlen=_REMEMBERED)
        self._hours: dict[tuple[date, int], timedelta] = {}
        """By day and hour (UTC): how long it had been silent then, at most."""

    def note(self, at: datetime) -> None:
        """Something came; note for each hour how long it had been silent by its end."""
        last = self._last
        if last is None or at <= last:
            self._last = last or at
            return
        self._late.append(at - last)
        hour = max(last, at - _DAYS).replace(minute=0, second=0, microsecond=0)
        while hour <= at:
            cell = (hour.date(), hour.hour)
            silent = min(at, hour + _HOUR) - last
            self._hours[cell] = max(silent, self._hours.get(cell, timedelta()))
            hour += _HOUR
        oldest = (at - _DAYS).date()
        self._hours = {cell: kept for cell, kept in self._hours.items() if cell[0] >= oldest}
        self._last = at

    def bearable(self, now: datetime) -> timedelta | None:
        """The longest usual silence at this hour; ``None`` until enough is known."""
        days = sorted(
            silent
            for (day, hour), silent in self._hours.items()
            if hour == now.hour and day < now.date()
        )
        if len(days) >= _ENOUGH_DAYS:
            usual = days[-1] if len(days) == _ENOUGH_DAYS else days[-2]  # one day may be an outage
            return max(_LEAST, _AT_THIS_HOUR * usual)
        if len(self._late) < _ENOUGH_GAPS:
            return None
        longest = sorted(self._late)[-1 - len(self._late) // 100]
        return max(_LEAST_OF_LATE, _OF_LATE * longest)
