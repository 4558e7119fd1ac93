"""The facts a decision is made from, and everything that follows from them alone.

A command of a shopper, on every channel where they can write, stands in place of the playbook's
rule. ``/start`` greets, ``/human`` asks for a person, ``/status T-1001`` reports on the customer's
own ticket, ``/lang zh`` sets the language, ``/stop`` turns off automatic replies, and ``/start``
turns them on again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core.localized import UiLanguage
from core.model.conversations import Conversation, ConversationState
from core.model.events import Event
from core.model.mentions import Mention
from core.model.tickets import Ticket, TicketState
from core.repositories import Tickets
from responders.answering.playbook import Match, Rule, Then
from responders.texts import ShopperTexts, reply_language
from responders.tickets import open_ticket

TOO_MANY: Final = Rule(
    name="too-many-replies", when=(), then=Then(action="ticket", severity="P4", send="nothing")
)
"""Replaces the playbook's rule for an author who was answered too often, as other bots are."""
WORDLESS: Final = Rule(name="no-words", when=(), then=Then(action="ignore"))
"""Replaces the playbook's rule for what has neither own nor quoted words."""
REPEATED: Final = Rule(name="repeated-post", when=(), then=Then(action="ignore"))
"""Replaces the playbook's rule for what its author has posted several times already."""
_COMMAND: Final = re.compile(
    r"(?:(?:@\w{1,64}|/?u/[\w-]{1,40})[\s,:，：]*)*"
    r"[/／](?P<name>start|human|status|lang|stop)(?:@\w{1,64})?(?:\s+(?P<argument>.*))?",
    re.IGNORECASE | re.DOTALL,
)
"""Account names may precede it, as in public posts, or follow it, as in Telegram."""
_MAX_LENGTH: Final = 200
_NUMBER: Final = re.compile(r"T-\d{1,12}", re.IGNORECASE | re.ASCII)
_LANGUAGES: Final[Mapping[str, UiLanguage]] = {
    **dict.fromkeys(("zh", "cn", "zh-cn", "chinese", "中文", "汉语", "普通话"), "zh"),
    **dict.fromkeys(("en", "english", "英文", "英语"), "en"),
}
_HUMAN: Final = Rule(
    name="command-human", when=(), then=Then(action="ticket", severity="P3", text="handover")
)
_REMARKS: Final = (
    (TOO_MANY, "too_many_replies"),
    (WORDLESS, "wordless"),
    (REPEATED, "repeated_post"),
)


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


def remark_of(rule: Rule) -> str | None:
    """Key of the text that tells staff why a rule that replaces the playbook's gives no reply."""
    return next((remark for one, remark in _REMARKS if one is rule), None)


def silence_reason(context: DecisionContext) -> str | None:
    """Key of the text that tells staff why there is no reply; ``None`` if there may be one."""
    if context.state is ConversationState.ENDED:
        return "silent_ended"
    if context.muted:
        return "silent_muted"
    opens_ticket = context.then.action == "ticket" and context.open is None
    if context.state is ConversationState.HUMAN and not opens_ticket:
        return "silent_human"
    return remark_of(context.match.rule)


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One command."""

    name: str
    argument: str = ""


def read_command(event: Event) -> Command | None:
    """The command in an event that is addressed to the brand; ``None`` if it is none."""
    text = event.text.strip()
    if not event.solicited or len(text) > _MAX_LENGTH:
        return None
    found = _COMMAND.fullmatch(text)
    if found is None:
        return None
    return Command(name=found["name"].lower(), argument=(found["argument"] or "").strip())


async def command_context(
    command: Command,
    mention: Mention,
    before: Conversation | None,
    *,
    tickets: Tickets,
    texts: ShopperTexts,
    now: datetime,
) -> DecisionContext:
    """The context of the decision about a command; stores nothing."""
    language, mutes, fields = _language(mention, before), None, dict[str, str]()
    match command.name:
        case "start":
            rule, mutes = _reply("start", "greeting"), False
        case "human":
            rule = _HUMAN
        case "stop":
            rule, mutes = _reply("stop", "command.stopped"), True
        case "lang":
            chosen = _LANGUAGES.get(command.argument.lower())
            rule = _reply("lang", "command.lang_ask" if chosen is None else "command.lang_set")
            language = chosen or language
        case _:
            ticket = await _own_ticket(command, mention.event, before, tickets)
            key = "command.status.none" if ticket is None else f"command.status.{ticket.state}"
            rule = _reply("status", key)
            fields = {} if ticket is None else _ticket_fields(ticket, texts, language, now)
    return DecisionContext(
        mention=mention,
        match=Match(rule=rule),
        language=language,
        before=before,
        open=await open_ticket(tickets, before),
        now=now,
        fields=fields,
        mutes=mutes,
    )


def _language(mention: Mention, before: Conversation | None) -> UiLanguage:
    """A command has no language of its own: the conversation's, else the account's."""
    account = mention.event.author.language
    if before is not None:
        return reply_language(before.language)
    if account is not None:
        return "zh" if account in ("zh", "mixed") else "en"
    return reply_language(mention.judgement.language)


async def _own_ticket(
    command: Command, event: Event, before: Conversation | None, tickets: Tickets
) -> Ticket | None:
    """The ticket asked for, or that of the conversation; ``None`` for another customer's.

    In public only a ticket of the same conversation is reported on.
    """
    number = before.ticket if before and not command.argument else None
    if command.argument and _NUMBER.fullmatch(command.argument):
        number = command.argument.upper()
    ticket = await tickets.get(number) if number else None
    if ticket is None or ticket.channel != event.channel:
        return None
    customer = before.customer if before else event.author.id
    same_conversation = ticket.conversation == event.conversation
    own = ticket.customer == customer and not event.public
    return ticket if same_conversation or own else None


def _ticket_fields(
    ticket: Ticket, texts: ShopperTexts, language: UiLanguage, now: datetime
) -> dict[str, str]:
    minutes = (ticket.due_at - now).total_seconds() / 60
    answered = ticket.state is not TicketState.OPEN or ticket.answered_at is not None
    within = texts.within(0 if answered else minutes, language)
    return {"number": ticket.number, "within": within}


def _reply(name: str, text: str) -> Rule:
    return Rule(name=f"command-{name}", when=(), then=Then(action="reply", text=text))
