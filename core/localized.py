"""Texts for staff in every language, stored side by side, so that each reads their own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final, Literal

UiLanguage = Literal["zh", "en"]
"""Languages of the catalogue: of the console, of alerts and of replies to shoppers."""

UI_LANGUAGES: Final[tuple[UiLanguage, ...]] = ("zh", "en")


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalizedText:
    """The title and body of a notice in one language."""

    language: UiLanguage
    title: str = ""
    """Empty where the title is somebody's own words, which stand as they are."""
    body: str = ""
    """One fact a line."""


def in_each(word: Callable[[UiLanguage], LocalizedText]) -> tuple[LocalizedText, ...]:
    """The text that ``word`` gives, in every language."""
    return tuple(word(language) for language in UI_LANGUAGES)


def in_language(wordings: Sequence[LocalizedText], language: UiLanguage) -> LocalizedText | None:
    """The one in that language; ``None`` where there is none, as in what was stored before."""
    return next((one for one in wordings if one.language == language), None)


def local_time(at: datetime, zone: tzinfo) -> str:
    """For people, with the zone: ``2026-03-02 17:05 UTC+8``."""
    local = at.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M} {_offset(local.utcoffset() or timedelta())}"


def _offset(east: timedelta) -> str:
    """``UTC+8``, ``UTC-3:30``, ``UTC``."""
    if not east:
        return "UTC"
    hours, minutes = divmod(round(abs(east).total_seconds() / 60), 60)
    return f"UTC{'-' if east < timedelta() else '+'}{hours}" + (f":{minutes:02}" if minutes else "")
