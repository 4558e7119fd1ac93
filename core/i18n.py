"""The catalogue of all texts that people read, in memory, by id and language.

The texts are gettext catalogues, ``core/locale/LANGUAGE.po``. Ids are names (``ticket.late``), not
sentences. Variants of one text, which are used in turn, have the ids ``NAME.1``, ``NAME.2``, ….
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.localized import UiLanguage


class UnknownText(KeyError):
    """The catalogue has no text with this id in this language; add it to core/locale."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LanguageTexts:
    """The texts of one language."""

    texts: Mapping[str, tuple[str, ...]]
    """By id: the text, or its plural forms in the order of gettext."""
    plural_form: Callable[[int], int]
    """Index of the form for a number, as ``Plural-Forms`` defines it."""


class Catalogue:
    """Texts by id, with ``{fields}`` that are filled in."""

    def __init__(self, languages: Mapping[UiLanguage, LanguageTexts]) -> None:
        self._languages = dict(languages)
        self._variants = _variants(self.ids)

    @property
    def ids(self) -> frozenset[str]:
        """Ids that any language has."""
        return frozenset(id_ for language in self._languages.values() for id_ in language.texts)

    def say(self, id_: str, language: UiLanguage, /, **fields: object) -> str:
        """The text with its fields filled in; without ``fields`` braces stay as they are.

        Raises UnknownText, and KeyError for a field that is not given.
        """
        text = self.find(id_, language)
        if text is None:
            raise UnknownText(id_)
        return text.format_map(fields) if fields else text

    def plural(self, id_: str, language: UiLanguage, number: int, /, **fields: object) -> str:
        """The text in the form for ``number``, which fills ``{n}`` unless ``n`` is given.

        Raises UnknownText, and KeyError for a field that is not given.
        """
        known = self._languages[language]
        forms = known.texts.get(id_)
        if forms is None:
            raise UnknownText(id_)
        form = known.plural_form(number) if len(forms) > 1 else 0
        return forms[form].format_map({"n": number} | fields)

    def find(self, id_: str, language: UiLanguage) -> str | None:
        """The text as it is written, in the form for one; ``None`` for an unknown id."""
        known = self._languages[language]
        forms = known.texts.get(id_)
        if forms is None:
            return None
        return forms[known.plural_form(1)] if len(forms) > 1 else forms[0]

    def variants(self, name: str) -> tuple[str, ...]:
        """The ids ``NAME.1``, ``NAME.2``, …; raises UnknownText if there is none."""
        if name not in self._variants:
            raise UnknownText(name)
        return self._variants[name]

    def names_with_variants(self, prefix: str) -> frozenset[str]:
        """Names under ``prefix`` that ``variants`` knows, without it: ``a`` for ``PREFIX.a.1``.

        Names of deeper groups (``PREFIX.group.a.1``) are left out.
        """
        groups = (name.rpartition(".") for name in self._variants)
        return frozenset(name for group, _, name in groups if group == prefix)


def _variants(ids: frozenset[str]) -> dict[str, tuple[str, ...]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for id_ in ids:
        name, _, number = id_.rpartition(".")
        if name and number.isdecimal():
            found[name].append(int(number))
    return {
        name: tuple(f"{name}.{number}" for number in sorted(numbers))
        for name, numbers in found.items()
    }
