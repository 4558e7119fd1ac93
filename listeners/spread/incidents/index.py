"""The matters that go wrong, each made of copies of texts and of single posts about it.

Texts alone split a crisis into many groups: people find their own words, in two languages. A case
begins with one bad post and draws in what is about the same matter, so that staff hear of it once.
"""

import re
from collections import Counter, OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Final

from core.mentions import Mention
from listeners.spread.activity import HOUR, Activity, BrandPost, negativity, post_key
from listeners.spread.grouping.relevance import RARE, BackgroundLanguage, words_of
from listeners.spread.incidents.incident import TrackedIncident
from listeners.spread.incidents.severity import NEGATIVE_SHARE
from listeners.spread.incidents.similarity import coincidence, partner, surge_of

SAME_ALARM: Final = 2.0
"""Where a second matter alarms, this much that speaks for the first one is enough: two crises at a
time are rarer than one in many words."""
_DRAWS: Final = 6 * HOUR
"""A case that was quiet for longer draws nothing in."""
_MOST_POSTS: Final = 200_000
"""Posts whose case is remembered."""
_MOST_LOOSE: Final = 50_000
"""Groups that are remembered without a case, and cases of one person."""
_WEIGHED: Final = 20
"""Cases that are looked at closely."""
_WIDEST: Final = 300
"""A word in more cases than this leads nowhere."""


