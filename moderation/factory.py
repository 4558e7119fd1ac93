"""Builds what guards the way in and the way out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.clock import Clock
from core.repositories import Store
from moderation.gate import GateRules, Measure, OutboundGate
from moderation.inbound import InboundModerator
from moderation.masking import published_contacts
from moderation.pauses import StoredFreezes
from moderation.words import shipped_words


@dataclass(frozen=True, kw_only=True, slots=True)
class Guards:
    """Both guards, and the pauses that the second one asks for."""

    inbound: InboundModerator
    gate: OutboundGate
    pauses: StoredFreezes


def build_guards(
    clock: Clock,
    *,
    store: Store,
    published: Iterable[str] = (),
    private_channels: Iterable[str] = (),
    measures: Mapping[str, Measure] | None = None,
) -> Guards:
    """With the word lists that come with Tingfeng.

    ``published``: texts of the brand, such as its articles; the phones and addresses in them may
    be told in public. ``private_channels``: names of channels on which nothing is public.
    """
    words = shipped_words()
    rules = GateRules(
        private_channels=frozenset(private_channels),
        own_contacts=published_contacts(published),
        measures=measures or {},
    )
    pauses = StoredFreezes(store.pauses, store.mentions)
    return Guards(
        pauses=pauses,
        inbound=InboundModerator(words),
        gate=OutboundGate(words.promises, pauses=pauses, clock=clock, rules=rules),
    )
