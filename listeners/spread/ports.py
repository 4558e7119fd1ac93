"""What the watch over spread needs from other parts."""

from typing import Protocol

from core.repositories import Incidents, Mentions, Values


class SpreadStore(Protocol):
    """The repositories in which incidents outlive a restart; any Store has them."""

    @property
    def incidents(self) -> Incidents: ...
    @property
    def mentions(self) -> Mentions: ...
    @property
    def values(self) -> Values: ...
