"""Reads the catalogue of texts from ``core/locale``; the only reader of gettext files."""

from functools import cache
from gettext import c2py
from importlib import resources
from importlib.resources.abc import Traversable

from babel.messages.pofile import read_po

from core.i18n import Catalogue, LanguageMessages
from core.localized import UI_LANGUAGES


@cache
def shipped_catalogue() -> Catalogue:
    """The catalogue that comes with Tingfeng, read once."""
    return read_catalogue(resources.files("core") / "locale")


def read_catalogue(folder: Traversable) -> Catalogue:
    """Read ``LANGUAGE.po`` for each language; fuzzy and empty messages are left out.

    Raises babel.messages.pofile.PoFileError for a file that is not a gettext catalogue.
    """
    return Catalogue(
        {language: _read(folder / f"{language}.po", language) for language in UI_LANGUAGES}
    )


def _read(file: Traversable, language: str) -> LanguageMessages:
    with file.open("rb") as source:
        catalogue = read_po(source, locale=language, abort_invalid=True)
    messages: dict[str, tuple[str, ...]] = {}
    for message in catalogue:
        id_ = message.id if isinstance(message.id, str) else message.id[0]
        said = message.string or ""
        forms = (said,) if isinstance(said, str) else tuple(said)
        if id_ and not message.fuzzy and all(forms):
            messages[id_] = forms
    return LanguageMessages(messages=messages, plural_form=c2py(catalogue.plural_expr))
