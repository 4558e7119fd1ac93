"""What every store makes of records the same way: keys, search words, the shape of a mention."""

from dataclasses import dataclass
from typing import Final

from core.decisions import Action, Decision
from core.events import Event
from core.judgement import Judgement
from core.mentions import Mention, MentionFilter
from core.outcomes import Plan
from core.tickets import Ticket
from storage.tokens import tokens

HOUR: Final = 3_600_000_000
DAY: Final = 24 * HOUR
"""Microseconds."""

FIRST: Final = {"T": 1001, "INC": 101}
"""The first number of each kind of matter."""

BACK_OFF: Final = 1_000_000
"""Microseconds that an event waits for each time it has failed."""

LEASE: Final = 60_000_000
"""Microseconds after which a delivery that was claimed and never finished is due again."""


UNDECIDED: Final = Decision(action=Action.IGNORE, rule="", reason="")
"""Stands for the decision of a mention that was recorded without one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A Mention without its event, and the decision."""

    brands: tuple[str, ...]
    judgement: Judgement
    flags: tuple[str, ...] = ()
    masked_text: str | None = None
    """``None`` where it equals the event's text."""
    incident: str | None = None
    decision: Decision | None = None

    def mention(self, seq: int, event: Event) -> Mention:
        """The mention that was recorded."""
        return Mention(
            seq=seq,
            event=event,
            brands=self.brands,
            judgement=self.judgement,
            flags=self.flags,
            masked_text=event.text if self.masked_text is None else self.masked_text,
            incident=self.incident,
        )


def search_filters(mention: Mention) -> list[str]:
    """What a mention can be filtered by, as tokens: one for each value."""
    found = [_token("b", brand) for brand in mention.brands]
    found.append(_token("c", mention.event.channel))
    found.append(_token("s", mention.judgement.sentiment))
    found.append(_token("k", mention.judgement.category))
    return found


def wanted_filters(where: MentionFilter) -> list[str]:
    """The tokens that ``search_filters`` must have given."""
    wanted = {"b": where.brand, "c": where.channel, "s": where.sentiment, "k": where.category}
    return [_token(kind, value) for kind, value in wanted.items() if value is not None]


def wanted_channel(channel: str) -> str:
    """The token that ``search_filters`` gave for a channel."""
    return _token("c", channel)


def _token(kind: str, value: str) -> str:
    return kind + value.encode("utf-8", "surrogatepass").hex()


def judged(mention: Mention, plan: Plan | None) -> Judged:
    """What is kept beside the event."""
    same = mention.masked_text == mention.event.text
    return Judged(
        brands=mention.brands,
        judgement=mention.judgement,
        flags=mention.flags,
        masked_text=None if same else mention.masked_text,
        incident=mention.incident,
        decision=plan.decision if plan else None,
    )


def mention_words(mention: Mention) -> str:
    """What a mention is found by: its masked text, or the text where none was masked."""
    return " ".join(tokens(mention.masked_text or mention.event.text))


def ticket_words(ticket: Ticket) -> str:
    """What a ticket is found by."""
    return " ".join(tokens(f"{ticket.number} {ticket.category} {ticket.subject}"))


def about(channel: object, native: object) -> bytes:
    """What a ticket is about, in one value; unique among tickets."""
    parts = [part if isinstance(part, bytes) else str(part).encode() for part in (channel, native)]
    return b"%d:" % len(parts[0]) + b":".join(parts)
