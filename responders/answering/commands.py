"""What shoppers may ask for by command, on every channel they can write on.

``/start`` greets, ``/human`` gets a person, ``/status T-1001`` tells how a ticket of one's own
stands, ``/lang zh`` chooses the language, ``/stop`` ends automatic replies, and ``/start`` begins
them anew.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core.conversations import Conversation
from core.events import Event
from core.mentions import Mention
from core.repositories import Tickets
from core.tickets import Ticket, TicketState
from responders.answering.playbook import Match, Rule, Then
from responders.templates import Catalogue, Written, written

_COMMAND: Final = re.compile(
    r"(?:(?:@\w{1,64}|/?u/[\w-]{1,40})[\s,:，：]*)*"
    r"[/／](?P<name>start|human|status|lang|stop)(?:@\w{1,64})?(?:\s+(?P<rest>.*))?",
    re.IGNORECASE | re.DOTALL,
)
"""With the names it is addressed to in front, as in public, or behind it, as in Telegram."""
_LONGEST: Final = 200
_NUMBER: Final = re.compile(r"T-\d{1,12}", re.IGNORECASE | re.ASCII)
_CHOICES: Final[Mapping[str, Written]] = {
    **dict.fromkeys(("zh", "cn", "zh-cn", "chinese", "中文", "汉语", "普通话"), "zh"),
    **dict.fromkeys(("en", "english", "英文", "英语"), "en"),
}
_HUMAN: Final = Rule(
    name="command-human", when=(), then=Then(action="ticket", severity="P3", text="handover")
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What was asked for."""

    name: str
    rest: str = ""
    """What stands behind it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What a command comes down to."""

    match: Match
    language: Written
    fields: Mapping[str, str] = field(default_factory=dict)
    """What the text names."""
    muted: bool | None = None
    """Whether there are automatic replies from now on; ``None`` leaves it as it is."""


def read_command(event: Event) -> Command | None:
    """The command in an event that is addressed to the brand, if it is one."""
    text = event.text.strip()
    if not event.solicited or len(text) > _LONGEST:
        return None
    found = _COMMAND.fullmatch(text)
    if found is None:
        return None
    return Command(name=found["name"].lower(), rest=(found["rest"] or "").strip())


def language_of(mention: Mention, before: Conversation | None) -> Written:
    """A command is in no language: that of the conversation, else of the author's account."""
    account = mention.event.author.language
    if before is not None:
        return written(before.language)
    if account is not None:
        return "zh" if account in ("zh", "mixed") else "en"
    return written(mention.judgement.language)


async def order_of(
    command: Command,
    mention: Mention,
    before: Conversation | None,
    *,
    tickets: Tickets,
    texts: Catalogue,
    now: datetime,
) -> Order:
    """What the command asks for; stores nothing."""
    language = language_of(mention, before)
    match command.name:
        case "start":
            return Order(match=_saying("start", "greeting"), language=language, muted=False)
        case "human":
            return Order(match=Match(rule=_HUMAN), language=language)
        case "stop":
            return Order(match=_saying("stop", "command_stopped"), language=language, muted=True)
        case "lang":
            chosen = _CHOICES.get(command.rest.lower())
            text = "command_lang_ask" if chosen is None else "command_lang_set"
            return Order(match=_saying("lang", text), language=chosen or language)
    ticket = await _asked_for(command, mention.event, before, tickets)
    key = "command_status_none" if ticket is None else f"command_status_{ticket.state}"
    fields = {} if ticket is None else _facts(ticket, texts, language, now)
    return Order(match=_saying("status", key), language=language, fields=fields)


async def _asked_for(
    command: Command, event: Event, before: Conversation | None, tickets: Tickets
) -> Ticket | None:
    """The ticket, if it is this customer's own; without a number the one of this conversation."""
    number = before.ticket if before and not command.rest else None
    if command.rest and _NUMBER.fullmatch(command.rest):
        number = command.rest.upper()
    ticket = await tickets.get(number) if number else None
    if ticket is None or ticket.channel != event.channel:
        return None
    customer = before.customer if before else event.author.id
    same_talk = ticket.conversation == event.conversation
    return ticket if same_talk or (ticket.customer == customer and not event.public) else None


def _facts(ticket: Ticket, texts: Catalogue, language: Written, now: datetime) -> Mapping[str, str]:
    left = (ticket.due_at - now).total_seconds() / 60
    answered = ticket.state is not TicketState.OPEN or ticket.answered_at is not None
    within = texts.within(0 if answered else left, language)
    return {"number": ticket.number, "within": within}


def _saying(name: str, text: str) -> Match:
    return Match(rule=Rule(name=f"command-{name}", when=(), then=Then(action="reply", text=text)))
