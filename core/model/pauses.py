"""Pauses of automatic replies."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.localized import LocalizedText, UiLanguage, in_language

PauseScope = Literal["all", "brand", "channel", "category", "incident"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """Automatic replies are held while this is stored; replies by people are not."""

    id: str
    """``all``, or ``SCOPE:VALUE``; unique, so that each scope is paused once."""
    scope: PauseScope
    value: str = ""
    """Id of the brand, channel, category or incident; empty for ``all``."""
    reason: str
    by: str
    """``bot``, or the name of the member of staff."""
    at: datetime
    wordings: tuple[LocalizedText, ...] = ()
    """The reason in each language, as titles; empty if a member of staff wrote it."""

    def localized(self, language: UiLanguage) -> str:
        """The reason in a language, or as it was written if it is not known in that."""
        found = in_language(self.wordings, language)
        return self.reason if found is None else found.title
