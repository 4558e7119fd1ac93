"""Replies on their way to a platform: the rows of the outbox, and how they may change."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from core.errors import Conflict
from core.model.conversations import Conversation, ConversationLine, ConversationState
from core.model.tickets import Ticket
from core.taxonomy import Language


class ReplyState(StrEnum):
    """State of an outbox row; ``UNKNOWN`` means that the platform may have acted."""

    DRAFT = "draft"
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The recipient of a reply."""

    channel: str
    conversation: str
    reply_to: str | None = None
    """Native id of the post that is answered."""
    author: str | None = None
    """Native id of the person who is answered."""
    solicited: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An outbox row: one text to one person."""

    key: str
    """Idempotency key; at most one reply with this key is ever sent."""
    target: Target
    text: str
    state: ReplyState
    language: Language
    by: str
    """``bot``, or the name of the member of staff."""
    created_at: datetime
    not_before: datetime | None = None
    attempts: int = 0
    mention: int | None = None
    """Mention.seq it answers."""
    ticket: str | None = None
    """Ticket.number it belongs to."""
    native_id: str | None = None
    """The platform's id of the sent reply."""
    reason: str = ""
    """Reason for being rejected, cancelled, held or in doubt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyResult:
    """The result of one attempt to send a reply."""

    key: str
    """Reply.key."""
    state: ReplyState
    native_id: str | None = None
    reason: str = ""
    not_before: datetime | None = None
    """Time of the next try, where ``state`` is pending."""
    ticket: Ticket | None = None
    """Stored with the result, where a person has to take over."""
    ends_conversation: bool = False
    """True where the person can no longer be reached: nothing else is sent to them."""


CONVERSATION_ENDED: Final = "conversation ended"
"""Reason of replies that are cancelled because their conversation has ended."""

UNSENT: Final = (ReplyState.DRAFT, ReplyState.PENDING)
"""States of replies that can still be cancelled."""

_FINISHABLE: Final = (ReplyState.SENDING, ReplyState.UNKNOWN)


def is_repeat(reply: Reply, result: ReplyResult) -> bool:
    """True where ``reply`` has the state of ``result`` already and nothing is to be done.

    Raises Conflict where the reply is not being sent any more.
    """
    if reply.state in _FINISHABLE:
        return False
    if reply.state is result.state:
        return True
    raise Conflict(f"the reply {reply.key} is {reply.state.value} already. Read it again.")


def finished(reply: Reply, result: ReplyResult, *, ticket: str | None, ended: bool) -> Reply:
    """The reply after ``result``.

    ``ticket`` is the number under which the result's ticket was stored. A retry is cancelled where
    the conversation has ``ended``.
    """
    state, reason = result.state, result.reason
    if state is ReplyState.PENDING and ended:
        state, reason = ReplyState.CANCELLED, CONVERSATION_ENDED
    return replace(
        reply,
        state=state,
        native_id=result.native_id or reply.native_id,
        reason=reason,
        not_before=result.not_before,
        attempts=reply.attempts + (state is ReplyState.PENDING),
        ticket=ticket or reply.ticket,
    )


def settled(reply: Reply, *, by: str, approve: bool, text: str) -> Reply:
    """A draft after a member of staff decided; raises Conflict where it is no draft any more."""
    if reply.state is not ReplyState.DRAFT:
        raise Conflict(f"the draft {reply.key} is {reply.state.value} already. Read it again.")
    return replace(
        reply,
        state=ReplyState.PENDING if approve else ReplyState.CANCELLED,
        by=by,
        text=text if approve else reply.text,
        reason="" if approve else f"rejected by {by}",
    )


def cancelled(reply: Reply, reason: str) -> Reply:
    """The reply once it will not be sent."""
    return replace(reply, state=ReplyState.CANCELLED, reason=reason)


def admitted(reply: Reply, *, ended: bool) -> Reply:
    """A new reply as it enters the outbox: cancelled where its conversation has ``ended``."""
    return cancelled(reply, CONVERSATION_ENDED) if ended and reply.state in UNSENT else reply


def redirected(reply: Reply, *, wanted: str, number: str | None) -> Reply:
    """A reply of a decision whose ticket ``wanted`` was stored as ``number``.

    Cancelled where it announces ``wanted``.
    """
    if reply.ticket != wanted:
        return reply
    return replace(cancelled(reply, f"ticket {number} exists already"), ticket=number)


def sent_line(reply: Reply, at: datetime) -> ConversationLine:
    """A sent reply as a line of its conversation."""
    return ConversationLine(
        seq=0, direction="out", id=reply.key, by=reply.by, text=reply.text, at=at
    )


def without_content(reply: Reply) -> Reply:
    """The part of an aged reply that is kept, so that it is never sent again."""
    return replace(reply, text="", target=replace(reply.target, author=None))


def ended_by(last: Reply, before: Conversation | None, at: datetime) -> Conversation:
    """The conversation after ``last`` found that the person can no longer be reached."""
    if before is not None:
        return replace(before, state=ConversationState.ENDED, updated_at=at)
    return Conversation(
        channel=last.target.channel,
        id=last.target.conversation,
        customer=last.target.author or "",
        language=last.language,
        state=ConversationState.ENDED,
        updated_at=at,
    )
