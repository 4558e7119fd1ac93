"""Which brands an event concerns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import ConfigError, Problem
from core.events import Event
from core.settings import BrandSettings
from listeners.matching.expressions import (
    All,
    Either,
    Expression,
    ExpressionError,
    Literal,
    Near,
    Regex,
    leaves,
    parse,
)
from listeners.matching.terms import Found, Prepared, TermIndex
from listeners.text.normalise import term
from listeners.text.patterns import searcher

_Places = Mapping[str, Sequence[Found]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rule:
    brand: str
    terms: tuple[Expression, ...]
    required: tuple[Expression, ...]
    excluded: tuple[Expression, ...]


@dataclass(slots=True)
class _Words:
    """What all rules together look for."""

    literals: dict[str, None] = field(default_factory=dict)
    patterns: dict[str, Callable[[str], bool]] = field(default_factory=dict)

    def take(self, leaf: Literal | Regex) -> None:
        if isinstance(leaf, Regex):
            if leaf.pattern not in self.patterns:
                self.patterns[leaf.pattern] = searcher(leaf.pattern)
        elif term(leaf.text):
            self.literals.setdefault(leaf.text)
        else:
            raise ExpressionError(f"no letter or digit in {leaf.text!r}")


class BrandMatcher:
    """Finds the configured brands in events; the cost does not grow with the number of terms."""

    def __init__(
        self,
        brands: Sequence[BrandSettings],
        *,
        channel_brands: Mapping[str, str],
        default: str | None,
    ) -> None:
        """``channel_brands``: which brand a channel belongs to, for events addressed to it.

        ``default``: the brand of all other channels; ``None`` for the first one. Raises
        ConfigError with every term that cannot be read.
        """
        self._order = tuple(brand.id for brand in brands)
        self._channel_brands = dict(channel_brands)
        self._default = default if default is not None else self._order[0]
        words, problems = _Words(), list[Problem]()
        rules = [_rule(brand, f"brands[{n}]", words, problems) for n, brand in enumerate(brands)]
        if problems:
            raise ConfigError(tuple(problems))
        self._patterns = words.patterns
        self._literals = tuple(words.literals)
        self._index = TermIndex(self._literals)
        self._rules = {rule.brand: rule for rule in rules}
        self._by_literal: dict[str, list[str]] = {}
        self._always: list[str] = []
        for rule in rules:
            self._file(rule)

    @property
    def brands(self) -> tuple[str, ...]:
        """Ids of all brands, in the order of the configuration."""
        return self._order

    def match(self, event: Event) -> tuple[str, ...]:
        """As core.ports.Matcher: an event addressed to the brand concerns its channel's brand."""
        found = self.brands_in(event.text)
        if event.solicited or not event.public:
            own = self._channel_brands.get(event.channel, self._default)
            return tuple(brand for brand in self._order if brand == own or brand in found)
        return found

    def brands_in(self, text: str) -> tuple[str, ...]:
        """Brands that the text names, in the order of the configuration."""
        prepared = Prepared(text)
        places: dict[str, list[Found]] = {}
        for found in self._index.places(prepared):
            places.setdefault(self._literals[found.term], []).append(found)
        candidates = {brand for literal in places for brand in self._by_literal[literal]}
        candidates.update(self._always)
        matched = {brand for brand in candidates if self._holds(brand, prepared, places)}
        return tuple(brand for brand in self._order if brand in matched) if matched else ()

    def _file(self, rule: _Rule) -> None:
        """Note which words can make the rule hold, so that only those rules are looked at."""
        words = _Words()
        for expression in rule.terms:
            leaves(expression, words.take)
        if words.patterns:
            self._always.append(rule.brand)
        for literal in words.literals:
            self._by_literal.setdefault(literal, []).append(rule.brand)
        for literal in self._literals:
            self._by_literal.setdefault(literal, [])

    def _holds(self, brand: str, text: Prepared, places: _Places) -> bool:
        rule = self._rules[brand]

        def true(expression: Expression) -> bool:
            return self._true(expression, text, places)

        return (
            any(map(true, rule.terms))
            and (not rule.required or any(map(true, rule.required)))
            and not any(map(true, rule.excluded))
        )

    def _true(self, expression: Expression, text: Prepared, places: _Places) -> bool:
        match expression:
            case Literal(text=literal):
                return literal in places
            case Regex(pattern=pattern):
                return self._patterns[pattern](text.readable)
            case Near(left=left, right=right, distance=distance):
                return _near(_spans(left, places), _spans(right, places), distance, text)
            case All(wanted=wanted, unwanted=unwanted):
                return all(self._true(part, text, places) for part in wanted) and not any(
                    self._true(part, text, places) for part in unwanted
                )
            case Either(of=of):
                return any(self._true(part, text, places) for part in of)


def _rule(brand: BrandSettings, key: str, words: _Words, problems: list[Problem]) -> _Rule:
    def read(group: str, texts: Sequence[str]) -> tuple[Expression, ...]:
        found: list[Expression] = []
        for number, text in enumerate(texts):
            try:
                expression = parse(text)
                leaves(expression, words.take)
            except ValueError as error:
                problem = Problem(
                    key=f"{key}.{group}[{number}]",
                    message=str(error),
                    remedy="See docs/reference/matching.md for what a term may be.",
                )
                problems.append(problem)
            else:
                found.append(expression)
        return tuple(found)

    return _Rule(
        brand=brand.id,
        terms=read("terms", brand.terms),
        required=read("required", brand.required),
        excluded=read("excluded", brand.excluded),
    )


def _spans(expression: Expression, places: _Places) -> list[Found]:
    """Where the words of one side of NEAR stand."""
    found: list[Found] = []
    leaves(
        expression,
        lambda leaf: found.extend(places.get(leaf.text, ()) if isinstance(leaf, Literal) else ()),
    )
    return found


def _near(left: Sequence[Found], right: Sequence[Found], distance: int, text: Prepared) -> bool:
    for one in left:
        for other in right:
            first, second = (one, other) if one.start < other.start else (other, one)
            if first.end <= second.start:
                # A token is at least one character, so that most pairs need no counting.
                if second.start - first.end == 0:
                    return True
                if text.tokens_between(first.end, second.start) <= distance:
                    return True
    return False
