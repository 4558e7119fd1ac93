"""The port of alert receivers, and their optional abilities, tested with ``isinstance``."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from core.model.alerts import Alert


class Receiver(Protocol):
    """A destination of alerts outside the console."""

    @property
    def name(self) -> str:
        """Unique; deliveries are stored under it."""
        ...

    async def deliver(self, alert: Alert) -> None:
        """Send an alert; returns when the receiver has accepted it.

        Delivery is at least once: the same notice may come again, with the same ``notice_key``.

        Raises:
            Unavailable: the receiver cannot be reached; the delivery is retried.
            Refused: the receiver does not accept this alert; the error names a remedy.
        """
        ...


@runtime_checkable
class DeliversBatches(Protocol):
    """A receiver that puts several alerts into one message."""

    async def deliver_batch(self, alerts: Sequence[Alert]) -> int:
        """As Receiver.deliver; returns how many of the first alerts the message covers.

        At least one; the others are passed again with the next call.
        """
        ...


@runtime_checkable
class ThrottlesDeliveries(Protocol):
    """A receiver whose platform limits the rate of messages."""

    def ready_in(self) -> float:
        """Seconds until the next message may be sent; 0 if that is now."""
        ...


def notice_key(alert: Alert) -> str:
    """The key of one notice: the same whenever that is repeated, another for the next notice."""
    return f"{alert.key}#{alert.notices}"
