"""Commands of shoppers, on every channel where they can write.

``/start`` greets, ``/human`` asks for a person, ``/status T-1001`` reports on the customer's own
ticket, ``/lang zh`` sets the language, ``/stop`` turns off automatic replies, and ``/start`` turns
them on again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.localized import UiLanguage
from core.model.conversations import Conversation
from core.model.events import Event
from core.model.mentions import Mention
from core.model.tickets import Ticket, TicketState
from core.repositories import Tickets
from responders.answering.context import DecisionContext
from responders.answering.playbook import Match, Rule, Then
from responders.texts import ShopperTexts, reply_language
from responders.tickets.opening import open_ticket

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
