"""How a mention is kept beside its event: everything that understanding added to it."""

from dataclasses import dataclass

from core.queries import MentionFilter
from core.types import Action, Decision, Event, Judgement, Mention

UNDECIDED = Decision(action=Action.IGNORE, rule="", reason="")
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


def _token(kind: str, value: str) -> str:
    return kind + value.encode("utf-8", "surrogatepass").hex()
