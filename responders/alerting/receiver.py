"""What a receiver of alerts is, and what some of them can do beside."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from core.alerts import Alert


class Receiver(Protocol):
    """One place that alerts are sent to."""

    @property
    def name(self) -> str:
        """Unique; deliveries are kept under it."""
        ...

    async def deliver(self, alert: Alert) -> None:
        """Return once the receiver has taken the alert; it may get the same key again.

        Raises Unavailable where it cannot be reached, Refused where it does not take this alert.
        """
        ...


@runtime_checkable
class Merges(Protocol):
    """A receiver that takes several alerts in one message."""

    async def deliver_many(self, alerts: Sequence[Alert]) -> int:
        """As Receiver.deliver; returns how many of the first alerts the message has told of.

        At least one; the rest is handed over again.
        """
        ...


@runtime_checkable
class Paced(Protocol):
    """A receiver that takes so many messages in a time and no more."""

    def ready_in(self) -> float:
        """Seconds until it may be sent something; 0 where that is now."""
        ...


def notice_key(alert: Alert) -> str:
    """The same for repeats of one notice, and another for the next notice of the same alert."""
    return f"{alert.key}#{alert.notices}"
