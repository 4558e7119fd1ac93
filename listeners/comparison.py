"""Comparisons between brands: negative about whom? 比永辉便宜, 还不如禾家, *better than Walmart*.

N-grams hear that something is better or worse and not which side it is. Here the comparison is
read for the brand in question, the first configured one that the text names. Only comparisons
with a configured brand are touched; competitors are brands like any other.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from listeners.structure_words import BAD, GOOD

_CHINESE_GOOD: Final = (
    "便宜|实惠|划算|新鲜|干净|整洁|热情|齐全|好吃|好喝|好用|好|强|快|靠谱|优惠|方便|贴心|正宗|舒服|近"
)
_CHINESE_BAD: Final = "贵|差|慢|脏|坑|难吃|难喝|难用|乱|旧|垃圾|糟|冷淡|麻烦|远"
_ENGLISH_GOOD: Final = (
    "better|cheaper|fresher|cleaner|faster|friendlier|nicer|tastier|quicker|kinder"
    "|more (?:affordable|helpful|reliable|convenient|polite)"
)
_ENGLISH_BAD: Final = (
    "worse|slower|dirtier|pricier|ruder|dearer|staler"
    "|more (?:expensive|annoying|crowded)|less (?:fresh|helpful|friendly|clean|reliable)"
)
_OBJECT: Final = r"(?P<object>[^，。！？；、,.!?;\s]{1,14}?)"
_TAIL: Final = r"(?:多了|很多|太多|一些|一点|得多|远了|些|点)?"
_PATTERNS: Final = tuple(
    (re.compile(pattern), sign)
    for pattern, sign in (
        (rf"(?<![对相])比{_OBJECT}(?:{_CHINESE_GOOD}){_TAIL}", 1),
        (rf"(?<![对相])比{_OBJECT}(?:{_CHINESE_BAD}){_TAIL}", -1),
        (rf"(?:不如|比不上|比不了|赶不上|不及)(?:去|到|在)?{_OBJECT}(?=[，。！？；,.!?;\s]|$|买|好|的|便宜|呢|了)", -1),
        (rf"没有?{_OBJECT}(?:那么|这么)(?:{_CHINESE_BAD})", 1),
        (rf"没有?{_OBJECT}(?:那么|这么)?(?:{_CHINESE_GOOD})", -1),
        (rf"\b(?:{_ENGLISH_GOOD}) than (?P<object>[\w'’ ]{{1,30}})", 1),
        (rf"\b(?:{_ENGLISH_BAD}) than (?P<object>[\w'’ ]{{1,30}})", -1),
        (rf"\b(?:not|nowhere near|never) as (?:good|cheap|fresh|clean|fast|nice|friendly) as (?P<object>[\w'’ ]{{1,30}})", -1),
    )
)  # fmt: skip
_CUE: Final = re.compile(r"比|不如|赶不上|不及|没|\bthan\b|\bas \w+ as\b", re.IGNORECASE)
_HAN: Final = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """A text with its comparisons said plainly, for the brand in question."""

    text: str
    evidence: tuple[str, ...]
    """The comparisons as the text has them."""


def compared(text: str, brands_in: Callable[[str], Sequence[str]]) -> Compared | None:
    """``None`` where a readable text compares with no brand of ``brands_in``."""
    if not _CUE.search(text):
        return None
    named = brands_in(text)
    if not named:
        return None
    lowered = text.lower()
    if len(lowered) != len(text):
        return None
    found: list[tuple[int, int, int]] = []
    for pattern, sign in _PATTERNS:
        for match in pattern.finditer(lowered):
            against = brands_in(text[match.start("object") : match.end("object")])
            free = all(match.end() <= start or end <= match.start() for start, end, _ in found)
            if against and free:
                found.append((match.start(), match.end(), -sign if named[0] in against else sign))
    if not found:
        return None
    pieces, place, language = [], 0, "zh" if _HAN.search(text) else "en"
    for start, end, sign in sorted(found):
        pieces += [text[place:start], (GOOD if sign > 0 else BAD)[language]]
        place = end
    evidence = tuple(text[start:end] for start, end, _ in sorted(found))
    return Compared(text="".join((*pieces, text[place:])), evidence=evidence)
