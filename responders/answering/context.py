"""The facts a decision is made from, and everything that follows from them alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core.localized import UiLanguage
from core.model.conversations import Conversation, ConversationState
from core.model.events import Event
from core.model.mentions import Mention
from core.model.tickets import Ticket
from responders.answering.playbook import Match, Rule, Then

TOO_MANY: Final = Rule(
    name="too-many-replies", when=(), then=Then(action="ticket", severity="P4", send="nothing")
)
"""Replaces the playbook's rule for an author who was answered too often, as other bots are."""
WORDLESS: Final = Rule(name="no-words", when=(), then=Then(action="ignore"))
"""Replaces the playbook's rule for what has neither own nor quoted words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionContext:
    """One mention with its rule, conversation and ticket."""

    mention: Mention
    match: Match
    language: UiLanguage
    """Language of the reply."""
    before: Conversation | None
    """The conversation before this mention."""
    open: Ticket | None
    """The unresolved ticket of the conversation."""
    now: datetime
    fields: Mapping[str, str] = field(default_factory=dict)
    """Fields of the text besides those of the ticket and the article."""
    mutes: bool | None = None
    """Turns automatic replies of the conversation off or on; ``None`` changes nothing."""

    @property
    def muted(self) -> bool:
        """True if the customer has turned off automatic replies."""
        return self.before is not None and self.before.muted and self.mutes is not False

    @property
    def then(self) -> Then:
        return self.match.rule.then

    @property
    def state(self) -> ConversationState:
        """State of the conversation before this mention."""
        return self.before.state if self.before else ConversationState.BOT

    @property
    def needs_approval(self) -> bool:
        """True if a reply may only be drafted: the playbook says so, or the post asked no one."""
        event = self.mention.event
        unsolicited_post = event.public and not event.solicited
        return self.then.action == "draft" or self.then.send == "draft" or unsolicited_post


def reply_key(event: Event) -> str:
    """The key of the one automatic reply to an event, whatever its revision."""
    return f"{event.channel}:{event.id}:auto"


def silence_reason(context: DecisionContext) -> str | None:
    """Key of the text that tells staff why there is no reply; ``None`` if there may be one."""
    if context.state is ConversationState.ENDED:
        return "silent_ended"
    if context.muted:
        return "silent_muted"
    opens_ticket = context.then.action == "ticket" and context.open is None
    if context.state is ConversationState.HUMAN and not opens_ticket:
        return "silent_human"
    if context.match.rule is TOO_MANY:
        return "too_many_replies"
    return "wordless" if context.match.rule is WORDLESS else None


def text_key(context: DecisionContext) -> str | None:
    """Key of the text to reply with; ``None`` if the rule has none."""
    then = context.then
    if then.from_knowledge:
        return "answer"
    if then.action == "ignore" or then.send == "nothing":
        return None
    if then.action == "ticket" and then.text and context.open and not then.takeover:
        return "added"
    return then.text


def conversation_after(context: DecisionContext, ticket: Ticket | None) -> Conversation:
    """The conversation once the decision is recorded; ``ticket`` is the planned one."""
    event, before = context.mention.event, context.before
    state = context.state
    takes_over = context.then.action == "ticket" and context.then.takeover
    if takes_over and state is ConversationState.BOT:
        state = ConversationState.HUMAN
    elif state is ConversationState.ENDED and context.mutes is False:
        state = ConversationState.BOT  # a customer who starts again can be reached again
    kept = ticket or context.open
    return Conversation(
        channel=event.channel,
        id=event.conversation,
        customer=before.customer if before else event.author.id,
        language=context.language,
        state=state,
        updated_at=context.now,
        ticket=kept.number if kept else None,
        muted=context.muted if context.mutes is None else context.mutes,
    )
