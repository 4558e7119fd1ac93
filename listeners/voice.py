"""Share of voice: how much of the talk is about each brand, our own and the competitors'.

Competitors are brands of a ``BrandMatcher`` like any other, so that all are heard equally well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """One brand's part of the talk."""

    brand: str
    mentions: int
    share: float
    """Of all namings of all brands, in [0, 1]; a text that names two counts for both."""
    alone: int
    """Mentions that name no other brand."""


def share_of_voice(brands: Sequence[str], found: Iterable[Sequence[str]]) -> tuple[Voice, ...]:
    """Count ``found``, the brands of each text, for each of ``brands``; the loudest first."""
    mentions, alone = dict.fromkeys(brands, 0), dict.fromkeys(brands, 0)
    for named in found:
        known = [brand for brand in dict.fromkeys(named) if brand in mentions]
        for brand in known:
            mentions[brand] += 1
            alone[brand] += len(known) == 1
    total = sum(mentions.values())
    voices = (
        Voice(
            brand=brand,
            mentions=mentions[brand],
            share=mentions[brand] / total if total else 0.0,
            alone=alone[brand],
        )
        for brand in brands
    )
    return tuple(sorted(voices, key=lambda voice: -voice.mentions))
