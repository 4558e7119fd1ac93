"""The catalogue of texts for shoppers and staff, in each language and in variants."""

import math
import string
import tomllib
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from core.config import validate
from core.errors import ConfigError, Problem
from core.settings import Section
from core.taxonomy import Language

TextLanguage = Literal["zh", "en"]
"""Languages of the catalogue."""

LANGUAGES: Final[tuple[TextLanguage, ...]] = ("zh", "en")
_FIELDS: Final = frozenset(
    {
        *("number", "within", "answer", "count"),
        *("reason", "subject", "channel", "due", "owner", "hours", "status"),
        *("severity", "title", "brand", "incident"),
        *("rule", "intent", "sentiment", "complaint", "category", "risk", "article", "confidence"),
    }
)
_SPANS: Final = (
    ("within_minutes", 1, 59.0),
    ("within_hours", 60, 48.0),
    ("within_days", 1440, math.inf),
)
"""Key of the text, minutes in its unit, and the largest number of units it is used for."""
_TIMED: Final = frozenset({"within_minutes", "within_hours", "within_days", "within_soon"})

Variants = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class TextFile(Section):
    """The structure of a language file."""

    shopper: dict[str, Variants]
    staff: dict[str, Variants]


class Catalogue:
    """The texts of all languages; each has the same keys and fields."""

    def __init__(self, files: Mapping[TextLanguage, TextFile]) -> None:
        self._texts = {language: file.shopper | file.staff for language, file in files.items()}
        keys = (key for key in files["zh"].shopper if not key.startswith("command_"))
        self.shopper_keys = frozenset(keys) - _TIMED
        """Keys that a playbook may name."""

    def variants(self, key: str, language: TextLanguage) -> int:
        """Number of variants of a text."""
        return len(self._texts[language][key])

    def say(
        self, key: str, language: TextLanguage, *, seed: str = "", turn: int = 0, **fields: str
    ) -> str:
        """A variant of a text with its fields filled in.

        Args:
            key: key of the text.
            language: its language.
            seed: chooses the variant; the same seed always chooses the same one.
            turn: chooses the next variant for 1, the one after that for 2, and so on.
            fields: values of the fields in the text.
        """
        variants = self._texts[language][key]
        chosen = variants[(zlib.crc32(seed.encode("utf-8", "replace")) + turn) % len(variants)]
        return chosen.format_map(fields)

    def within(self, minutes: float, language: TextLanguage) -> str:
        """A time limit in words, rounded up: ``within 2 hours``, or ``尽快`` if it has passed."""
        if minutes <= 0:
            return self._texts[language]["within_soon"][0]
        key, size = next((key, size) for key, size, most in _SPANS if minutes <= size * most)
        count = math.ceil(minutes / size)
        forms = self._texts[language][key]
        return forms[0 if count == 1 else -1].format(count=count)


def text_language(language: Language, before: Language | None = None) -> TextLanguage:
    """The language to reply in: Chinese for mixed text; ``before`` for any other language."""
    if language == "other" and before is not None:
        language = before
    return "en" if language == "en" else "zh"


def parse_catalogue(texts: Mapping[TextLanguage, str]) -> Catalogue:
    """Parse the language files; raises ConfigError with every mistake.

    A key that one language has and another lacks is a mistake.
    """
    problems: list[Problem] = []
    files: dict[TextLanguage, TextFile] = {}
    for language in LANGUAGES:
        file = _read(texts[language], language, problems)
        if file is not None:
            files[language] = file
            problems += _bad_fields(file, language)
    if len(files) == len(LANGUAGES):
        problems += _differences(files["zh"], files["en"])
    if problems:
        raise ConfigError(tuple(problems))
    return Catalogue(files)


def shipped_catalogue() -> Catalogue:
    """The catalogue that comes with Tingfeng."""
    folder = Path(__file__).with_name("texts")
    return parse_catalogue(
        {name: (folder / f"{name}.toml").read_text(encoding="utf-8") for name in LANGUAGES}
    )


def _read(text: str, language: TextLanguage, problems: list[Problem]) -> TextFile | None:
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.append(
            Problem(key=language, message=f"not valid TOML: {error}", remedy="Correct it.")
        )
        return None
    return validate(TextFile, tree, language, problems)


def _fields(variant: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(variant) if name is not None}


def _bad_fields(file: TextFile, language: TextLanguage) -> list[Problem]:
    problems: list[Problem] = []
    for key, variants in (file.shopper | file.staff).items():
        for index, variant in enumerate(variants):
            place = f"{language}.{key}[{index}]"
            try:
                unknown = _fields(variant) - _FIELDS
            except ValueError as error:
                problems.append(
                    Problem(key=place, message=str(error), remedy="Write {{ for a literal brace.")
                )
                continue
            problems.extend(
                Problem(
                    key=place,
                    message=f"there is no field {{{name}}}",
                    remedy=f"Use one of {', '.join(sorted(_FIELDS))}.",
                )
                for name in sorted(unknown)
            )
    return problems


def _differences(zh: TextFile, en: TextFile) -> list[Problem]:
    problems: list[Problem] = []
    for name, left, right in (("shopper", zh.shopper, en.shopper), ("staff", zh.staff, en.staff)):
        problems.extend(
            Problem(
                key=f"{name}.{key}",
                message="is missing in a language",
                remedy="Add it to the others, or remove it.",
            )
            for key in sorted(left.keys() ^ right.keys())
        )
    return problems
