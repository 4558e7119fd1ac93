"""The rule of one brand: decides from its terms whether a text names it.

``terms`` are names: an occurrence counts where it is meant as the name (``plausibility.py``), lies
outside every occurrence of an ``excluded`` term, and is not part of somebody else's account.
``required`` and ``excluded`` are words like any other and count wherever they stand.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from listeners.matching.expressions import (
    AllOf,
    AnyOf,
    Expression,
    Near,
    Phrase,
    Regex,
    visit_leaves,
)
from listeners.matching.handles import (
    find_handles,
    is_about_owner,
    is_account,
)
from listeners.matching.latin_people import is_latin_person
from listeners.matching.plausibility import reads_as_name
from listeners.matching.terms import PreparedText, TermMatch

Search = Callable[[str], Sequence[tuple[int, int]]]
"""A compiled regular expression, as of ``compile_search``."""
_Spans = Callable[[str], Iterable[TermMatch]]
"""The occurrences of a phrase."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BrandRule:
    """The compiled terms of one brand."""

    brand: str
    terms: tuple[Expression, ...]
    required: tuple[Expression, ...]
    excluded: tuple[Expression, ...]
    accounts: tuple[str, ...]
    """Keys of the brand's own accounts, as of ``handle_key``."""

    def matches(self, found: "Occurrences") -> bool:
        """True where the text concerns the brand."""
        hidden: list[tuple[int, int]] = []
        for expression in self.excluded:
            if not found.hides(expression, hidden):
                return False
        if self.accounts and any(map(found.names_account, self.accounts)):
            return True
        for term in self.terms:
            if found.is_named(term, hidden):
                return not self.required or any(map(found.is_stated, self.required))
        return False


class Occurrences:
    """The occurrences of all brands' phrases in one text."""

    def __init__(
        self,
        text: PreparedText,
        places: Mapping[str, Sequence[TermMatch]],
        patterns: Mapping[str, Search],
    ) -> None:
        self._text = text
        self._places = places
        self._patterns = patterns
        self._handles = find_handles(text.folded)

    def names_account(self, own: str) -> bool:
        """True where the text names the account."""
        return any(is_account(handle, own) for handle in self._handles)

    def is_stated(self, expression: Expression) -> bool:
        """True where the expression holds, wherever its words stand."""
        return self._holds(expression, lambda phrase: self._places.get(phrase, ()), ())

    def is_named(self, expression: Expression, hidden: Sequence[tuple[int, int]]) -> bool:
        """True where the expression holds with its words as names, outside the hidden spans."""

        def names(phrase: str) -> Iterator[TermMatch]:
            return (one for one in self._places.get(phrase, ()) if self._counts(one, hidden))

        if isinstance(expression, Phrase):
            found = self._places.get(expression.text, ())
            return any(self._counts(one, hidden) for one in found)
        return self._holds(expression, names, hidden)

    def hides(self, expression: Expression, hidden: list[tuple[int, int]]) -> bool:
        """Add what an excluded expression hides; false where it excludes the whole text.

        Words, regular expressions and NEAR hide what they match. AND and NOT are conditions: they
        have no place of their own, and exclude the text.
        """
        match expression:
            case Phrase(text=phrase):
                hidden += ((one.start, one.end) for one in self._places.get(phrase, ()))
            case Regex(pattern=pattern):
                found = self._patterns[pattern](self._text.readable)
                hidden += (self._text.span(start, end) for start, end in found)
            case Near(left=left, right=right, distance=distance):
                hidden += self._near(left, right, distance, self._stated_spans)
            case AllOf():
                return not self.is_stated(expression)
            case AnyOf(of=of):
                return all(self.hides(part, hidden) for part in of)
        return True

    def _counts(self, found: TermMatch, hidden: Sequence[tuple[int, int]]) -> bool:
        """True where an occurrence is meant as the name, outside the hidden spans."""
        return not (hidden and _inside(found.start, found.end, hidden)) and self._means_name(found)

    def _means_name(self, found: TermMatch) -> bool:
        text = self._text
        if self._handles:
            first, last = text.place(found.start), text.place(found.end - 1) + 1
            for handle in self._handles:
                if handle.start < last and first < handle.end:
                    return found.exact and is_about_owner(handle, first, last)
        if text.form[found.start : found.end].isascii():
            first, last = text.place(found.start), text.place(found.end - 1) + 1
            return not is_latin_person(text.folded, first, last)
        if not found.exact:
            return True
        separators = text.separators(found.start, found.end)
        if "@" in separators:
            return False
        if separators:
            return reads_as_name(text.form, found.start, found.end, split=True)
        # What stands behind a space or a colon is another word: 「@小张: 禾家…」 names no 张禾家.
        first, last = text.run_around(found.start, found.end)
        return reads_as_name(
            text.form[first:last], found.start - first, found.end - first, split=False
        )

    def _holds(
        self,
        expression: Expression,
        spans: _Spans,
        hidden: Sequence[tuple[int, int]],
    ) -> bool:
        match expression:
            case Phrase(text=phrase):
                return any(True for _ in spans(phrase))
            case Regex(pattern=pattern):
                found = self._patterns[pattern](self._text.readable)
                if not hidden:
                    return bool(found)
                return not all(_inside(*self._text.span(*one), hidden) for one in found)
            case Near(left=left, right=right, distance=distance):
                return bool(self._near(left, right, distance, spans))
            case AllOf(wanted=wanted, unwanted=unwanted):
                return all(self._holds(part, spans, hidden) for part in wanted) and not any(
                    map(self.is_stated, unwanted)
                )
            case AnyOf(of=of):
                return any(self._holds(part, spans, hidden) for part in of)

    def _stated_spans(self, phrase: str) -> Sequence[TermMatch]:
        return self._places.get(phrase, ())

    def _near(
        self,
        left: Expression,
        right: Expression,
        distance: int,
        spans: _Spans,
    ) -> list[tuple[int, int]]:
        """From one side to the other, wherever they are close enough."""
        found: list[tuple[int, int]] = []
        for one in _phrases(left, spans):
            for other in _phrases(right, spans):
                first, second = (one, other) if one.start < other.start else (other, one)
                apart = second.start - first.end
                if apart == 0 or (
                    apart > 0 and self._text.tokens_between(first.end, second.start) <= distance
                ):
                    found.append((first.start, second.end))
        return found


def _phrases(expression: Expression, spans: _Spans) -> Iterable[TermMatch]:
    """The occurrences of the phrases on one side of NEAR."""
    found: list[TermMatch] = []
    visit_leaves(
        expression,
        lambda leaf: found.extend(spans(leaf.text) if isinstance(leaf, Phrase) else ()),
    )
    return found


def _inside(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(first <= start and end <= last for first, last in spans)
