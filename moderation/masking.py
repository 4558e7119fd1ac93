"""Masks personal data: each piece becomes a placeholder that names its kind.

URLs, native ids, order numbers, prices, dates and public hotlines stay, since replies need them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from core.text import ascii_lookalikes
from moderation.contacts import URL, contacts
from moderation.numbers import Span, numbers

KINDS: Final = ("address", "card", "email", "id", "phone", "plate", "qq", "wechat")
_CANNOT_HOLD: Final = re.compile(r"[^0-9@]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Masked:
    """A text without personal data."""

    text: str
    kinds: tuple[str, ...]
    """The ``KINDS`` found, sorted; empty where the text is unchanged."""


def mask(text: str) -> Masked:
    """Replace personal data by ``[phone]``, ``[id]`` and so on; never raises.

    Linear in the length of the text and idempotent.
    """
    view = ascii_lookalikes(text)
    if _CANNOT_HOLD.fullmatch(view) and "微信" not in view and "wechat" not in view.lower():
        return Masked(text=text, kinds=())
    parts: list[str] = []
    kinds: set[str] = set()
    done = 0
    for start, end, kind in _personal(text, view):
        parts += (text[done:start], f"[{kind}]")
        kinds.add(kind)
        done = end
    return Masked(text="".join((*parts, text[done:])), kinds=tuple(sorted(kinds)))


def published_contacts(texts: Iterable[str]) -> tuple[str, ...]:
    """The brand's own contacts: what ``mask`` would replace in texts that it has published."""
    found = {
        text[start:end]: None
        for text in texts
        for start, end, _ in _personal(text, ascii_lookalikes(text))
    }
    return tuple(found)


def _personal(text: str, view: str) -> list[Span]:
    """Spans to mask, in order; of two that overlap the earlier rule wins."""
    taken = bytearray(len(view))
    for found in URL.finditer(text):
        taken[found.start() : found.end()] = b"\1" * (found.end() - found.start())
    spans: list[Span] = []
    for span in (*contacts(view), *numbers(view)):
        start, end, _ = span
        if not any(taken[start:end]):
            taken[start:end] = b"\1" * (end - start)
            spans.append(span)
    return sorted(spans)
