"""The escalation chain: steps of people on call, and their quiet hours."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.errors import ConfigError, Problem
from core.settings import AlertSettings, OnCallSettings
from core.taxonomy import Severity


@dataclass(frozen=True, kw_only=True, slots=True)
class QuietHours:
    """Hours of each day, ``start`` included and ``end`` not; they may pass midnight."""

    start: time
    end: time
    zone: ZoneInfo

    def __contains__(self, at: datetime) -> bool:
        local = at.astimezone(self.zone).time()
        if self.start <= self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


@dataclass(frozen=True, kw_only=True, slots=True)
class EscalationStep:
    """One step of the chain."""

    receivers: tuple[str, ...]
    quiet: QuietHours | None = None

    def is_quiet(self, severity: Severity, now: datetime) -> bool:
        """True while these receivers are not notified of such an alert; never for P1."""
        return severity != "P1" and self.quiet is not None and now in self.quiet


@dataclass(frozen=True, kw_only=True, slots=True)
class Notification:
    """The receivers of one notice, and the step that it reaches."""

    receivers: tuple[str, ...]
    step: int


class EscalationChain:
    """Steps from the first to the last; a receiver that no step names belongs to the first."""

    def __init__(self, steps: Sequence[EscalationStep], receivers: Iterable[str]) -> None:
        """``receivers``: names of all receivers. Without steps each notice goes to all of them."""
        named = {name for step in steps for name in step.receivers}
        self._unnamed = tuple(name for name in receivers if name not in named)
        self._steps = tuple(steps) or (EscalationStep(receivers=()),)

    @property
    def last(self) -> int:
        """Number of the last step; the first is 0."""
        return len(self._steps) - 1

    def up_to(self, step: int, severity: Severity, now: datetime) -> Notification | None:
        """Notify all steps up to ``step`` outside their quiet hours, else the next one above.

        ``None`` while every step is in its quiet hours.
        """
        highest = min(step, self.last)
        awake = [one for one in self._steps[: highest + 1] if not one.is_quiet(severity, now)]
        if awake:
            names = (*self._unnamed, *(name for one in awake for name in one.receivers))
            return Notification(receivers=tuple(dict.fromkeys(names)), step=highest)
        above = self.above(highest, severity, now)
        if above is None:
            return None
        names = (*self._unnamed, *above.receivers)
        return Notification(receivers=tuple(dict.fromkeys(names)), step=above.step)

    def above(self, step: int, severity: Severity, now: datetime) -> Notification | None:
        """Notify only the first step above ``step`` that is outside its quiet hours."""
        for number in range(step + 1, len(self._steps)):
            if not self._steps[number].is_quiet(severity, now):
                return Notification(receivers=self._steps[number].receivers, step=number)
        return None


def read_chain(settings: AlertSettings, receivers: Sequence[str]) -> EscalationChain:
    """The configured chain; raises ConfigError for an unknown time zone.

    Receivers that a step names and that are not among ``receivers`` are left out.
    """
    try:
        zone = ZoneInfo(settings.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        problem = Problem(
            key="alerts.timezone",
            message=f"没有这个时区 there is no time zone {settings.timezone!r}",
            remedy="请用 IANA 名称 Use an IANA name such as Asia/Shanghai or Europe/Berlin.",
        )
        raise ConfigError((problem,)) from error
    return EscalationChain([_step(one, zone, receivers) for one in settings.on_call], receivers)


def require_on_call(settings: AlertSettings, receivers: Sequence[str]) -> None:
    """Raises ConfigError for each receiver that a step names and that does not exist.

    Quiet hours that end when they begin never hold, and are an error as well.
    """
    problems = [
        Problem(
            key=f"alerts.on_call[{index}].quiet",
            message=f"{step.quiet} ends when it begins, so it never holds",
            remedy="Give the first and the last hour, as in 22:00-08:00, or remove the key.",
        )
        for index, step in enumerate(settings.on_call)
        if step.quiet is not None and len(set(step.quiet.split("-"))) == 1
    ]
    problems += [
        Problem(
            key=f"alerts.on_call[{index}].receivers",
            message=f"没有这个接收方 there is no receiver {name!r}",
            remedy=f"可以填 Name one of: {', '.join(receivers) or '无 none is configured'}.",
        )
        for index, step in enumerate(settings.on_call)
        for name in step.receivers
        if name not in receivers
    ]
    if problems:
        raise ConfigError(tuple(problems))


def _step(settings: OnCallSettings, zone: ZoneInfo, known: Sequence[str]) -> EscalationStep:
    receivers = tuple(name for name in settings.receivers if name in known)
    if settings.quiet is None:
        return EscalationStep(receivers=receivers)
    start, _, end = settings.quiet.partition("-")
    quiet = QuietHours(start=time.fromisoformat(start), end=time.fromisoformat(end), zone=zone)
    return EscalationStep(receivers=receivers, quiet=quiet)
