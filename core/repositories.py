"""The contract of storage: one repository an aggregate."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.events import EventCounts, Page, Receipt, Received
from core.outbox import Reply, ReplyState
from core.outcomes import Outcome
from core.tickets import Ticket


class Inbox(Protocol):
    """The durable queue between connectors and the pipeline."""

    async def accept(self, connector: str, page: Page) -> Receipt:
        """Store the events, the rejects and the cursor in one transaction; durable on return.

        Raises StoreFull or StoreError with nothing stored.
        """
        ...

    async def cursor(self, connector: str) -> str | None:
        """The cursor stored last, or ``None``."""
        ...

    async def claim_events(self, limit: int) -> Sequence[Received]:
        """Up to ``limit`` pending events, oldest first, that no living process works on."""
        ...

    async def record(self, outcome: Outcome) -> None:
        """Store the end of an event and all that it causes in one transaction.

        A second call for the same event changes nothing.
        """
        ...

    async def withdraw(self, item: Received) -> None:
        """End a DELETE event: hide its mention and cancel what was not sent yet."""
        ...

    async def fail(self, seq: int, error: str, *, tries: int = 5) -> bool:
        """Count a failed try; after ``tries`` the event is a dead letter and True is returned.

        Changes nothing where the event has already ended.
        """
        ...

    async def counts(self) -> EventCounts:
        """Where all events stand now."""
        ...


class Outbox(Protocol):
    """The durable queue between decisions and platforms."""

    async def claim_replies(self, channel: str, limit: int, now: datetime) -> Sequence[Reply]:
        """Up to ``limit`` due replies of the channel, moved from pending to sending."""
        ...

    async def waiting_channels(self) -> Sequence[str]:
        """Channels with replies that are pending or being sent."""
        ...

    async def in_doubt(self, channel: str) -> Sequence[Reply]:
        """Replies that a process which is gone left in sending."""
        ...

    async def finish_reply(
        self,
        key: str,
        *,
        state: ReplyState,
        native_id: str | None = None,
        reason: str = "",
        not_before: datetime | None = None,
        ticket: Ticket | None = None,
        ends_conversation: bool = False,
    ) -> Reply:
        """Move a reply on from sending or unknown, with a ticket where a person is owed one.

        ``ends_conversation``: nobody can be reached there any more; nothing else is sent to it.
        """
        ...
