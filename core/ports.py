"""Ports of the pipeline and the dispatcher beside the store.

A part implements a port by having these methods; nobody inherits. The abilities that only some
connectors have (``Sends``, ``ReadsBack``, ``Pushed``, ``Engagement``) are tiny protocols that are
tested with ``isinstance``.
"""

from collections.abc import Sequence
from typing import Protocol

from core.model.alerts import Alert
from core.model.events import Event, Page, Receipt
from core.model.judgement import Judgement, Verdict
from core.model.mentions import Mention
from core.model.outbox import Reply
from core.model.outcomes import Plan
from core.model.tickets import Ticket


class Matcher(Protocol):
    """Finds brands in a text."""

    def match(self, event: Event) -> tuple[str, ...]:
        """Ids of the brands that the event concerns, in the order of the configuration."""
        ...


class Judge(Protocol):
    """Understands texts."""

    async def judge(self, texts: Sequence[str]) -> Sequence[Judgement]:
        """One Judgement a text, in order. Never raises for what the text contains."""
        ...


class Moderator(Protocol):
    """Says what may come in."""

    def inspect(self, event: Event, judgement: Judgement) -> Verdict:
        """Allowed, or why not; with flags and the masked text in either case."""
        ...


class Decider(Protocol):
    """Says what is to be done."""

    async def decide(self, mention: Mention) -> Plan:
        """The decision about a mention and all that it causes; stores nothing."""
        ...


class SpreadMonitor(Protocol):
    """Watches what is spreading."""

    async def observe(self, mention: Mention) -> None:
        """Take a recorded mention into account, raising alerts as needed. Idempotent."""
        ...


class AlertRaiser(Protocol):
    """Takes alerts to staff, and the ends and merges of the incidents they are about."""

    async def raise_alert(self, alert: Alert) -> bool:
        """Store a new alert and notify staff of it by their rules.

        Where the key is known, brings the stored alert up to date and returns False.
        """
        ...

    def end(self, incident: str) -> None:
        """Resolve the alert of an incident that is over by the time of its posts.

        Staff are notified of the alert first where they were not yet.
        """
        ...

    async def merge(self, gone: str, kept: str) -> None:
        """Resolve the alert of the incident ``gone`` as a part of the incident ``kept``.

        Owner and acknowledgement pass to the alert of ``kept``. Idempotent.
        """
        ...


class Gate(Protocol):
    """The last word before any send."""

    async def check(self, reply: Reply) -> Verdict:
        """Allowed, or why not. What cannot be checked is not allowed."""
        ...


class UndeliveredReplies(Protocol):
    """Turns a reply that cannot be completed into work for a person."""

    async def ticket_for(self, reply: Reply, reason: str) -> Ticket:
        """A new ticket about the reply, or the one it belongs to."""
        ...

    async def owed(self, reply: Reply) -> Ticket | None:
        """The unresolved ticket that the reply belongs to, if there is one; as it will be: open."""
        ...


class Intake(Protocol):
    """Receives what platforms push to connectors."""

    async def accept(self, connector: str, page: Page) -> Receipt:
        """As core.repositories.Events.accept; wakes the pipeline."""
        ...
