"""What the responders need from the store and from the channels."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from core.alerts import Alert, Mute
from core.articles import Answer
from core.conversations import Conversation
from core.mentions import Mention, MentionRecord
from core.pauses import Pause
from core.tickets import Ticket


class Conversations(Protocol):
    """Where decisions find what was said before."""

    async def conversation(self, channel: str, id: str) -> Conversation | None:  # noqa: A002
        """The conversation as recorded last."""
        ...

    async def replied_to(self, channel: str, native_id: str) -> bool:
        """True where any reply to this event, in any of its revisions, is recorded."""
        ...

    async def ticket(self, number: str) -> Ticket | None: ...

    async def reserve_ticket_number(self) -> str:
        """The next number, ``T-1001`` and up; durable, never given twice, gaps allowed."""
        ...


class Tickets(Protocol):
    """Where reminders find their work."""

    async def late_tickets(self, now: datetime) -> Sequence[Ticket]:
        """Unanswered tickets whose due_at is past and that were not reminded of since."""
        ...

    async def mark_reminded(self, number: str, at: datetime) -> None: ...


class Alerts(Protocol):
    """Where alerts live, and wait until every receiver has them."""

    async def raise_alert(self, alert: Alert, receivers: Sequence[str]) -> bool:
        """Store the alert and one delivery a receiver; False where the key is already there."""
        ...

    async def alert(self, key: str) -> Alert | None: ...

    async def live_alerts(self, *, limit: int = 1000) -> Sequence[Alert]:
        """Those that are firing or acknowledged, oldest first."""
        ...

    async def change_alert(self, alert: Alert, *, receivers: Sequence[str] = ()) -> Alert:
        """Store a change made on ``alert.version``; raises Conflict if that is not the last.

        Each receiver that is named gets a delivery that is due now. Returns what is stored.
        """
        ...

    async def claim_deliveries(self, receiver: str, limit: int, now: datetime) -> Sequence[Alert]:
        """Due deliveries of the receiver, oldest first."""
        ...

    async def finish_delivery(
        self, key: str, receiver: str, *, delivered: bool, reason: str = "", retry_at: datetime
    ) -> None:
        """Note the outcome; an undelivered alert is due again at ``retry_at``.

        Changes nothing where the delivery was made due anew since this process claimed it.
        """
        ...

    async def mutes(self) -> Sequence[Mute]: ...


class Freezer(Protocol):
    """Where automatic replies are paused."""

    async def save_pause(self, pause: Pause) -> None:
        """Pause; nothing starts after the return."""
        ...

    async def pauses(self) -> Sequence[Pause]: ...

    async def lift_pause(self, id: str, *, by: str) -> bool:  # noqa: A002
        """Go on; False where there was no such pause."""
        ...


class History(Protocol):
    """Where what is spreading is rebuilt from after a restart."""

    async def mentions_since(self, since: datetime) -> Sequence[Mention]:
        """Mentions by posted_at, oldest first."""
        ...


class Retention(Protocol):
    """Where what is over ages out."""

    async def age(
        self, *, raw: datetime, spam: datetime, messages: datetime, records: datetime
    ) -> int:
        """Forget what is older than these times; returns how many records.

        The texts of public posts (``raw``), of dropped events (``spam``) and of private messages;
        resolved tickets, quiet conversations, resolved alerts and dead letters (``records``).
        """
        ...


class Answers(Protocol):
    """Where answers to questions are found."""

    def search(self, text: str, language: Literal["zh", "en"], limit: int = 3) -> Sequence[Answer]:
        """Up to ``limit`` articles in that language, the surest first."""
        ...


class Mentions(Protocol):
    """Where the mention behind a reply is found."""

    async def mention(self, seq: int) -> MentionRecord | None: ...
