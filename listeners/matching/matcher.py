"""Finds the brands that an event concerns."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import ConfigError, Problem
from core.model.event_text import matched_text
from core.model.events import Event
from core.settings import BrandSettings
from listeners.matching.expressions import (
    Expression,
    ExpressionError,
    Phrase,
    Regex,
    compile_search,
    parse,
    visit_leaves,
)
from listeners.matching.handles import handle_key
from listeners.matching.rules import BrandRule, Occurrences, Search
from listeners.matching.terms import PreparedText, TermIndex, TermMatch
from listeners.text.normalise import term_key

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Leaves:
    """The phrases and regular expressions that rules search for."""

    phrases: dict[str, None] = field(default_factory=dict)
    patterns: dict[str, Search] = field(default_factory=dict)

    def take(self, leaf: Phrase | Regex) -> None:
        if isinstance(leaf, Regex):
            if leaf.pattern not in self.patterns:
                self.patterns[leaf.pattern] = compile_search(leaf.pattern)
        elif term_key(leaf.text):
            self.phrases.setdefault(leaf.text)
        else:
            raise ExpressionError(f"no letter or digit in {leaf.text!r}")


class BrandMatcher:
    """Finds the configured brands in events; its cost does not grow with the number of terms."""

    def __init__(
        self,
        brands: Sequence[BrandSettings],
        *,
        channel_brands: Mapping[str, str],
        default: str | None,
    ) -> None:
        """Compile the terms of the brands.

        ``channel_brands``: the brand that each channel belongs to, for events addressed to it.
        ``default``: the brand of all other channels; ``None`` for the first one. Raises
        ConfigError with every malformed term.
        """
        self._order = tuple(brand.id for brand in brands)
        self._channel_brands = dict(channel_brands)
        self._default = default if default is not None else self._order[0]
        leaves, problems = _Leaves(), list[Problem]()
        rules = [_rule(brand, f"brands[{n}]", leaves, problems) for n, brand in enumerate(brands)]
        if problems:
            raise ConfigError(tuple(problems))
        self._patterns = leaves.patterns
        self._phrases = tuple(leaves.phrases)
        self._index = TermIndex(self._phrases)
        self._rules = {rule.brand: rule for rule in rules}
        self._by_phrase: dict[str, list[str]] = {}
        self._always: list[str] = []
        self._with_accounts = [rule.brand for rule in rules if rule.accounts]
        for rule in rules:
            self._index_rule(rule)

    @property
    def brands(self) -> tuple[str, ...]:
        """Ids of all brands, in the order of the configuration."""
        return self._order

    def match(self, event: Event) -> tuple[str, ...]:
        """As ``core.ports.Matcher``.

        A private message concerns the brands that it names; where it names none, the brand of its
        channel, else the default. A public event that addresses the channel's account concerns that
        brand as well as those it names, for it may compare them; so does one that its connector
        knows to concern the channel. A brand is named by own words, quoted words and addresses.
        """
        found = self.brands_in(matched_text(event))
        own = self._channel_brands.get(event.channel, self._default)
        if not event.public:
            return found or (own,)
        if event.solicited or event.concerns_channel:
            return tuple(brand for brand in self._order if brand == own or brand in found)
        return found

    def brands_in(self, text: str) -> tuple[str, ...]:
        """Ids of the brands that the text names, in the order of the configuration."""
        prepared = PreparedText(text)
        places: dict[str, list[TermMatch]] = {}
        for found in self._index.places(prepared):
            places.setdefault(self._phrases[found.term], []).append(found)
        candidates = set(self._always)
        for phrase in places:
            candidates.update(self._by_phrase[phrase])
        if self._with_accounts and ("@" in prepared.folded or "u/" in prepared.folded):
            candidates.update(self._with_accounts)
        if not candidates:
            return ()
        occurrences = Occurrences(prepared, places, self._patterns)
        matched = [brand for brand in candidates if self._rules[brand].matches(occurrences)]
        return tuple(sorted(matched, key=self._order.index)) if len(matched) > 1 else tuple(matched)

    def _index_rule(self, rule: BrandRule) -> None:
        """Index the rule by its phrases, so that only rules that can match are evaluated."""
        leaves = _Leaves()
        for expression in rule.terms:
            visit_leaves(expression, leaves.take)
        if leaves.patterns:
            self._always.append(rule.brand)
        for phrase in leaves.phrases:
            self._by_phrase.setdefault(phrase, []).append(rule.brand)
        for phrase in self._phrases:
            self._by_phrase.setdefault(phrase, [])


def _rule(brand: BrandSettings, key: str, leaves: _Leaves, problems: list[Problem]) -> BrandRule:
    def read(group: str, texts: Sequence[str]) -> tuple[Expression, ...]:
        found: list[Expression] = []
        for number, text in enumerate(texts):
            try:
                expression = parse(text)
                visit_leaves(expression, leaves.take)
            except ValueError as error:
                problem = Problem(
                    key=f"{key}.{group}[{number}]",
                    message=str(error),
                    remedy="写法见 See docs/reference/matching.md for what a term may be.",
                )
                problems.append(problem)
            else:
                found.append(expression)
        return tuple(found)

    rule = BrandRule(
        brand=brand.id,
        terms=read("terms", brand.terms),
        required=read("required", brand.required),
        excluded=read("excluded", brand.excluded),
        accounts=_accounts(brand),
    )
    _warn_of_idle_exclusions(rule)
    return rule


def _warn_of_idle_exclusions(rule: BrandRule) -> None:
    """Log the excluded words that hold no term, and so hide none."""
    leaves = _Leaves()
    for expression in rule.terms:
        visit_leaves(expression, leaves.take)
    names = [term_key(phrase) for phrase in leaves.phrases]
    for excluded in rule.excluded:
        if isinstance(excluded, Phrase) and not leaves.patterns:
            key = term_key(excluded.text)
            if not any(name in key for name in names):
                log.warning(
                    "excluded %r of brand %r holds none of its terms and hides nothing; "
                    "an expression with AND or NOT leaves out whole texts",
                    excluded.text,
                    rule.brand,
                )


def _accounts(brand: BrandSettings) -> tuple[str, ...]:
    ids = (account.partition(":")[2] for account in brand.accounts)
    return tuple(dict.fromkeys(filter(None, map(handle_key, (*brand.handles, *ids)))))
