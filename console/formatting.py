"""Formats values for pages: untrusted text is cut and marked, never interpreted."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final, Literal
from urllib.parse import urlsplit

CARD_LENGTH: Final = 280
PAGE_LENGTH: Final = 20_000
MAX_MARKS: Final = 20
SOON_SECONDS: Final = 15 * 60

Urgency = Literal["answered", "calm", "soon", "late"]

_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_BLANKS: Final = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True, slots=True)
class TextPiece:
    """A part of a text; ``marked`` where it is evidence."""

    text: str
    marked: bool


def encodable(text: str) -> str:
    """``text`` with NUL and lone surrogates, which UTF-8 cannot encode, replaced by U+FFFD."""
    return _SURROGATE.sub("\ufffd", text).replace("\x00", "\ufffd")


def cut(text: str, length: int) -> str:
    """At most ``length`` characters, ending in an ellipsis where text is left out."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def one_line(text: str, length: int) -> str:
    """As ``cut``, with every run of white space as one space."""
    return cut(_BLANKS.sub(" ", text[: length * 4]).strip(), length)


def mark_evidence(text: str, evidence: Sequence[str]) -> Sequence[TextPiece]:
    """Split ``text`` at the words of ``evidence``; the pieces joined are the text again."""
    words = sorted({word for word in evidence[:MAX_MARKS] if word.strip()}, key=len, reverse=True)
    if not words:
        return (TextPiece(text=text, marked=False),)
    found = re.split("(" + "|".join(map(re.escape, words)) + ")", text, flags=re.IGNORECASE)
    return tuple(
        TextPiece(text=part, marked=index % 2 == 1) for index, part in enumerate(found) if part
    )


def web_address(url: str | None) -> str | None:
    """``url`` if it is safe to link to: http or https with a host."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.hostname else None


def iso(at: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond: ``2025-01-31T08:00:00.000Z``."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(at: datetime, now: datetime, zone: tzinfo | None) -> str:
    """``16:00`` today, ``01-31 16:00`` in this year, ``2024-01-31`` in another.

    In ``zone``; ``None`` is the machine's own.
    """
    local, today = at.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return local.strftime("%H:%M")
    return local.strftime("%m-%d %H:%M" if local.year == today.year else "%Y-%m-%d")


def urgency(due: datetime, answered: datetime | None, now: datetime) -> Urgency:
    """Urgency of a first answer that is due at ``due``."""
    if answered is not None:
        return "answered"
    left = (due - now).total_seconds()
    if left < 0:
        return "late"
    return "soon" if left < SOON_SECONDS else "calm"


def countdown(seconds: float) -> str:
    """``11:05``, ``2:10:00`` or ``3d 02:10``, without the sign; as in static/countdown.js."""
    rest = int(abs(seconds))
    days, rest = divmod(rest, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds_left = divmod(rest, 60)
    if days:
        return f"{days}d {hours:02}:{minutes:02}"
    if hours:
        return f"{hours}:{minutes:02}:{seconds_left:02}"
    return f"{minutes:02}:{seconds_left:02}"
