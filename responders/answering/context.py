"""One mention with all that is known when it is decided, and what follows from that alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core.conversations import Conversation, ConversationState
from core.events import Event, EventKind
from core.mentions import Mention
from core.outbox import Target
from core.tickets import Ticket
from responders.answering.playbook import Match, Rule, Then
from responders.templates import Written

TOO_MANY: Final = Rule(
    name="too-many-replies", when=(), then=Then(action="ticket", severity="P4", send="nothing")
)
"""Takes the place of the playbook where one author is answered in a loop."""
WORDLESS: Final = Rule(name="no-words", when=(), then=Then(action="ignore"))
"""Takes the place of the playbook for what has neither own nor quoted words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """What a decision is made from."""

    mention: Mention
    match: Match
    language: Written
    before: Conversation | None
    """The conversation as it was before this mention."""
    open: Ticket | None
    """Its unresolved ticket."""
    now: datetime
    fields: Mapping[str, str] = field(default_factory=dict)
    """What a text names beside the ticket and the answer."""
    mutes: bool | None = None
    """Whether there are automatic replies from now on; ``None`` leaves it as it is."""

    @property
    def muted(self) -> bool:
        """True where the customer wants no automatic reply to this mention."""
        return self.before is not None and self.before.muted and self.mutes is not False

    @property
    def then(self) -> Then:
        return self.match.rule.then

    @property
    def state(self) -> ConversationState:
        """Who answers in this conversation so far."""
        return self.before.state if self.before else ConversationState.BOT

    @property
    def is_edit(self) -> bool:
        """True where an earlier revision may have been answered."""
        event = self.mention.event
        return event.revision > 0 or event.kind is EventKind.EDIT

    @property
    def for_person(self) -> bool:
        """True where a reply may only be drafted: the playbook says so, or nobody asked."""
        event = self.mention.event
        unasked = event.public and not event.solicited
        return self.then.action == "draft" or self.then.send == "draft" or unasked


def reply_key(event: Event) -> str:
    """The key of the one automatic reply an event can get, whatever its revision."""
    return f"{event.channel}:{event.id}:auto"


def why_silent(case: Case) -> str | None:
    """Key of the text that says why nothing may be said; ``None`` where something may."""
    if case.state is ConversationState.ENDED:
        return "silent_ended"
    if case.muted:
        return "silent_muted"
    opens_ticket = case.then.action == "ticket" and case.open is None
    if case.state is ConversationState.HUMAN and not opens_ticket:
        return "silent_human"
    if case.match.rule is TOO_MANY:
        return "too_many_replies"
    return "wordless" if case.match.rule is WORDLESS else None


def text_key(case: Case) -> str | None:
    """Key of what is to be said to the shopper, if anything."""
    then = case.then
    if then.from_knowledge:
        return "answer"
    if then.action == "ignore" or then.send == "nothing":
        return None
    if then.action == "ticket" and then.text and case.open and not then.takeover:
        return "added"
    return then.text


def target(case: Case) -> Target:
    """Where the answer goes; only posts, which everyone sees, are answered one by one."""
    event = case.mention.event
    return Target(
        channel=event.channel,
        conversation=event.conversation,
        reply_to=event.id if event.public else None,
        author=event.author.id,
        solicited=event.solicited,
    )


def conversation_after(case: Case, ticket: Ticket | None) -> Conversation:
    """The conversation once this decision is recorded; ``ticket`` is the planned one."""
    event, before = case.mention.event, case.before
    state = case.state
    takes_over = case.then.action == "ticket" and case.then.takeover
    if takes_over and state is ConversationState.BOT:
        state = ConversationState.HUMAN
    elif state is ConversationState.ENDED and case.mutes is False:
        state = ConversationState.BOT  # whoever begins anew can be reached again
    kept = ticket or case.open
    return Conversation(
        channel=event.channel,
        id=event.conversation,
        customer=before.customer if before else event.author.id,
        language=case.language,
        state=state,
        updated_at=case.now,
        ticket=kept.number if kept else None,
        muted=case.muted if case.mutes is None else case.mutes,
    )
