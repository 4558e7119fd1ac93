"""What staff have laid down and what is watched until further notice.

The types are as those of ``core.events``: frozen, keyword-only, times in UTC.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.localized import LocalizedText, UiLanguage, in_language

PauseScope = Literal["all", "brand", "channel", "category", "incident"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """A pause of automatic replies."""

    id: str
    """``all``, or ``SCOPE:VALUE``; one pause of a kind at a time."""
    scope: PauseScope
    value: str = ""
    """Id of the brand, channel, category or incident; empty for ``all``."""
    reason: str
    by: str
    """``bot``, or the name of the member of staff."""
    at: datetime
    wordings: tuple[LocalizedText, ...] = ()
    """The reason in each language, as titles, where it is not somebody's own words."""

    def told(self, language: UiLanguage) -> str:
        """The reason for who reads that language, as far as it is known in it."""
        found = in_language(self.wordings, language)
        return self.reason if found is None else found.title
