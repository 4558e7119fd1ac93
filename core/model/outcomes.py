"""The end of an event: a decision with everything it causes, or the reason it was dropped for."""

from dataclasses import dataclass, replace

from core.model.conversations import Conversation
from core.model.decisions import Decision
from core.model.mentions import Mention
from core.model.outbox import Reply, redirected
from core.model.tickets import Ticket


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
    """The reason, in one term that can be counted: no_brand, spam, own_voice, deleted, ..."""
    mention: Mention | None = None
    plan: Plan | None = None


def with_ticket(plan: Plan, number: str | None) -> Plan:
    """The plan once its ticket was stored as ``number``, which differs where one existed already.

    The conversation then belongs to that ticket, and a reply that announces the other is cancelled.
    """
    if plan.ticket is None or plan.ticket.number == number:
        return plan
    wanted, conversation = plan.ticket.number, plan.conversation
    if conversation is not None and conversation.ticket == wanted:
        conversation = replace(conversation, ticket=number)
    replies = tuple(redirected(reply, wanted=wanted, number=number) for reply in plan.replies)
    return replace(plan, conversation=conversation, replies=replies)
