"""Opens the stores that the contract suites test."""

from typing import Protocol

from core.clock import Clock
from core.repositories import Store


class Opener(Protocol):
    """Opens the same data again: as after a restart, or as a second process would."""

    @property
    def url(self) -> str:
        """As ``storage.factory.open_store`` takes it."""
        ...

    @property
    def key(self) -> str | None:
        """The master key, where the data is encrypted."""
        ...

    async def __call__(self, clock: Clock) -> Store: ...
