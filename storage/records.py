"""Records and constants that both databases share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.model.decisions import Action, Decision
from core.model.event_text import whole_text
from core.model.events import Event, EventCounts
from core.model.judgement import Judgement
from core.model.mentions import CorrectedMention, Correction, Mention
from core.model.outcomes import Plan

HOUR: Final = 3_600_000_000
DAY: Final = 24 * HOUR
"""Microseconds."""

PENDING: Final = 0
DONE: Final = 1
DROPPED: Final = 2
DEAD: Final = 3
"""States of events."""

_COUNTED_AS: Final = {PENDING: "pending", DONE: "done", DEAD: "dead"}

FIRST: Final = {"T": 1001, "INC": 101}
"""The first ticket and the first incident."""

BACK_OFF: Final = 1_000_000
"""Microseconds that an event waits for each time it has failed."""

LEASE: Final = 60_000_000
"""Microseconds after which a delivery that was claimed and never finished is due again."""

UNDECIDED: Final = Decision(action=Action.IGNORE, rule="", reason="")
"""Stands for the decision of a mention that was recorded without one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredMention:
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


def judged(mention: Mention, plan: Plan | None) -> StoredMention:
    """The record of a mention, which stands beside its event's."""
    same = mention.masked_text == mention.event.text
    return StoredMention(
        brands=mention.brands,
        judgement=mention.judgement,
        flags=mention.flags,
        masked_text=None if same else mention.masked_text,
        incident=mention.incident,
        decision=plan.decision if plan else None,
    )


def corrected(correction: Correction, judged: StoredMention, event: Event) -> CorrectedMention:
    """A correction beside the text and the judgement that it corrects."""
    return CorrectedMention(
        correction=correction,
        text=whole_text(event),
        judgement=judged.judgement,
        channel=event.channel,
        no_training=event.no_training,
    )


def overtaken_by(*, deleted: bool) -> str:
    """The reason of an event that is dropped since its deletion or a later edit came first."""
    return "deleted" if deleted else "outdated"


def counter_of(state: int, reason: str | None) -> str:
    """The counter of events in a state; ``reason`` is why, where it is ``DROPPED``."""
    return f"dropped:{reason}" if state == DROPPED else _COUNTED_AS[state]


def event_counts(counters: Mapping[str, int]) -> EventCounts:
    """Counters by ``counter_of`` and ``received`` as they are reported."""
    return EventCounts(
        received=counters.get("received", 0),
        done=counters.get("done", 0),
        pending=counters.get("pending", 0),
        dead=counters.get("dead", 0),
        dropped={
            name.removeprefix("dropped:"): n
            for name, n in counters.items()
            if name.startswith("dropped:") and n
        },
    )


def about(channel: object, native: object) -> bytes:
    """The key of the event that a ticket is about; unique among tickets."""
    parts = [part if isinstance(part, bytes) else str(part).encode() for part in (channel, native)]
    return b"%d:" % len(parts[0]) + b":".join(parts)
