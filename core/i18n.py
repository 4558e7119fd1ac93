"""The catalogue of all texts that people read, in memory, by message id and language.

The texts are gettext catalogues, ``core/locale/LANGUAGE.po``. Message ids are names
(``ticket.late``), not sentences. Variants of one text, which are used in turn, have the ids
``NAME.1``, ``NAME.2``, ….
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.localized import UiLanguage


class UnknownMessage(KeyError):
    """No message of a language has this id; add it to every catalogue in core/locale."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LanguageMessages:
    """The messages of one language."""

    messages: Mapping[str, tuple[str, ...]]
    """By id: the text, or its plural forms in the order of gettext."""
    plural_form: Callable[[int], int]
    """Index of the form for a number, as ``Plural-Forms`` defines it."""


class Catalogue:
    """Messages by id, with ``{fields}`` to fill in."""

    def __init__(self, languages: Mapping[UiLanguage, LanguageMessages]) -> None:
        self._languages = dict(languages)
        self._variants = _variants(self.ids)

    @property
    def ids(self) -> frozenset[str]:
        """Ids of the messages of all languages."""
        return frozenset(id_ for one in self._languages.values() for id_ in one.messages)

    def say(self, id_: str, language: UiLanguage, /, **fields: object) -> str:
        """The message with its fields filled in; without ``fields`` braces stay as they are.

        Raises UnknownMessage, and KeyError for a field that is not given.
        """
        text = self.find(id_, language)
        if text is None:
            raise UnknownMessage(id_)
        return text.format_map(fields) if fields else text

    def plural(self, id_: str, language: UiLanguage, number: int, /, **fields: object) -> str:
        """The message in the form for ``number``, which fills ``{n}`` unless ``n`` is given.

        Raises UnknownMessage, and KeyError for a field that is not given.
        """
        text = self.find(id_, language, number)
        if text is None:
            raise UnknownMessage(id_)
        return text.format_map({"n": number} | fields)

    def find(self, id_: str, language: UiLanguage, number: int = 1) -> str | None:
        """The message with its fields as they stand, or ``None``; a plural in a number's form."""
        known = self._languages[language]
        forms = known.messages.get(id_)
        if forms is None:
            return None
        return forms[known.plural_form(number)] if len(forms) > 1 else forms[0]

    def variants(self, name: str) -> tuple[str, ...]:
        """The ids ``NAME.1``, ``NAME.2``, … in order. Raises UnknownMessage if there is none."""
        if name not in self._variants:
            raise UnknownMessage(name)
        return self._variants[name]

    def names_of_variants(self, group: str) -> frozenset[str]:
        """The last parts of the names ``GROUP.x`` that have variants ``GROUP.x.1`` and so on."""
        parts = (name.rpartition(".") for name in self._variants)
        return frozenset(last for first, _, last in parts if first == group)


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
