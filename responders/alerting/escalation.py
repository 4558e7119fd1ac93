"""Who is told, and in which order: the steps of people on call, and their quiet hours."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.errors import ConfigError, Problem
from core.settings import AlertSettings, OnCallSettings
from core.taxonomy import Severity


@dataclass(frozen=True, kw_only=True, slots=True)
class Quiet:
    """Hours of each day, ``start`` included and ``end`` not; they may pass midnight."""

    start: time
    end: time
    zone: ZoneInfo

    def holds(self, now: datetime) -> bool:
        """True where ``now`` lies in them."""
        local = now.astimezone(self.zone).time()
        if self.start <= self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


@dataclass(frozen=True, kw_only=True, slots=True)
class Rung:
    """One step of the chain."""

    receivers: tuple[str, ...]
    quiet: Quiet | None = None

    def sleeps(self, severity: Severity, now: datetime) -> bool:
        """True where these people are not to be told of such an alert now; P1 always is."""
        return severity != "P1" and self.quiet is not None and self.quiet.holds(now)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """Who hears of a notice, and how far up the chain it has gone with that."""

    receivers: tuple[str, ...]
    rung: int


class Chain:
    """The steps, the first one first; a receiver that no step names belongs to the first."""

    def __init__(self, rungs: Sequence[Rung], receivers: Iterable[str]) -> None:
        """``receivers``: the names of all there are. Without a step, all are told at once."""
        named = {name for rung in rungs for name in rung.receivers}
        others = tuple(name for name in receivers if name not in named)
        self._others = others
        self._rungs = tuple(rungs) or (Rung(receivers=()),)

    @property
    def last(self) -> int:
        """The number of the last step; the first is 0."""
        return len(self._rungs) - 1

    def upto(self, rung: int, severity: Severity, now: datetime) -> Told | None:
        """All steps up to ``rung`` whose people are not asleep; else the next one above.

        ``None`` where everybody is asleep.
        """
        highest = min(rung, self.last)
        awake = [one for one in self._rungs[: highest + 1] if not one.sleeps(severity, now)]
        if awake:
            names = (*self._others, *(name for one in awake for name in one.receivers))
            return Told(receivers=tuple(dict.fromkeys(names)), rung=highest)
        found = self.above(highest, severity, now)
        if found is None:
            return None
        return Told(
            receivers=tuple(dict.fromkeys((*self._others, *found.receivers))), rung=found.rung
        )

    def above(self, rung: int, severity: Severity, now: datetime) -> Told | None:
        """The first step above ``rung`` whose people are not asleep, alone."""
        for number in range(rung + 1, len(self._rungs)):
            if not self._rungs[number].sleeps(severity, now):
                return Told(receivers=self._rungs[number].receivers, rung=number)
        return None


def read_chain(settings: AlertSettings, receivers: Sequence[str]) -> Chain:
    """The configured chain over the receivers there are; raises ConfigError for a bad zone."""
    problems: list[Problem] = []
    zone = _zone(settings.timezone, problems)
    if zone is None:
        raise ConfigError(tuple(problems))
    return Chain([_rung(step, zone, receivers) for step in settings.on_call], receivers)


def require_on_call(settings: AlertSettings, receivers: Sequence[str]) -> None:
    """Raises ConfigError for every receiver that a step names and that does not exist."""
    problems = [
        Problem(
            key=f"alerts.on_call[{index}].receivers",
            message=f"there is no receiver {name!r}",
            remedy=f"Name one of: {', '.join(receivers) or 'none is configured'}.",
        )
        for index, step in enumerate(settings.on_call)
        for name in step.receivers
        if name not in receivers
    ]
    if problems:
        raise ConfigError(tuple(problems))


def _zone(name: str, problems: list[Problem]) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems.append(
            Problem(
                key="alerts.timezone",
                message=f"there is no time zone {name!r}",
                remedy="Name one such as Asia/Shanghai or Europe/Berlin.",
            )
        )
        return None


def _rung(step: OnCallSettings, zone: ZoneInfo, known: Sequence[str]) -> Rung:
    receivers = tuple(name for name in step.receivers if name in known)
    if step.quiet is None:
        return Rung(receivers=receivers)
    start, _, end = step.quiet.partition("-")
    hours = Quiet(start=time.fromisoformat(start), end=time.fromisoformat(end), zone=zone)
    return Rung(receivers=receivers, quiet=hours)
