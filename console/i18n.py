"""Translations of the console into Chinese and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from babel import Locale
from babel.numbers import format_decimal, format_percent
from starlette.requests import HTTPConnection

from core.i18n import Catalogue
from core.localized import UI_LANGUAGES, UiLanguage

Lang = UiLanguage
LANGS: Final = UI_LANGUAGES
COOKIE: Final = "tf_lang"
_GATE: Final = "gate: "
"""Begins the reason of a reply that the outbound gate held back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Translator:
    """Messages, numbers and plural forms of one language."""

    lang: Lang
    locale: Locale
    catalogue: Catalogue

    def __call__(self, name: str, /, **values: object) -> str:
        """The message ``name`` with its ``{placeholders}`` filled; raises UnknownMessage."""
        return self.catalogue.say(name, self.lang, **values)

    def find(self, name: str) -> str | None:
        """The message ``name``, or ``None``."""
        return self.catalogue.find(name, self.lang)

    def term(self, group: str, name: str) -> str:
        """The message ``group.name`` for a stored term; the term itself if there is none."""
        return self.find(f"{group}.{name}") or name

    def undelivered(self, reason: str) -> str:
        """Reply.reason for staff: the term of the outbound gate as the message ``held.TERM``.

        Details after the term, and reasons that platforms gave, stand as they are.
        """
        term, _, detail = reason.removeprefix(_GATE).partition(": ")
        found = self.find(f"held.{term}") if reason.startswith(_GATE) else None
        if found is None or not detail:
            return found or reason
        return self("held.with_detail", reason=found, detail=detail)

    def count(self, name: str, n: int, /, **values: object) -> str:
        """The plural form of the message ``name`` for ``n``; ``{n}`` is the number."""
        return self.catalogue.plural(name, self.lang, n, n=self.number(n), **values)

    def number(self, n: float) -> str:
        return format_decimal(n, locale=self.locale)

    def percent(self, share: float) -> str:
        """A share in [0, 1] as a whole percentage."""
        return format_percent(share, format="0%", locale=self.locale)


def translators(catalogue: Catalogue) -> Mapping[Lang, Translator]:
    """The translator of each language."""
    return {
        lang: Translator(lang=lang, locale=Locale.parse(lang), catalogue=catalogue)
        for lang in LANGS
    }


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
