"""Posts about the same thing going wrong, grouped as they stream in.

First copies of the same text, then the same matter in other words. What staff split stays so. What
is quiet is forgotten, so memory is bounded; replaying the mentions of the last ``quiet`` time, each
with its known incident, brings everything back.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from listeners.spread.grouping.near_duplicates import CopyIndex, sketch
from listeners.spread.grouping.word_index import TIE, WordIndex
from listeners.spread.grouping.words import SalientWords, original_text, salient_words

TIDY_SECONDS: Final = 600.0
"""How often what is quiet is looked for, in the time of the posts."""


@dataclass(kw_only=True, slots=True)
class _Shelf:
    """One brand's indexes, since posts about different brands are never the same incident."""

    copies: CopyIndex
    names: re.Pattern[str] | None
    """The brand's own names, which tell nothing since every post has them."""
    matters: dict[str, WordIndex] = field(default_factory=dict)
    """By category."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Member:
    incident: str
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _Post:
    id: str
    text: str
    at: float
    category: str
    known: str | None


class Grouper:
    """Gives every post the incident it belongs to."""

    def __init__(
        self,
        *,
        quiet: timedelta = timedelta(hours=72),
        most: int = 50_000,
        by_words: bool = True,
        names: Mapping[str, re.Pattern[str]] | None = None,
        united: Callable[[str, str], None] | None = None,
    ) -> None:
        """``most``: texts remembered a brand. ``by_words=False`` groups copies alone.

        ``names``: what each brand is called, by its id; these words tie nothing together.
        ``united(kept, gone)`` is called whenever two incidents turn out to be one.
        """
        self._quiet = quiet.total_seconds()
        self._most = most
        self._by_words = by_words
        self._names = dict(names or {})
        self._united = united
        self._shelves: dict[str, _Shelf] = {}
        self._members: OrderedDict[str, _Member] = OrderedDict()
        self._alias: dict[str, str] = {}
        self._apart: set[frozenset[str]] = set()
        self._now = float("-inf")
        self._tidied = float("-inf")

    def __len__(self) -> int:
        """How many posts are remembered."""
        return len(self._members)

    def add(
        self,
        id: str,  # noqa: A002
        text: str,
        at: datetime,
        *,
        category: str | None = None,
        brand: str | None = None,
        incident: str | None = None,
    ) -> str:
        """The incident of a post; the same for the same id. ``at`` must not lie in the future.

        ``incident`` is what is known from before (a rebuild, or a decision by staff). Posts of
        different categories are the same incident only where the text is a copy.
        """
        second = at.timestamp()
        member = self._members.get(id)
        if member is not None:
            return self.current(member.incident)
        self._now = max(self._now, second)
        if self._now - self._tidied >= TIDY_SECONDS:
            self._tidy()
        shelf = self._shelf(brand)
        post = _Post(id=id, text=text, at=second, category=category or "", known=incident)
        found = self._place(shelf, post)
        self._members[id] = _Member(incident=found, at=second)
        return found

    def incident_of(self, id: str) -> str | None:  # noqa: A002
        """Where a post belongs now; ``None`` once it is forgotten."""
        member = self._members.get(id)
        return None if member is None else self.current(member.incident)

    def current(self, incident: str) -> str:
        """The incident that an incident was merged into, or itself."""
        while incident in self._alias:
            incident = self._alias[incident]
        return incident

    def split(
        self,
        ids: Iterable[str],
        *,
        brand: str | None,
        category: str | None = None,
        into: str | None = None,
    ) -> str:
        """Staff say that these posts are an incident of their own; returns its id, ``into``.

        Neither it nor the incident it came from takes the other over by itself again. Copies of
        its posts follow it. Raises KeyError where none of the posts is remembered.
        """
        known = [one for one in ids if one in self._members]
        if not known:
            raise KeyError("none of these posts is remembered")
        made = into or _name(f"split:{known[0]}")
        for one in known:
            member = self._members[one]
            self._apart.add(frozenset((made, self.current(member.incident))))
            self._members[one] = _Member(incident=made, at=member.at)
        shelf = self._shelf(brand)
        shelf.copies.reassign(set(known), made)
        shelf.matters.setdefault(category or "", WordIndex()).add(made, (), self._now)
        return made

    def _shelf(self, brand: str | None) -> _Shelf:
        shelf = self._shelves.get(brand or "")
        if shelf is None:
            shelf = _Shelf(copies=CopyIndex(most=self._most), names=self._names.get(brand or ""))
            self._shelves[brand or ""] = shelf
        return shelf

    def _place(self, shelf: _Shelf, post: _Post) -> str:
        drawn = sketch(post.text)
        copied, share = shelf.copies.find(drawn, post.at)
        found = post.known
        if found is None and copied is not None:
            found = self.current(copied)
        told = SalientWords(words={}, length=1.0)
        if self._by_words:
            said = original_text(post.text)
            if shelf.names is not None:
                said = shelf.names.sub(" ", said)
            told = salient_words(said, categorised=bool(post.category))
        matters = shelf.matters.setdefault(post.category, WordIndex())
        scores = matters.scores(told) if found is None or share < 1.0 else []
        if found is None and scores:
            found = self.current(scores[0][1])
        found = self.current(found or _name(post.id))
        for score, other in scores:
            if score >= TIE and other != found and frozenset((found, other)) not in self._apart:
                self._unite(found, other)
        if copied is None or share < 1.0:
            shelf.copies.keep(post.id, found, drawn, post.at)
        matters.add(found, told.words, post.at)
        return found

    def _unite(self, kept: str, gone: str) -> None:
        if kept == gone:
            return
        self._alias[gone] = kept
        if self._united is not None:
            self._united(kept, gone)
        for shelf in self._shelves.values():
            for matters in shelf.matters.values():
                if gone in matters:
                    matters.merge(kept, gone)
        for pair in [pair for pair in self._apart if gone in pair]:
            self._apart.discard(pair)
            self._apart.add(frozenset(kept if one == gone else one for one in pair))

    def _tidy(self) -> None:
        self._tidied = self._now
        before = self._now - self._quiet
        for brand, shelf in list(self._shelves.items()):
            shelf.copies.forget(before)
            for category, matters in list(shelf.matters.items()):
                matters.forget(before)
                if not len(matters):
                    del shelf.matters[category]
            if not shelf.matters and not len(shelf.copies):
                del self._shelves[brand]
        while self._members:
            id_, member = next(iter(self._members.items()))
            if member.at >= before:
                break
            del self._members[id_]
        if self._alias or self._apart:
            self._forget_rulings()

    def _forget_rulings(self) -> None:
        """Drop what was ruled about incidents of which nothing is left."""
        named = {member.incident for member in self._members.values()}
        for shelf in self._shelves.values():
            named |= shelf.copies.incidents()
            named = named.union(*(one.incidents() for one in shelf.matters.values()))
        alive = {self.current(incident) for incident in named}
        self._alias = {
            gone: kept for gone, kept in self._alias.items() if self.current(kept) in alive
        }
        self._apart = {pair for pair in self._apart if pair <= alive}


def name_patterns(names: Mapping[str, Iterable[str]]) -> dict[str, re.Pattern[str]]:
    """One pattern a brand for all that it is called."""
    return {
        brand: re.compile("|".join(map(re.escape, called)), re.IGNORECASE)
        for brand, terms in names.items()
        if (called := sorted((term for term in terms if term), key=len, reverse=True))
    }


def _name(seed: str) -> str:
    """An id that is the same whenever the same post comes first."""
    raw = seed.encode("utf-8", "surrogatepass")
    return "i" + hashlib.blake2b(raw, digest_size=6).hexdigest()
