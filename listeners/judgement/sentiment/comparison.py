"""Resolves comparisons between brands: 比永辉便宜, 还不如禾家, *better than Walmart*.

N-grams show that something is better or worse, but not which side. A comparison is rewritten as
plain praise or criticism of the brand in question, the first configured one that the text names.
Only comparisons with a configured brand are touched; competitors are configured as brands too.
The patterns are in ``comparison.toml``.
"""

import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from listeners.judgement.sentiment.structure_words import BAD, GOOD, language_of

PATTERNS_FILE: Final = Path(__file__).with_name("comparison.toml")

_CUE: Final = re.compile(r"比|不如|赶不上|不及|没|\bthan\b|\bas \w+ as\b", re.IGNORECASE)
_CONTRAST: Final = re.compile(
    "还是|只有|幸好|幸亏|多亏|好在|到底|果然|不愧|以后|下次|今后|往后|从此|从今|决定|赶紧|转头|转身|掉头|果断|干脆"
    "|立马|只|改|换|宁|隔壁|对面|旁边|楼下|附近|不像|人家|从没|从来|不会|多了|太多|得多|倍"
    r"|\b(?:unlike|switch|back|stick|mov|off|head|only|just|always|rather|never|happen|instead"
    "|from now|thank|better|nicer|kinder|fresher|friendlier|cleaner|ahead)"
)
"""Cheap test for a word of the contrasts; most texts have none."""
_FAULT_HAS_ROOM: Final = re.compile(r"[\u3400-\u9fff]{3}|[a-z]+\W+[a-z]+\W+[a-z]+", re.IGNORECASE)
"""Words beside the praise, where the other shop's fault stands."""
_SLOT: Final = re.compile(r"\{(good|bad|object)\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedComparison:
    """A text with its comparisons as plain praise or criticism of the brand in question."""

    text: str
    evidence: tuple[str, ...]
    """The comparisons as written."""


def resolve_comparison(
    text: str, brands_in: Callable[[str], Sequence[str]]
) -> ResolvedComparison | None:
    """Rewrite the comparisons in a readable text; ``None`` where it compares no brand.

    ``brands_in`` gives the brands that a text names, the brand in question first.
    """
    if not _CUE.search(text):
        return None
    named = brands_in(text)
    if not named:
        return None
    lowered = text.lower()
    if len(lowered) != len(text):
        return None
    found: list[tuple[int, int, int]] = []
    for pattern, sign in _patterns():
        for match in pattern.finditer(lowered):
            against = brands_in(text[match.start("object") : match.end("object")])
            free = all(match.end() <= start or end <= match.start() for start, end, _ in found)
            if against and free:
                found.append((match.start(), match.end(), -sign if named[0] in against else sign))
    if not found:
        return None
    pieces, place, language = [], 0, language_of(text)
    for start, end, sign in sorted(found):
        pieces += [text[place:start], (GOOD if sign > 0 else BAD)[language]]
        place = end
    evidence = tuple(text[start:end] for start, end, _ in sorted(found))
    return ResolvedComparison(text="".join((*pieces, text[place:])), evidence=evidence)


def is_set_against_another(text: str, brands_in: Callable[[str], Sequence[str]]) -> bool:
    """True where each mention of a brand praises it by contrast with a shop that failed.

    In 百川的面包发霉了，还是禾家好 the fault is another shop's. A text that also names the brand in
    any other way is about the brand.
    """
    lowered = text.lower()
    if not _CONTRAST.search(lowered) or len(lowered) != len(text):
        return False
    spans: list[tuple[int, int]] = []
    for pattern in _contrasts():
        for match in pattern.finditer(lowered):
            span = match.span("object")
            if brands_in(text[span[0] : span[1]]):
                spans.append(span)
    if not spans:
        return False
    rest, place = "", 0
    for start, end in sorted(spans):
        rest, place = rest + text[place:start] + " ", max(place, end)
    rest += text[place:]
    return bool(_FAULT_HAS_ROOM.search(rest)) and not brands_in(rest)


@cache
def _contrasts() -> tuple[re.Pattern[str], ...]:
    parts = tomllib.loads(PATTERNS_FILE.read_text(encoding="utf-8"))
    return tuple(
        re.compile(_SLOT.sub(lambda slot: part[slot[1]], pattern))  # noqa: B023
        for part in parts.values()
        for pattern in part["contrast"]
    )


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], int], ...]:
    """Each pattern with the polarity of the side compared: 1 for better, -1 for worse."""
    found: list[tuple[re.Pattern[str], int]] = []
    for part in tomllib.loads(PATTERNS_FILE.read_text(encoding="utf-8")).values():
        for name, sign in (("better", 1), ("worse", -1)):
            for pattern in part[name]:
                whole = _SLOT.sub(lambda slot: part[slot[1]], pattern)  # noqa: B023
                found.append((re.compile(whole), sign))
    return tuple(found)
