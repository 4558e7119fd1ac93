"""What alerts and incidents quote of a customer's posts, taken out when the customer is erased."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeVar

from core.records import Alert, Incident
from core.types import Mention

Quoting = TypeVar("Quoting", Alert, Incident)

TAKEN_OUT: Final = "…"
_ENOUGH: Final = 12
"""So many characters in a row are a quotation; a shorter text is one as a whole."""


def said(mentions: Sequence[Mention]) -> frozenset[str]:
    """What the mentions say, as it may be quoted: on one line, masked."""
    texts = (_line(each.masked_text or each.event.text) for each in mentions)
    return frozenset(text for text in texts if text)


def without_quotes(record: Quoting, texts: frozenset[str]) -> Quoting | None:
    """The record's next version with nothing of the texts in it; ``None`` where it quotes none."""
    title = TAKEN_OUT if _quotes(record.title, texts) else record.title
    if isinstance(record, Incident):
        if title == record.title:
            return None
        return replace(record, title=title, version=record.version + 1)
    lines = record.body.split("\n")
    kept = [line for line in lines if not _quotes(line, texts)]
    if title == record.title and len(kept) == len(lines):
        return None
    return replace(record, title=title, body="\n".join(kept), version=record.version + 1)


def _quotes(piece: str, texts: frozenset[str]) -> bool:
    piece = _line(piece)
    core = piece.rstrip("…")
    for text in texts:
        if len(text) < _ENOUGH:
            found = piece.endswith(text)
        else:
            starts = range(0, len(text) - _ENOUGH + 1, _ENOUGH // 2)
            found = any(text[at : at + _ENOUGH] in piece for at in starts)
        if found or (len(core) >= _ENOUGH // 2 and core in text):
            return True
    return False


def _line(text: str) -> str:
    return " ".join(text.split())
