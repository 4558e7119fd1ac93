"""Signs that a text is an offer to strangers and not a word to the shop: addresses to follow."""

import re
from typing import Final

_PATTERNS: Final = {
    "link": r"https?://|www\.|\bt\.me/|\bbit\.ly/",
    "contact": (
        r"(?:微信|薇信|威信|vx|v信|wx|q群|qq群?|企鹅|飞机|电报|telegram|whatsapp|skype)号?"
        r"\W{0,3}(?=[a-z_-]{0,12}\d)[a-z0-9_-]{5,20}"
        r"|[加\+]\W?我?(?:v|微|薇|q)(?!博)"
        r"|\b(?:dm|message|whatsapp) me\b"
    ),
}
_FOUND: Final = tuple((name, re.compile(pattern)) for name, pattern in _PATTERNS.items())

SIGNALS: Final = tuple(_PATTERNS)
"""Kinds of signs: an address, a way to get in touch."""


def signals(folded: str) -> tuple[str, ...]:
    """The kinds of signs in a readable, case-folded text."""
    return tuple(name for name, found in _FOUND if found.search(folded))
