"""What alerts, incidents and pauses quote of a customer, taken out when the customer is erased."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeVar

from core.alerts import Alert
from core.incidents import Incident
from core.localized import LocalizedText
from core.mentions import Mention
from core.pauses import Pause

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
    title = _title(record.title, texts)
    wordings = _wordings(record.wordings, texts)
    changed: Quoting
    if isinstance(record, Incident):
        changed = replace(record, title=title, wordings=wordings)
    else:
        changed = replace(record, title=title, wordings=wordings, body=_body(record.body, texts))
    return None if changed == record else replace(changed, version=record.version + 1)


def unquoting(pause: Pause, texts: frozenset[str]) -> Pause | None:
    """As ``without_quotes``, for the reason of a pause."""
    changed = replace(
        pause,
        reason=_title(pause.reason, texts),
        wordings=_wordings(pause.wordings, texts),
    )
    return None if changed == pause else changed


def _wordings(
    wordings: Sequence[LocalizedText], texts: frozenset[str]
) -> tuple[LocalizedText, ...]:
    return tuple(
        replace(each, title=_title(each.title, texts), body=_body(each.body, texts))
        for each in wordings
    )


def _title(title: str, texts: frozenset[str]) -> str:
    return TAKEN_OUT if _quotes(title, texts) else title


def _body(body: str, texts: frozenset[str]) -> str:
    return "\n".join(line for line in body.split("\n") if not _quotes(line, texts))


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
