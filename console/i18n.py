"""Every sentence a person reads, in Chinese and English.

The catalogues under ``console/locale`` are compiled in memory at the start, so none can be stale.
Messages are found by a name (``ticket.late``); an unknown name is an error, never shown.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.support import Translations

Lang = Literal["zh", "en"]
LANGS: Final[tuple[Lang, ...]] = ("zh", "en")
COOKIE: Final = "tf_lang"


class UnknownText(KeyError):
    """A catalogue under console/locale lacks this name; add it in every language."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """One language."""

    lang: Lang
    locale: Locale
    catalogue: Translations

    def __call__(self, name: str, /, **values: object) -> str:
        """The message ``name`` with its ``{placeholders}`` filled."""
        text = self.find(name)
        if text is None:
            raise UnknownText(name)
        return text.format(**values) if values else text

    def find(self, name: str) -> str | None:
        """The message, or ``None`` where there is no such name."""
        text = self.catalogue.ugettext(name)
        return None if text == name else text

    def term(self, group: str, name: str) -> str:
        """The message ``group.name`` for a term of the store; the term itself if there is none."""
        return self.find(f"{group}.{name}") or name

    def count(self, name: str, n: int, /, **values: object) -> str:
        """The message ``name`` in the form for ``n`` things; ``{n}`` is the number."""
        text = self.catalogue.ungettext(name, name, n)
        if text == name:
            raise UnknownText(name)
        return text.format(n=self.number(n), **values)

    def number(self, n: float) -> str:
        return format_decimal(n, locale=self.locale)

    def percent(self, share: float) -> str:
        """A share in [0, 1] as a whole percentage."""
        return format_percent(share, format="0%", locale=self.locale)


def read_words(folder: Path) -> Mapping[Lang, Words]:
    """Compile the catalogues ``folder/LANG.po``."""
    return {lang: _read(lang, folder / f"{lang}.po") for lang in LANGS}


def _read(lang: Lang, path: Path) -> Words:
    with path.open("rb") as source:
        catalogue = read_po(source, locale=lang, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Words(lang=lang, locale=Locale.parse(lang), catalogue=Translations(compiled))


def choose(asked: str | None, kept: str | None, accepts: str, default: Lang) -> Lang:
    """The language of a page.

    ``?lang=`` first, then the cookie, then Accept-Language in the browser's order, then the
    configured one.
    """
    for wish in (asked, kept, *_by_quality(accepts)):
        for lang in LANGS:
            if wish and wish.lower().split("-")[0] == lang:
                return lang
    return default


def _by_quality(accepts: str) -> list[str]:
    found: list[tuple[float, str]] = []
    for part in accepts[:500].split(","):
        tag, _, parameter = part.strip().partition(";")
        try:
            quality = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            quality = 0.0
        if quality > 0:
            found.append((quality, tag.strip()))
    return [tag for _, tag in sorted(found, key=lambda pair: -pair[0])]
