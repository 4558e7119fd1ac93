"""What only some connectors can do beside the abilities of ``core.ports``.

Each is tested with ``isinstance``, so that a connector has it by having the method.
"""

from datetime import datetime
from typing import Protocol, runtime_checkable

from core.cards import Board


@runtime_checkable
class Checks(Protocol):
    """A connector whose credential can be tried."""

    async def check(self) -> tuple[str, ...]:
        """Ask the platform who we are; one fact a line on what the credential may do.

        Stores and sends nothing. Raises Refused with the remedy, or Unavailable.
        """
        ...


@runtime_checkable
class Counts(Protocol):
    """A connector whose platform limits the length of a text."""

    def length(self, text: str) -> int:
        """How much of Capabilities.length_limit the text takes."""
        ...


@runtime_checkable
class HasBoard(Protocol):
    """A connector that may have a group of staff beside its shoppers."""

    @property
    def board(self) -> Board | None:
        """The group; ``None`` where none is configured."""
        ...


@runtime_checkable
class Paces(Protocol):
    """A connector that knows when its platform takes nothing at all."""

    def pause(self) -> float:
        """Seconds until anything may be sent; zero means now.

        Asked before a reply is taken out of the queue, so that none counts as being sent while it
        only waits for its platform.
        """
        ...


@runtime_checkable
class Reaches(Protocol):
    """A connector that knows when its platform last answered."""

    @property
    def last_contact(self) -> datetime | None:
        """When that was; it counts as connected from then on, until it fails."""
        ...


@runtime_checkable
class Tells(Protocol):
    """A connector that knows more about its own health than its supervisor."""

    def detail(self) -> tuple[tuple[str, str], ...]:
        """Facts for Health.detail as (name, value): rate budget, lag, what is waiting."""
        ...
