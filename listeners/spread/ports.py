"""What the watch over spread needs from other parts."""

from typing import Protocol

from core.alerts import Alert
from core.repositories import Incidents, Mentions, Values


class Raises(Protocol):
    """Where alerts go."""

    async def raise_alert(self, alert: Alert) -> bool:
        """Take the alert; one whose key is known brings the first up to date, and gives False."""
        ...

    def end(self, incident: str) -> None:
        """An incident is over by the time of its posts: so is the alert, once staff were told."""
        ...

    async def hand_over(self, gone: str, kept: str) -> None:
        """End the alert about the incident ``gone``, which went into ``kept``, as a part of that.

        Doing it again changes nothing.
        """
        ...


class SpreadStore(Protocol):
    """The repositories in which incidents outlive a restart; any Store has them."""

    @property
    def incidents(self) -> Incidents: ...
    @property
    def mentions(self) -> Mentions: ...
    @property
    def values(self) -> Values: ...
