"""A conversation as staff see it: what was said, and what is still on its way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.conversations import Conversation, ConversationLine
from core.mentions import MentionRecord
from core.outbox import Reply, ReplyState
from core.repositories import Store
from core.tickets import Ticket

LINES_AT_ONCE: Final = 500
MOST_LINES: Final = 2000
NOT_SENT: Final = frozenset(
    {ReplyState.PENDING, ReplyState.SENDING, ReplyState.REJECTED, ReplyState.UNKNOWN}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Thread:
    """What belongs to one ticket."""

    conversation: Conversation | None
    lines: Sequence[ConversationLine]
    """Oldest first; only the newest ``MOST_LINES``."""
    cut: bool
    """True where older lines are left out."""
    waiting: Sequence[Reply]
    """Replies that did not reach the customer, or not yet."""
    drafts: Sequence[Reply]
    """Replies that wait for a person."""
    about: MentionRecord | None
    """The mention it began with, where that is no line of the conversation."""


async def read_thread(store: Store, ticket: Ticket) -> Thread:
    """The conversation of a ticket as recorded now."""
    lines: list[ConversationLine] = []
    cut = False
    while found := await store.conversations.lines(
        ticket.channel,
        ticket.conversation,
        after=lines[-1].seq if lines else 0,
        limit=LINES_AT_ONCE,
    ):
        lines += found
        if len(lines) > MOST_LINES:
            lines, cut = lines[-MOST_LINES:], True
        if len(found) < LINES_AT_ONCE:
            break
    about = None if ticket.mention is None else await store.mentions.get(ticket.mention)
    replies = about.replies if about else ()
    shown = {line.id for line in lines}
    return Thread(
        conversation=await store.conversations.get(ticket.channel, ticket.conversation),
        lines=lines,
        cut=cut,
        waiting=[r for r in replies if r.state in NOT_SENT and r.key not in shown],
        drafts=[r for r in replies if r.state is ReplyState.DRAFT],
        about=about if about and about.mention.event.id not in shown else None,
    )
