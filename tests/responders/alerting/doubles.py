"""Receivers and a clock that misbehave on demand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from core.clock import ManualClock
from core.model.alerts import Alert
from responders.alerting.delivery import notice_key
from tests.builders import START


@dataclass
class FakeReceiver:
    """Raises the given failures in turn, then accepts every alert."""

    name: str = "pager"
    failures: list[Exception] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    tried: int = 0

    async def deliver(self, alert: Alert) -> None:
        self.tried += 1
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append(alert.key)


@dataclass
class BatchReceiver(FakeReceiver):
    """Accepts several alerts in one message, up to ``room``."""

    name: str = "pager"
    room: int = 1000
    messages: list[list[str]] = field(default_factory=list)

    async def deliver_batch(self, alerts: Sequence[Alert]) -> int:
        self.tried += 1
        if self.failures:
            raise self.failures.pop(0)
        covered = alerts[: self.room]
        self.messages.append([one.key for one in covered])
        self.taken += self.messages[-1]
        return len(covered)


@dataclass
class ThrottledReceiver(FakeReceiver):
    """Accepts one message a minute."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    last: float = -60.0

    def ready_in(self) -> float:
        return max(0.0, self.last + 60 - self.clock.monotonic())

    async def deliver(self, alert: Alert) -> None:
        assert self.ready_in() == 0, "too soon"
        self.last = self.clock.monotonic()
        await super().deliver(alert)


@dataclass
class NoticeRecorder(FakeReceiver):
    """Records the key of every notice."""

    async def deliver(self, alert: Alert) -> None:
        self.taken.append(notice_key(alert))


class JumpingClock(ManualClock):
    """A clock whose time of day can be set."""

    def jump(self, span: timedelta) -> None:
        self._now += span
