"""Groups posts about the same thing as they stream in: copies first, then shared words.

Groups that staff split stay apart. What is quiet is dropped, so memory is bounded; adding the posts
of the last ``quiet`` time again, each with its known incident, restores the state.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from listeners.spread.grouping.near_duplicates import CopyIndex, sketch
from listeners.spread.grouping.vocabulary import SalientWords, original_text, salient_words
from listeners.spread.grouping.word_index import TIE, IncidentWordIndex

EVICT_SECONDS: Final = 600.0
"""Interval of evictions, in the time of the posts."""


@dataclass(kw_only=True, slots=True)
class _BrandIndexes:
    """One brand's indexes; posts about different brands are never the same incident."""

    copies: CopyIndex
    names: re.Pattern[str] | None
    """The brand's own names, which every post has."""
    words: dict[str, IncidentWordIndex] = field(default_factory=dict)
    """By category."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Member:
    incident: str
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _GroupedPost:
    id: str
    text: str
    at: float
    category: str
    known: str | None


class Grouper:
    """Gives every post the id of the group (in backtests: the incident) it belongs to."""

    def __init__(
        self,
        *,
        quiet: timedelta = timedelta(hours=72),
        most: int = 50_000,
        by_words: bool = True,
        names: Mapping[str, re.Pattern[str]] | None = None,
        merged: Callable[[str, str], None] | None = None,
    ) -> None:
        """Create a grouper.

        ``quiet``: what was not posted or copied for this long is dropped. ``most``: texts kept per
        brand. ``by_words=False`` groups copies alone. ``names``: the names of each brand, by its
        id; these words are ignored. ``merged(kept, gone)`` is called when two groups turn out to
        be the same.
        """
        self._quiet = quiet.total_seconds()
        self._most = most
        self._by_words = by_words
        self._names = dict(names or {})
        self._merged = merged
        self._brands: dict[str, _BrandIndexes] = {}
        self._members: OrderedDict[str, _Member] = OrderedDict()
        self._alias: dict[str, str] = {}
        self._apart: set[frozenset[str]] = set()
        self._now = float("-inf")
        self._evicted_at = float("-inf")

    def __len__(self) -> int:
        """Number of posts kept."""
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
        """Group a post; returns the id of its group, the same for the same post id.

        ``at`` must not lie in the future. ``incident`` is the group known from before (after a
        restart, or by a decision of staff). Posts of different categories are in the same group
        only if the text is a copy.
        """
        second = at.timestamp()
        member = self._members.get(id)
        if member is not None:
            return self.current(member.incident)
        self._now = max(self._now, second)
        if self._now - self._evicted_at >= EVICT_SECONDS:
            self._evict()
        indexes = self._indexes(brand)
        post = _GroupedPost(id=id, text=text, at=second, category=category or "", known=incident)
        found = self._place(indexes, post)
        self._members[id] = _Member(incident=found, at=second)
        return found

    def incident_of(self, id: str) -> str | None:  # noqa: A002
        """The current group of a post; ``None`` if the post is not kept."""
        member = self._members.get(id)
        return None if member is None else self.current(member.incident)

    def current(self, incident: str) -> str:
        """The group that a group was merged into, or itself."""
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
        """Make these posts a group of their own, by a decision of staff; returns its id.

        ``into`` is the id to use. The group and those the posts came from are never merged with
        each other again; copies of its posts follow it. Raises KeyError if none of the posts is
        kept.
        """
        known = [one for one in ids if one in self._members]
        if not known:
            raise KeyError("none of these posts is remembered")
        made = into or _stable_id(f"split:{known[0]}")
        for one in known:
            member = self._members[one]
            self._apart.add(frozenset((made, self.current(member.incident))))
            self._members[one] = _Member(incident=made, at=member.at)
        indexes = self._indexes(brand)
        indexes.copies.reassign(set(known), made)
        indexes.words.setdefault(category or "", IncidentWordIndex()).add(made, (), self._now)
        return made

    def _indexes(self, brand: str | None) -> _BrandIndexes:
        indexes = self._brands.get(brand or "")
        if indexes is None:
            indexes = _BrandIndexes(
                copies=CopyIndex(most=self._most), names=self._names.get(brand or "")
            )
            self._brands[brand or ""] = indexes
        return indexes

    def _place(self, indexes: _BrandIndexes, post: _GroupedPost) -> str:
        drawn = sketch(post.text)
        copied, share = indexes.copies.find(drawn, post.at)
        found = post.known
        if found is None and copied is not None:
            found = self.current(copied)
        salient = SalientWords(words={}, length=1.0)
        if self._by_words:
            text = original_text(post.text)
            if indexes.names is not None:
                text = indexes.names.sub(" ", text)
            salient = salient_words(text, categorised=bool(post.category))
        words = indexes.words.setdefault(post.category, IncidentWordIndex())
        scores = words.scores(salient) if found is None or share < 1.0 else []
        if found is None and scores:
            found = self.current(scores[0][1])
        found = self.current(found or _stable_id(post.id))
        for score, other in scores:
            if score >= TIE and other != found and frozenset((found, other)) not in self._apart:
                self._merge(found, other)
        if copied is None or share < 1.0:
            indexes.copies.add(post.id, found, drawn, post.at)
        words.add(found, salient.words, post.at)
        return found

    def _merge(self, kept: str, gone: str) -> None:
        if kept == gone:
            return
        self._alias[gone] = kept
        if self._merged is not None:
            self._merged(kept, gone)
        for indexes in self._brands.values():
            for words in indexes.words.values():
                if gone in words:
                    words.merge(kept, gone)
        for pair in [pair for pair in self._apart if gone in pair]:
            self._apart.discard(pair)
            self._apart.add(frozenset(kept if one == gone else one for one in pair))

    def _evict(self) -> None:
        self._evicted_at = self._now
        before = self._now - self._quiet
        for brand, indexes in list(self._brands.items()):
            indexes.copies.evict(before)
            for category, words in list(indexes.words.items()):
                words.evict(before)
                if not len(words):
                    del indexes.words[category]
            if not indexes.words and not len(indexes.copies):
                del self._brands[brand]
        while self._members:
            id_, member = next(iter(self._members.items()))
            if member.at >= before:
                break
            del self._members[id_]
        if self._alias or self._apart:
            self._evict_decisions()

    def _evict_decisions(self) -> None:
        """Drop merges and splits of groups of which nothing is left."""
        named = {member.incident for member in self._members.values()}
        for indexes in self._brands.values():
            named |= indexes.copies.incidents()
            named = named.union(*(one.incidents() for one in indexes.words.values()))
        alive = {self.current(incident) for incident in named}
        self._alias = {
            gone: kept for gone, kept in self._alias.items() if self.current(kept) in alive
        }
        self._apart = {pair for pair in self._apart if pair <= alive}


def _stable_id(seed: str) -> str:
    """An id that depends on nothing but the seed."""
    raw = seed.encode("utf-8", "surrogatepass")
    return "i" + hashlib.blake2b(raw, digest_size=6).hexdigest()
