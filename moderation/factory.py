"""Builds inbound moderation, the outbound gate and the pauses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.clock import Clock
from core.repositories import Store
from moderation.gate import GateRules, Measure, OutboundGate
from moderation.inbound import InboundModerator
from moderation.masking import published_contacts
from moderation.pauses import StoredPauses
from moderation.word_lists import shipped_words


@dataclass(frozen=True, kw_only=True, slots=True)
class Guards:
    """Inbound moderation, the outbound gate, and the pauses that the gate checks."""

    inbound: InboundModerator
    gate: OutboundGate
    pauses: StoredPauses


def build_guards(
    clock: Clock,
    *,
    store: Store,
    published: Iterable[str] = (),
    private_channels: Iterable[str] = (),
    measures: Mapping[str, Measure] | None = None,
) -> Guards:
    """Build with the word lists that ship with Tingfeng.

    ``published``: texts of the brand, such as its articles; the phones and addresses in them may
    appear in public replies. ``private_channels``: names of channels on which nothing is public.
    """
    words = shipped_words()
    rules = GateRules(
        private_channels=frozenset(private_channels),
        own_contacts=published_contacts(published),
        measures=measures or {},
    )
    pauses = StoredPauses(store.pauses, store.mentions)
    return Guards(
        pauses=pauses,
        inbound=InboundModerator(words),
        gate=OutboundGate(words.promises, pauses=pauses, clock=clock, rules=rules),
    )
