"""Texts for shoppers: variants in turn, time limits in words, the language to reply in."""

import math
import zlib
from collections.abc import Iterator
from typing import Final

from core.i18n import Catalogue
from core.localized import UiLanguage
from core.taxonomy import Language

_SPANS: Final = (
    ("shopper.within.minutes", 1, 59.0),
    ("shopper.within.hours", 60, 48.0),
    ("shopper.within.days", 1440, math.inf),
)
"""Id of the message, minutes in its unit, and the largest number of units it is used for."""


class ShopperTexts:
    """The messages ``shopper.KEY.1``, ``shopper.KEY.2``, …, which are variants of one text."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def in_turn(
        self, key: str, language: UiLanguage, *, seed: str = "", **fields: str
    ) -> Iterator[str]:
        """Every variant of a text once, with its fields filled in.

        Args:
            key: key of the text.
            language: its language.
            seed: chooses the first variant; the same seed always chooses the same one.
            fields: values of the fields in the text.
        """
        variants = self._catalogue.variants(f"shopper.{key}")
        first = zlib.crc32(seed.encode("utf-8", "replace"))
        for turn in range(len(variants)):
            chosen = variants[(first + turn) % len(variants)]
            yield self._catalogue.say(chosen, language, **fields)

    def within(self, minutes: float, language: UiLanguage) -> str:
        """A time limit in words, rounded up: ``within 2 hours``, or ``尽快`` if it has passed."""
        if minutes <= 0:
            return self._catalogue.say("shopper.within.soon", language)
        id_, size = next((id_, size) for id_, size, most in _SPANS if minutes <= size * most)
        return self._catalogue.plural(id_, language, math.ceil(minutes / size))


def playbook_texts(catalogue: Catalogue) -> frozenset[str]:
    """Keys of the texts that a playbook may name; those of commands are not among them."""
    return catalogue.names_of_variants("shopper")


def reply_language(language: Language, before: Language | None = None) -> UiLanguage:
    """The language to reply in: Chinese for mixed text; ``before`` for any other language."""
    if language == "other" and before is not None:
        language = before
    return "en" if language == "en" else "zh"
