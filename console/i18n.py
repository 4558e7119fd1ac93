"""Translations of the console into Chinese and English.

The gettext catalogues under ``console/locale`` are compiled in memory at start, so that a compiled
file cannot be stale. Messages have symbolic names (``ticket.late``); an unknown name raises.
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
from starlette.requests import HTTPConnection

Lang = Literal["zh", "en"]
LANGS: Final[tuple[Lang, ...]] = ("zh", "en")
COOKIE: Final = "tf_lang"


class UnknownMessage(KeyError):
    """A catalogue under console/locale lacks this name; add it in every language."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Translator:
    """Messages, numbers and plural forms of one language."""

    lang: Lang
    locale: Locale
    catalogue: Translations

    def __call__(self, name: str, /, **values: object) -> str:
        """The message ``name`` with its ``{placeholders}`` filled; raises UnknownMessage."""
        text = self.find(name)
        if text is None:
            raise UnknownMessage(name)
        return text.format(**values) if values else text

    def find(self, name: str) -> str | None:
        """The message ``name``, or ``None``."""
        text = self.catalogue.ugettext(name)
        return None if text == name else text

    def term(self, group: str, name: str) -> str:
        """The message ``group.name`` for a stored term; the term itself if there is none."""
        return self.find(f"{group}.{name}") or name

    def count(self, name: str, n: int, /, **values: object) -> str:
        """The plural form of the message ``name`` for ``n``; ``{n}`` is the number."""
        text = self.catalogue.ungettext(name, name, n)
        if text == name:
            raise UnknownMessage(name)
        return text.format(n=self.number(n), **values)

    def number(self, n: float) -> str:
        return format_decimal(n, locale=self.locale)

    def percent(self, share: float) -> str:
        """A share in [0, 1] as a whole percentage."""
        return format_percent(share, format="0%", locale=self.locale)


def load_translators(folder: Path) -> Mapping[Lang, Translator]:
    """Compile the catalogues ``folder/LANG.po``."""
    return {lang: _load(lang, folder / f"{lang}.po") for lang in LANGS}


def _load(lang: Lang, path: Path) -> Translator:
    with path.open("rb") as source:
        catalogue = read_po(source, locale=lang, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translator(lang=lang, locale=Locale.parse(lang), catalogue=Translations(compiled))


def language_of(connection: HTTPConnection, default: Lang) -> Lang:
    """The language for a request or a WebSocket; see ``choose_language``."""
    return choose_language(
        connection.query_params.get("lang"),
        connection.cookies.get(COOKIE),
        connection.headers.get("accept-language", ""),
        default,
    )


def choose_language(
    parameter: str | None, cookie: str | None, accept_language: str, default: Lang
) -> Lang:
    """The first known language of ``?lang=``, the cookie and Accept-Language, or ``default``."""
    for wish in (parameter, cookie, *_by_quality(accept_language)):
        for lang in LANGS:
            if wish and wish.lower().split("-")[0] == lang:
                return lang
    return default


def _by_quality(header: str) -> list[str]:
    found: list[tuple[float, str]] = []
    for part in header[:500].split(","):
        tag, _, parameter = part.strip().partition(";")
        try:
            quality = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            quality = 0.0
        if quality > 0:
            found.append((quality, tag.strip()))
    return [tag for _, tag in sorted(found, key=lambda pair: -pair[0])]
