"""Says a mistake of the configuration in every language.

The parts find mistakes and say them in English, as logs keep them. The catalogue holds the same
words under ``problem.NAME``, with fields for what differs, and beside them the other language.
"""

import re
import string
from functools import cache

from cli.catalogue import shipped_catalogue

PREFIX = "problem."
_OR = "; or: "


def in_every_language(text: str) -> str:
    """The text in Chinese and English; as it is where the catalogue does not know it."""
    parts = [_said(part) for part in text.split(_OR)]
    return text if None in parts else " / ".join(filter(None, parts))


def _said(english: str) -> str | None:
    for id_, pattern in _patterns():
        if found := pattern.fullmatch(english):
            chinese = shipped_catalogue().say(id_, "zh", **found.groupdict())
            return f"{chinese} {english}"
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Ids with what their English matches, the ones with the most words of their own first."""
    catalogue = shipped_catalogue()
    english = {
        id_: catalogue.find(id_, "en") or "" for id_ in catalogue.ids if id_.startswith(PREFIX)
    }
    ids = sorted(english, key=lambda id_: (-_own_length(english[id_]), id_))
    return tuple((id_, re.compile(_pattern(english[id_]), re.DOTALL)) for id_ in ids)


def _own_length(text: str) -> int:
    return sum(len(literal) for literal, *_ in string.Formatter().parse(text))


def _pattern(text: str) -> str:
    return "".join(
        re.escape(literal) + (f"(?P<{name}>.+?)" if name else "")
        for literal, name, _, _ in string.Formatter().parse(text)
    )
