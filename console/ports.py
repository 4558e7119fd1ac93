"""The store as the console uses it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from core.alerts import Alert, Mute
from core.articles import Article
from core.conversations import Conversation, ConversationLine
from core.events import DeadLetter, EventCounts
from core.figures import Figures
from core.incidents import Incident
from core.mentions import Correction, MentionFilter, MentionPage, MentionRecord
from core.outbox import Reply
from core.pauses import Pause
from core.tickets import Ticket, TicketFilter, TicketPage


class ConsoleStore(Protocol):
    """What staff see and change."""

    async def mentions(
        self, where: MentionFilter, *, before: int | None = None, limit: int = 50
    ) -> MentionPage:
        """Mentions newest first; ``before`` is MentionPage.next of the page above."""
        ...

    async def mention(self, seq: int) -> MentionRecord | None: ...

    async def tickets(
        self, where: TicketFilter, *, after: str | None = None, limit: int = 50
    ) -> TicketPage: ...

    async def ticket(self, number: str) -> Ticket | None: ...

    async def save_ticket(self, ticket: Ticket, *, was: Ticket) -> None:
        """Store ``ticket`` if the record still equals ``was``; raises Conflict otherwise.

        A ticket that becomes resolved gives its conversation back to the machine.
        """
        ...

    async def conversation(self, channel: str, id: str) -> Conversation | None:  # noqa: A002
        ...

    async def lines(
        self, channel: str, conversation: str, *, after: int = 0, limit: int = 200
    ) -> Sequence[ConversationLine]:
        """Lines with seq > ``after``, oldest first."""
        ...

    async def drafts(self, *, limit: int = 50) -> Sequence[Reply]: ...

    async def add_reply(self, reply: Reply, *, ticket: Ticket | None = None) -> bool:
        """Put a reply by staff into the outbox, and store ``ticket`` with it.

        False where its key is already there.
        """
        ...

    async def settle_draft(self, key: str, *, by: str, approve: bool, text: str) -> Reply:
        """Move a draft to pending with ``text``, or to cancelled; raises Conflict if settled."""
        ...

    async def alerts(self, *, limit: int = 50) -> Sequence[Alert]:
        """Newest first."""
        ...

    async def acknowledge_alert(self, key: str, *, by: str) -> Alert:
        """Raises Conflict where it is not firing any more."""
        ...

    async def articles(self) -> Sequence[Article]: ...

    async def search_articles(self, text: str, *, limit: int = 20) -> Sequence[Article]: ...

    async def dead_letters(self, *, limit: int = 50) -> Sequence[DeadLetter]: ...

    async def replay_dead_letter(self, id: int) -> bool:  # noqa: A002
        """Give an event its five tries again; False where it was no readable event."""
        ...

    async def figures(self, now: datetime) -> Figures: ...

    async def counts(self) -> EventCounts: ...

    async def check(self) -> None:
        """Raises StoreError where nothing can be stored at this moment: a full disk, for one."""
        ...

    async def correct(self, correction: Correction) -> None:
        """Keep what staff say a mention is; the last word on it counts. May raise Conflict."""
        ...

    async def correction(self, mention: int) -> Correction | None:
        """What staff said of the mention last."""
        ...

    async def alert(self, key: str) -> Alert | None: ...

    async def live_alerts(self, *, limit: int = 1000) -> Sequence[Alert]:
        """Those that are firing or acknowledged, oldest first."""
        ...

    async def change_alert(self, alert: Alert, *, receivers: Sequence[str] = ()) -> Alert:
        """Store a change made on ``alert.version``; raises Conflict if that is not the last."""
        ...

    async def incident(self, id: str) -> Incident | None: ...  # noqa: A002

    async def incidents(
        self, *, state: Literal["open", "resolved"] | None = None, limit: int = 50
    ) -> Sequence[Incident]:
        """The last active first."""
        ...

    async def incident_mentions(self, id: str, *, limit: int = 2000) -> Sequence[MentionRecord]:  # noqa: A002
        """Its mentions by posted_at, oldest first."""
        ...

    async def compare_and_set_incident(self, incident: Incident) -> Incident:
        """Store a change made on ``incident.version``; raises Conflict if that is not the last."""
        ...

    async def pauses(self) -> Sequence[Pause]: ...

    async def save_pause(self, pause: Pause) -> None: ...

    async def lift_pause(self, id: str, *, by: str) -> bool: ...  # noqa: A002

    async def mutes(self) -> Sequence[Mute]: ...

    async def save_mute(self, silence: Mute) -> None: ...

    async def end_mute(self, id: str, *, by: str) -> bool: ...  # noqa: A002


class Pauses(Protocol):
    """Where automatic replies are paused; nothing starts once ``save_pause`` has returned."""

    async def pauses(self) -> Sequence[Pause]: ...

    async def save_pause(self, pause: Pause) -> None: ...

    async def lift_pause(self, id: str, *, by: str) -> bool: ...  # noqa: A002
