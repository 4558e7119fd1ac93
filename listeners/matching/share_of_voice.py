"""Share of voice: how much of the talk is about each brand, our own and the competitors'.

Competitors are brands of a ``BrandMatcher`` like any other, so that all are heard equally well.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TextIO

from listeners.factory import Understanding
from listeners.reports import Unscored, judged


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


def voice_lines(
    lines: Iterable[bytes], understanding: Understanding, *, out: TextIO, errors: TextIO
) -> int:
    """Write one JSON line a brand, the loudest first: its Voice, and how it is spoken of.

    The sentiment of a text that names several brands is told of the first one alone, as
    comparisons are read for it. Lines that cannot be read go to ``errors``. Returns the exit
    status: 1 where there was one.
    """
    status, named = 0, list[tuple[str, ...]]()
    tones: dict[str, Counter[str]] = {brand: Counter() for brand in understanding.matcher.brands}
    for line in judged(lines, understanding.judge):
        if isinstance(line, Unscored):
            status = 1
            errors.write(f"line {line.number}: {line.reason}\n")
            continue
        brands = understanding.matcher.brands_in(line.text)
        named.append(brands)
        if brands:
            tones[brands[0]][line.judgement.sentiment] += 1
    for voice in share_of_voice(understanding.matcher.brands, named):
        told = {name: tones[voice.brand][name] for name in ("negative", "neutral", "positive")}
        rounded = asdict(voice) | {"share": round(voice.share, 4)}
        out.write(json.dumps(rounded | told, ensure_ascii=False) + "\n")
    return status
