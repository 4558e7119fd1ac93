"""What is kept about a matter once it is decided: replies, tickets, conversations, alerts.

The types are as those of ``core.events``: frozen, keyword-only, times in UTC.
"""

from dataclasses import dataclass

from core.conversations import Conversation
from core.decisions import Decision
from core.mentions import Mention
from core.outbox import Reply
from core.tickets import Ticket


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """All that one decision causes; stored in one transaction."""

    decision: Decision
    conversation: Conversation | None = None
    ticket: Ticket | None = None
    """A new ticket, or the open one with what changed."""
    replies: tuple[Reply, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The end of one Received event: done with a plan, or dropped with a reason."""

    seq: int
    dropped: str | None = None
    """The reason, in one term that can be counted: no_brand, spam, deleted, ..."""
    mention: Mention | None = None
    plan: Plan | None = None