class IncidentIndex:
    """All cases that are remembered."""

    def __init__(self, names: Mapping[str, re.Pattern[str]]) -> None:
        """``names``: what each brand is called, by its id; these words tell nothing."""
        self._names = dict(names)
        self._usual: dict[str, BackgroundLanguage] = {}
        self._cases: dict[str, TrackedIncident] = {}
        self._groups: dict[str, TrackedIncident] = {}
        self._posts: OrderedDict[str, TrackedIncident] = OrderedDict()
        self._loose: OrderedDict[str, Activity] = OrderedDict()
        self._where: dict[tuple[str, str], set[TrackedIncident]] = {}
        """Cases by brand and word."""

    def __iter__(self) -> Iterator[TrackedIncident]:
        return iter(tuple(self._cases.values()))

    def __len__(self) -> int:
        return len(self._cases)

    @property
    def loose(self) -> int:
        """How many groups are remembered that belong to no case."""
        return len(self._loose)

    def of_post(self, key: str) -> TrackedIncident | None:
        """The case of a post, by BrandPost.key."""
        return self._posts.get(key)

    def of_record(self, id: str) -> TrackedIncident | None:  # noqa: A002
        """The case of a stored incident."""
        for case in self._cases.values():
            if case.record is not None and case.record.id == id:
                return case
        return None

    def add(self, case: TrackedIncident) -> None:
        """Remember a case with its groups and posts."""
        self._cases[case.key] = case
        for group in case.groups:
            self._groups[group] = case
        self._know(case, case.activity, pending=False)

    def take(
        self,
        brand: str,
        group: str,
        post: BrandPost,
        text: str,
        *,
        quiet: float,
        known: TrackedIncident | None = None,
    ) -> TrackedIncident | None:
        """Count a post of a group; returns the case it belongs to, which may have just begun.

        ``known`` is the case that the store has it in. A group as a whole follows one bad post
        only where it is new, or mostly bad itself.
        """
        words = words_of(text, self._names.get(brand))
        if known is not None:
            self._cases.setdefault(known.key, known)
        case = known or self._groups.get(group)
        loose = self._loose.get(group)
        angry = loose is None or negativity((*loose.posts(), post)) >= NEGATIVE_SHARE
        if case is None and post.bad:
            case = self._related(brand, post, words)
            if case is None and angry:
                case = self._begin(brand, group, post)
        if case is not None and post.bad and angry and group not in self._groups:
            self.bind(case, group)
        if case is None:
            activity = self._loose.setdefault(group, Activity())
            self._loose.move_to_end(group)
            activity.add(post, quiet=quiet)
            self._learn(brand, post, words)
            return None
        if case.told is None and case.record is None:
            self._learn(brand, post, words)
        self._note(post, case, pending=known is None)
        if case.activity.add(post, quiet=quiet):
            case.told, case.burst = None, False
        if post.bad:
            self._teach(case, words)
        return case

    def claim(self, brand: str, mention: Mention, group: str | None) -> TrackedIncident | None:
        """The case of a post; one is made of its group if there is none."""
        case = self.of_post(post_key(brand, mention))
        if case is None and group is not None:
            case = TrackedIncident(key=f"{brand}:{group}", brand=brand, title=mention.masked_text)
            self.add(case)
            self.bind(case, group)
        return case

    def bind(self, case: TrackedIncident, group: str) -> None:
        """Let a group, with all its posts, belong to a case from now on."""
        case.groups.add(group)
        self._groups[group] = case
        loose = self._loose.pop(group, None)
        if loose is not None:
            case.activity.take_over(loose)
            self._know(case, loose, pending=True)

    def same_alarm(self, case: TrackedIncident) -> TrackedIncident | None:
        """The case staff were told of whose matter this one, which alarms now, is as well."""
        usual = self._usual.setdefault(case.brand, BackgroundLanguage())
        best, most = None, SAME_ALARM
        for other in self._cases.values():
            if other.told is None or other is case or other.brand != case.brand:
                continue
            if case.activity.last - other.activity.last > _DRAWS:
                continue
            score = coincidence(other, case, usual, partial(self._words, case.brand))
            if score >= most:
                best, most = other, score
        return best

    def partner(
        self, case: TrackedIncident, others: Iterable[TrackedIncident]
    ) -> tuple[TrackedIncident, TrackedIncident] | None:
        """As ``kinship.partner``, among those that are remembered."""
        living = [one for one in others if self._cases.get(one.key) is one]
        return partner(case, living, self._usual.setdefault(case.brand, BackgroundLanguage()))

    def merge(self, kept: TrackedIncident, gone: TrackedIncident) -> None:
        """Let one case take the other over."""
        kept.take_over(gone)
        for group in gone.groups:
            self._groups[group] = kept
        for key in self._keys(gone):
            self._posts[key] = kept
        for words in gone.profile.wordings():
            self._teach(kept, words)
        self._drop(gone)

    def _keys(self, case: TrackedIncident) -> list[str]:
        """The keys of all its posts."""
        posts = case.activity.posts()
        if case.activity.count == len(posts):
            return [post.key for post in posts]
        return [key for key, owner in self._posts.items() if owner is case]

    def give_up(self, keys: Collection[str]) -> Activity:
        """Take posts out of the cases and groups they are in; returns them."""
        given = Activity()
        sources = {id(one): one for key in keys if (one := self._posts.pop(key, None))}
        for source in sources.values():
            part = source.activity.give_up(keys)
            moved = {post.seq for post in part.posts()}
            source.pending = [seq for seq in source.pending if seq not in moved]
            given.take_over(part)
        for activity in self._loose.values():
            if any(post.key in keys for post in activity.posts()):
                given.take_over(activity.give_up(keys))
        return given

    def move(self, keys: Collection[str], case: TrackedIncident) -> None:
        """Let posts belong to another case."""
        given = self.give_up(keys)
        case.activity.take_over(given)
        self._know(case, given, pending=True)

    def forget(self, before: float, *, slight: float) -> None:
        """Drop what was quiet since ``before``, and what one person said, since ``slight``.

        Both in seconds since 1970.
        """
        while self._loose:
            group, activity = next(iter(self._loose.items()))
            if activity.last >= before and len(self._loose) <= _MOST_LOOSE:
                break
            del self._loose[group]
        gone = [case for case in self._cases.values() if case.activity.last < before]
        slightest = [
            case
            for case in self._cases.values()
            if case.record is None and len(case.activity.authors) < 2
        ]
        gone += [case for case in slightest if before <= case.activity.last < slight]
        gone += slightest[: max(0, len(slightest) - _MOST_LOOSE)]
        for case in gone:
            self._drop(case)
            for group in case.groups:
                self._groups.pop(group, None)
                if case.activity.last >= before:
                    self._loose[group] = case.activity
        if gone:
            ended = {id(case) for case in gone}
            for key in [key for key, case in self._posts.items() if id(case) in ended]:
                del self._posts[key]

    def _related(
        self, brand: str, post: BrandPost, words: frozenset[str]
    ) -> TrackedIncident | None:
        usual = self._usual.setdefault(brand, BackgroundLanguage())
        shared: Counter[TrackedIncident] = Counter()
        for word in words:
            where = self._where.get((brand, word))
            if where and len(where) <= _WIDEST and usual.share(word) < RARE:
                shared.update(where)
        near = [case for case, _ in shared.most_common(_WEIGHED)]
        loud = [one for one in self._cases.values() if one.told is not None and one.brand == brand]
        best, most = None, 0.0
        for case in dict.fromkeys((*near, *loud)):
            if post.at - case.activity.last > _DRAWS:
                continue
            score = case.profile.likeness(words, usual) + surge_of(case, post, usual)
            if score - case.profile.needed >= most:
                best, most = case, score - case.profile.needed
        return best

    def _begin(self, brand: str, group: str, post: BrandPost) -> TrackedIncident:
        key = f"{brand}:{group}"
        case = self._cases.get(key) or TrackedIncident(key=key, brand=brand, title=post.text)
        self.add(case)
        return case

    def _learn(self, brand: str, post: BrandPost, words: frozenset[str]) -> None:
        usual = self._usual.setdefault(brand, BackgroundLanguage())
        usual.learn(words, category=post.category, bad=post.bad, at=post.at)

    def _know(self, case: TrackedIncident, activity: Activity, *, pending: bool) -> None:
        for post in activity.posts():
            self._note(post, case, pending=pending)
            if post.bad:
                self._teach(case, self._words(case.brand, post.text))

    def _teach(self, case: TrackedIncident, words: frozenset[str]) -> None:
        if case.profile.learn(words):
            for word in words:
                self._where.setdefault((case.brand, word), set()).add(case)

    def _drop(self, case: TrackedIncident) -> None:
        self._cases.pop(case.key, None)
        for word in {word for words in case.profile.wordings() for word in words}:
            where = self._where.get((case.brand, word))
            if where is not None:
                where.discard(case)
                if not where:
                    del self._where[case.brand, word]

    def without_names(self, brand: str, text: str) -> str:
        """A text without what its brand is called, which tells nothing."""
        names = self._names.get(brand)
        return text if names is None else names.sub(" ", text)

    def _words(self, brand: str, text: str) -> frozenset[str]:
        return words_of(text, self._names.get(brand))

    def _note(self, post: BrandPost, case: TrackedIncident, *, pending: bool) -> None:
        self._posts[post.key] = case
        if pending:
            case.pending.append(post.seq)
        if len(self._posts) > _MOST_POSTS:
            self._posts.popitem(last=False)
