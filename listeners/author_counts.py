"""How many different people speak badly of one brand, by event time, and how many are usual.

Mentions may come in any order, late, twice, or with a wrong date. Times are grouped in slots of a
quarter of the window; people are kept for recent slots only, figures for two weeks.
"""

import math
import statistics
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

DAY: Final = 86_400.0
MEMORY: Final = 14 * DAY
"""Seconds for which figures are kept."""

_PER_WINDOW: Final = 4
_RECENT: Final = 4 * _PER_WINDOW
"""Slots whose people are known one by one; what comes in later than that is not counted."""
_MOST_SLOTS: Final = 8 * _PER_WINDOW
_MOST_PEOPLE: Final = 10_000
_MOST_MARKS: Final = 2_000
"""Bounds for one slot. Beyond them nobody is added; an alarm is long due then."""

_AHEAD: Final = DAY
"""What is dated further ahead of the clock and of its neighbours is not believed."""
_SLACK: Final = 600.0
_LEAST_HISTORY: Final = 3 * _PER_WINDOW
_RARE: Final = 1e-5
"""A crowd is what chance makes out of the usual less often than this."""
_MOST: Final = 0.5
_ANGRY: Final = 0.4
"""So much of the people beyond the usual number has something bad to say in a crisis."""
_SHARE_AT_LEAST: Final = 0.2
"""How many of all people grumble on a busy day, where less than that is usual."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """One negative mention."""

    at: float
    """Event time in seconds since 1970."""
    seq: int
    author: str
    channel: str
    text: str
    """Masked and shortened."""
    risk: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """More people with something bad to say than usual, within one window."""

    marks: tuple[Mark, ...]
    """By time."""
    authors: int
    total: int
    """Everybody who wrote while these did."""
    usual: float
    threshold: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Past:
    days: int = 0
    """Whole days before with figures of the same hour."""
    figures: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class _Slot:
    people: set[str] = field(default_factory=set)
    marks: dict[int, Mark] = field(default_factory=dict)


class AuthorCounts:
    """One brand's people."""

    def __init__(self, *, window: float, floor: int) -> None:
        """``window`` in seconds; fewer than ``floor`` people are never a crowd."""
        self._window = window
        self._width = window / _PER_WINDOW
        self._floor = floor
        self._slots: dict[int, _Slot] = {}
        self._figures: dict[int, tuple[int, int]] = {}
        """Negative authors and all authors of the window that ends with the slot."""
        self._changed: set[int] = set()
        self._times: deque[float] = deque(maxlen=33)
        self._cleaned: int | None = None

    @property
    def now(self) -> float:
        """Event time that a few wrong dates do not move: the lower median of the latest."""
        return sorted(self._times)[(len(self._times) - 1) // 2]

    def add(self, at: float, author: str, mark: Mark | None, *, clock: float) -> bool:
        """Take a mention in, with a ``mark`` if it is negative.

        False where it is too late to count or its date is not believed. ``at`` and ``clock`` are
        in seconds since 1970.
        """
        self._times.append(at)
        now = self.now
        if at > max(clock + _SLACK, now + _AHEAD) or at < now - _RECENT * self._width:
            return False
        number = self._number(at)
        slot = self._slots.setdefault(number, _Slot())
        if len(slot.people) < _MOST_PEOPLE:
            slot.people.add(author)
        if mark is not None and len(slot.marks) < _MOST_MARKS:
            slot.marks[mark.seq] = mark
        self._changed.update(range(number, number + _PER_WINDOW))
        if self._number(now) != self._cleaned or len(self._slots) > _MOST_SLOTS:
            self._cleaned = self._number(now)
            self._clean(self._cleaned)
        return True

    def crowd(self, at: float) -> Crowd | None:
        """The largest crowd of the windows around ``at``, if there is one."""
        marks = self._largest(at)
        authors = len({mark.author for mark in marks})
        if authors < self._floor:
            return None
        first, last = self._number(marks[0].at), self._number(marks[-1].at)
        total = len(self._everybody(range(first, last + 1)))
        usual, threshold, fits = self._expect(first, authors=authors, total=total)
        if authors < threshold or not fits:
            return None
        return Crowd(marks=marks, authors=authors, total=total, usual=usual, threshold=threshold)

    def authors_near(self, at: float) -> int:
        """Negative authors in the window that ends with the slot of ``at``."""
        return self._figure(self._number(at))[0]

    def _number(self, at: float) -> int:
        return math.floor(at / self._width)

    def _largest(self, at: float) -> tuple[Mark, ...]:
        """The marks of the window with the most authors among those that contain ``at``."""
        marks = [
            mark
            for number in range(
                self._number(at - self._window), self._number(at + self._window) + 1
            )
            if number in self._slots
            for mark in self._slots[number].marks.values()
            if abs(mark.at - at) <= self._window
        ]
        marks.sort(key=lambda mark: (mark.at, mark.seq))
        inside: dict[str, int] = {}
        best, most, first = slice(0), 0, 0
        for end, mark in enumerate(marks, start=1):
            inside[mark.author] = inside.get(mark.author, 0) + 1
            while mark.at - marks[first].at > self._window:
                gone = marks[first].author
                inside[gone] -= 1
                if not inside[gone]:
                    del inside[gone]
                first += 1
            if len(inside) > most:
                best, most = slice(first, end), len(inside)
        return tuple(marks[best])

    def _expect(self, first: int, *, authors: int, total: int) -> tuple[float, int, bool]:
        """What is usual, from how many on it is too many, and whether that is no mere bustle.

        A promotion brings many people, and some grumblers with them: that is no crowd unless far
        more of the people grumble than usual.
        """
        past = self._history(first)
        if not past.figures:
            return 0.0, self._floor, _mostly_bad(authors, total, _SHARE_AT_LEAST)
        bad = [figure[0] for figure in past.figures]
        everybody = [figure[1] for figure in past.figures]
        usual = statistics.median(bad)
        spread = 1.4826 * statistics.median([abs(value - usual) for value in bad])
        wider = max(1.0, spread / math.sqrt(max(usual, 0.25)))
        # What is usual is itself known from so many days only.
        wider *= math.sqrt(1 + 1 / max(1, past.days))
        threshold = math.ceil(usual + wider * (_rarely_reached(usual) - usual))
        share = sum(bad) / max(1, sum(everybody))
        more = total - statistics.median(everybody)
        angry = past.days > 0 and authors - usual >= _ANGRY * more
        fits = angry or _mostly_bad(authors, total, share)
        return usual, max(self._floor, threshold), fits

    def _history(self, first: int) -> _Past:
        """Figures of the same hour on the days before, else of all hours; nothing at first."""
        end = first - _PER_WINDOW
        start = min(self._figures, default=end)
        if end - start < _LEAST_HISTORY:
            return _Past()
        day, hour = round(DAY / self._width), max(1, round(3600 / self._width))
        days = [n for n in range(1, round(MEMORY / DAY) + 1) if first - n * day - hour >= start]
        chosen: Iterable[int] = range(start, end)
        if days:
            chosen = [
                number
                for past in days
                for number in range(first - past * day - hour, first - past * day + hour + 1)
                if number < end
            ]
        figures = tuple(self._figures.get(number, (0, 0)) for number in chosen)
        return _Past(days=len(days), figures=figures)

    def _figure(self, number: int) -> tuple[int, int]:
        window = range(number - _PER_WINDOW + 1, number + 1)
        slots = [self._slots[n] for n in window if n in self._slots]
        bad = {mark.author for slot in slots for mark in slot.marks.values()}
        return len(bad), len(self._everybody(window))

    def _everybody(self, numbers: Iterable[int]) -> set[str]:
        return set().union(*(self._slots[n].people for n in numbers if n in self._slots))

    def _clean(self, now: int) -> None:
        """Turn what is past into figures, and forget people and figures that are old."""
        old = now - _RECENT - _PER_WINDOW
        for number in [n for n in self._changed if n < now - _PER_WINDOW]:
            self._changed.remove(number)
            before = self._figures.get(number, (0, 0))
            found = self._figure(number)
            self._figures[number] = (max(before[0], found[0]), max(before[1], found[1]))
        for number in [n for n in self._slots if n < old]:
            del self._slots[number]
        while len(self._slots) > _MOST_SLOTS:
            number = max(self._slots, key=lambda n: abs(n - now))
            del self._slots[number]
            self._changed.discard(number)
        oldest = now - round(MEMORY / self._width)
        for number in [n for n in self._figures if n < oldest]:
            del self._figures[number]


def _mostly_bad(authors: int, total: int, usual_share: float) -> bool:
    expected = max(usual_share, _SHARE_AT_LEAST) * total
    return authors >= _MOST * total or authors >= expected + 6 * math.sqrt(expected)


def _rarely_reached(mean: float) -> int:
    """The smallest count that a Poisson variable reaches with a probability under ``_RARE``."""
    if mean > 500:  # the exponential underflows; the normal tail is exact enough there
        return math.ceil(mean + 4.265 * math.sqrt(mean) + 3)
    probability = math.exp(-mean)
    reached, count = 1.0, 0
    while reached >= _RARE:
        reached -= probability
        count += 1
        probability *= mean / count
    return count
