"""Labels of texts: from what staff corrected in the console, or from a file."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from core.errors import InputError
from core.model.mentions import CorrectedMention
from core.taxonomy import CATEGORIES, INTENTS, Sentiment
from listeners.judgement.decision import fits

_COMPLAINT_FROM: Final = 0.5
_EXAMPLE: Final = (
    '{"text": "…", "sentiment": "negative", "complaint": true,'
    ' "category": "freshness", "intent": "complaint"}'
)
_SENTIMENTS: Final[tuple[Sentiment, ...]] = get_args(Sentiment)


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """A text with the labels that staff gave it, ``None`` for those they did not give."""

    text: str
    sentiment: Sentiment | None = None
    complaint: bool | None = None
    category: str | None = None
    """One of ``core.taxonomy.CATEGORIES``."""
    intent: str | None = None
    """One of ``core.taxonomy.INTENTS``."""


def may_be_learned(corrected: CorrectedMention, closed: Collection[str]) -> bool:
    """False for texts that the terms of their platform keep from models.

    ``closed``: names of channels whose platform's terms do, for texts stored before events said so.
    """
    return not corrected.no_training and corrected.channel not in closed


def labels_from_corrections(
    corrected: Iterable[CorrectedMention], *, closed: Collection[str] = ()
) -> list[Label]:
    """One label a correction that may be learned from; what staff left unchanged is confirmed.

    ``closed``: as for ``may_be_learned``.
    """
    return [_confirmed(one) for one in corrected if may_be_learned(one, closed)]


def _confirmed(one: CorrectedMention) -> Label:
    complaint = one.correction.complaint
    if complaint is None:
        complaint = one.judgement.complaint >= _COMPLAINT_FROM
    intent = one.correction.intent
    if intent is None and fits(one.judgement.intent, complaint=complaint):
        intent = one.judgement.intent
    return Label(
        text=one.text,
        sentiment=one.correction.sentiment or one.judgement.sentiment,
        complaint=complaint,
        category=_known(one.correction.category or one.judgement.category, CATEGORIES),
        intent=_known(intent, INTENTS),
    )


def _known(name: str | None, declared: Collection[str]) -> str | None:
    return name if name in declared else None


def labels_from_file(file: Path) -> list[Label]:
    """Read JSON Lines ``{"text", "sentiment", "complaint", "category", "intent"}``.

    All but the text may be missing.

    Raises InputError for a malformed line, with its number.
    """
    try:
        # Not splitlines: a text may hold other line separators, such as U+2028.
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read ({error}). Name a file of labels.") from error
    return [_label(file, n, line) for n, line in enumerate(lines, 1) if line.strip()]


def _label(file: Path, number: int, line: str) -> Label:
    try:
        data: object = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _bad(file, number, f"not JSON ({error})") from error
    if not isinstance(data, dict) or not isinstance(data.get("text"), str):
        raise _bad(file, number, 'no object with a "text"')
    sentiment, complaint = data.get("sentiment"), data.get("complaint")
    if sentiment not in (None, *_SENTIMENTS):
        raise _bad(file, number, f'"sentiment" is none of {", ".join(_SENTIMENTS)}')
    if not isinstance(complaint, bool | None):
        raise _bad(file, number, '"complaint" is neither true nor false')
    category, intent = data.get("category"), data.get("intent")
    if category not in (None, *CATEGORIES):
        raise _bad(file, number, f'"category" is none of {", ".join(CATEGORIES)}')
    if intent not in (None, *INTENTS):
        raise _bad(file, number, f'"intent" is none of {", ".join(INTENTS)}')
    return Label(
        text=data["text"],
        sentiment=sentiment,
        complaint=complaint,
        category=category,
        intent=intent,
    )


def _bad(file: Path, number: int, message: str) -> InputError:
    return InputError(f"{file}, line {number}: {message}. Write {_EXAMPLE}")
