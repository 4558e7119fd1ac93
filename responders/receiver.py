"""What a receiver of alerts is."""

from typing import Protocol

from core.records import Alert


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
