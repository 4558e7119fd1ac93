"""Praise that is none: 服务也太好了吧，等了两个小时没人理; *great, another hour on hold*.

Three things have to come together: praise laid on thick, something that went wrong, and nothing
that put it right. Without the second the same words are sincere.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from listeners.judgement.sentiment.structure_words import words

_LATIN: Final = re.compile("[a-z]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Praise:
    """Praise laid on thick."""

    start: int
    end: int
    """Where the text has it."""
    meant: bool
    """False where it mocks."""


def praise(text: str) -> Praise | None:
    """The praise in a text in lower case; ``None`` where nothing tells how it is meant."""
    chinese, english = _patterns()
    for pattern, event, sincere in (chinese, english) if _LATIN.search(text) else (chinese,):
        found = pattern.search(text)
        if found is None:
            continue
        rest = text[: found.start()] + " " * len(found[0]) + text[found.end() :]
        meant = bool(sincere.search(rest))
        if meant or event.search(rest):
            return Praise(start=found.start(), end=found.end(), meant=meant)
    return None


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]], ...]:
    listed = words().sarcasm
    chinese = tuple(re.compile(listed[f"zh_{name}"]) for name in ("praise", "event", "sincere"))
    english = tuple(
        re.compile(rf"\b(?:{listed[f'en_{name}']})\b") for name in ("praise", "event", "sincere")
    )
    return (chinese[0], chinese[1], chinese[2]), (english[0], english[1], english[2])
