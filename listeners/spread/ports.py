"""The repositories that the watch over spread uses."""

from typing import Protocol

from core.repositories import Incidents, Mentions, Values


class SpreadStore(Protocol):
    """Part of ``core.repositories.Store``."""

    @property
    def incidents(self) -> Incidents: ...
    @property
    def mentions(self) -> Mentions: ...
    @property
    def values(self) -> Values: ...
