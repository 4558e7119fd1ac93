"""All incidents in memory, and which posts and groups of copies belong to which.

Texts alone split a crisis into many groups, since people use words of their own and two languages.
So an incident begins with one adverse post and takes in whole groups of copies and single posts
that are about the same (``similarity.py``); staff then receive one alert for all of it.
"""

import math
import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final

from core.model.mentions import Mention
from listeners.spread.activity import Activity, BrandPost, mean_harm, post_key
from listeners.spread.grouping.relevance import RARE, BackgroundLanguage
from listeners.spread.grouping.vocabulary import content_words
from listeners.spread.incidents import similarity
from listeners.spread.incidents.incident import TrackedIncident
from listeners.spread.incidents.severity import HARM_SHARE

_MAX_POSTS: Final = 200_000
"""Posts whose incident is remembered."""
_MAX_SMALL: Final = 50_000
"""Groups kept that belong to no incident, and incidents of one author that are not stored."""
_CANDIDATES: Final = 20
"""Incidents compared with a post, those that share most rare words."""
_MAX_INCIDENTS_PER_WORD: Final = 300
"""A word in more incidents than this is not used to look them up."""


class IncidentIndex:
    """Finds incidents by post, group, stored record and words."""

    def __init__(self, names: Mapping[str, re.Pattern[str]]) -> None:
        """``names``: pattern of each brand's own names, by its id; they are ignored in texts."""
        self._names = dict(names)
        self._backgrounds: dict[str, BackgroundLanguage] = {}
        self._incidents: dict[str, TrackedIncident] = {}
        self._by_group: dict[str, TrackedIncident] = {}
        self._by_post: OrderedDict[str, TrackedIncident] = OrderedDict()
        self._unassigned: OrderedDict[str, Activity] = OrderedDict()
        self._by_word: dict[tuple[str, str], set[TrackedIncident]] = {}
        """By brand and word."""
        self._flashes: dict[str, tuple[TrackedIncident, float]] = {}
        """By brand: the incident of the last flash, and when its quarter of an hour ends."""

    def __iter__(self) -> Iterator[TrackedIncident]:
        return iter(tuple(self._incidents.values()))

    def __len__(self) -> int:
        return len(self._incidents)

    @property
    def unassigned(self) -> int:
        """Number of groups kept that belong to no incident."""
        return len(self._unassigned)

    def of_post(self, key: str) -> TrackedIncident | None:
        """The incident of a post, by ``BrandPost.key``."""
        return self._by_post.get(key)

    def of_record(self, id: str) -> TrackedIncident | None:  # noqa: A002
        """The incident whose stored record has this id."""
        for incident in self._incidents.values():
            if incident.record is not None and incident.record.id == id:
                return incident
        return None

    def of_key(self, brand: str, key: str) -> TrackedIncident | None:
        """The incident with the group of posts that another one with this key began with."""
        return self._by_group.get(key.removeprefix(f"{brand}:"))

    def present(self, incidents: Iterable[TrackedIncident]) -> list[TrackedIncident]:
        """Those of the given incidents that are still in the index."""
        return [one for one in incidents if self._incidents.get(one.key) is one]

    def background(self, brand: str) -> BackgroundLanguage:
        """The background language of a brand."""
        return self._backgrounds.setdefault(brand, BackgroundLanguage())

    def names(self, brand: str) -> re.Pattern[str] | None:
        """The pattern of a brand's own names."""
        return self._names.get(brand)

    def content_words(self, brand: str, text: str) -> frozenset[str]:
        """The content words of a text about a brand, without the brand's names."""
        return content_words(text, self._names.get(brand))

    def without_names(self, brand: str, text: str) -> str:
        """A text about a brand without the brand's names."""
        names = self._names.get(brand)
        return text if names is None else names.sub(" ", text)

    def add(self, incident: TrackedIncident) -> None:
        """Index an incident with its groups and posts."""
        self._incidents[incident.key] = incident
        for group in incident.groups:
            self._by_group[group] = incident
        self._index_posts(incident, incident.activity, unsaved=False)

    def assign(
        self,
        brand: str,
        group: str,
        post: BrandPost,
        text: str,
        *,
        quiet: float,
        known: TrackedIncident | None = None,
    ) -> TrackedIncident | None:
        """Count a post of a group; returns its incident, which may be new, if there is one.

        ``text`` is the whole text; ``quiet`` the seconds after which a new wave begins; ``known``
        the incident that the store has the post in. A denial joins what it is about and begins
        nothing. One adverse post makes its whole group part of
        an incident only if the group is new or mostly harmful itself.
        """
        words = self.content_words(brand, text)
        if known is not None:
            known = known.current()
            self._incidents.setdefault(known.key, known)
        incident = known or self._by_group.get(group)
        waiting = self._unassigned.get(group)
        harmful = waiting is None or mean_harm((*waiting.posts(), post)) >= HARM_SHARE
        if incident is None and (post.adverse or post.denial):
            incident = self._related(brand, post, words) or self._flashing(brand, post)
            if incident is None and post.adverse and harmful:
                incident = self._begin(brand, group, post)
        if incident is not None and post.adverse and harmful and group not in self._by_group:
            self.attach_group(incident, group)
        if incident is None:
            activity = self._unassigned.setdefault(group, Activity())
            self._unassigned.move_to_end(group)
            activity.add(post, quiet=quiet)
            self._learn_background(brand, post, words)
            return None
        if incident.alerted is None and incident.record is None:
            self._learn_background(brand, post, words)
        self._index_post(post, incident, unsaved=known is None)
        if incident.activity.add(post, quiet=quiet):
            incident.alerted, incident.burst = None, False
        if post.adverse:
            self._learn_words(incident, words)
        return incident

    def reweigh(
        self, brand: str, group: str, change: Callable[[BrandPost], BrandPost]
    ) -> TrackedIncident | None:
        """Replace a group's posts by what ``change`` makes of them; returns its incident.

        A group that is harmful now becomes part of an incident, or begins one.
        """
        waiting = self._unassigned.get(group)
        if waiting is None:
            incident = self._by_group.get(group)
            if incident is not None:
                incident.activity.reweigh(change)
            return incident
        waiting.reweigh(change)
        adverse = [post for post in waiting.posts() if post.adverse]
        if not adverse or mean_harm(waiting.posts()) < HARM_SHARE:
            return None
        words = self.content_words(brand, adverse[-1].text)
        incident = self._related(brand, adverse[-1], words) or self._begin(brand, group, adverse[0])
        self.attach_group(incident, group)
        self._learn_words(incident, words)
        return incident

    def split_off(
        self, incident: TrackedIncident, group: str, keys: Collection[str]
    ) -> TrackedIncident:
        """Make a group of copies, the posts with these keys, an incident of its own."""
        incident.groups.discard(group)
        moved = self.detach(keys)
        first = min(moved.posts(), key=lambda post: post.at)
        found = TrackedIncident(
            key=f"{incident.brand}:{group}", brand=incident.brand, title=first.text
        )
        found.groups.add(group)
        found.activity.absorb(moved)
        self.add(found)
        self._index_posts(found, moved, unsaved=True)
        return found

    def ensure(self, brand: str, mention: Mention, group: str | None) -> TrackedIncident | None:
        """The incident of a post; if there is none, a new one of its group, if that is known."""
        incident = self.of_post(post_key(brand, mention))
        if incident is None and group is not None:
            incident = TrackedIncident(
                key=f"{brand}:{group}", brand=brand, title=mention.masked_text
            )
            self.add(incident)
            self.attach_group(incident, group)
        return incident

    def attach_group(self, incident: TrackedIncident, group: str) -> None:
        """Make a group with all its posts, so far and to come, part of an incident."""
        incident.groups.add(group)
        self._by_group[group] = incident
        waiting = self._unassigned.pop(group, None)
        if waiting is not None:
            incident.activity.absorb(waiting)
            self._index_posts(incident, waiting, unsaved=True)

    def merge(self, kept: TrackedIncident, gone: TrackedIncident) -> None:
        """Make one incident part of another, which stands for it from then on."""
        kept.absorb(gone)
        gone.merged_into = kept
        for group in gone.groups:
            self._by_group[group] = kept
        for key in self._post_keys(gone):
            self._by_post[key] = kept
        for words in gone.words.wordings():
            self._learn_words(kept, words)
        self._drop(gone)

    def begin_flash(self, incident: TrackedIncident, *, until: float) -> None:
        """Let adverse posts that are about nothing else join an incident, ``until`` this second."""
        self._flashes[incident.brand] = (incident, until)

    def detach(self, keys: Collection[str]) -> Activity:
        """Take posts out of their incidents and groups; returns them."""
        removed = Activity()
        sources = {id(one): one for key in keys if (one := self._by_post.pop(key, None))}
        for source in sources.values():
            part = source.activity.remove(keys)
            moved = {post.seq for post in part.posts()}
            source.unsaved_posts = [seq for seq in source.unsaved_posts if seq not in moved]
            removed.absorb(part)
        for activity in self._unassigned.values():
            if any(post.key in keys for post in activity.posts()):
                removed.absorb(activity.remove(keys))
        return removed

    def move(self, keys: Collection[str], incident: TrackedIncident) -> None:
        """Move posts from wherever they are to an incident."""
        moved = self.detach(keys)
        incident.activity.absorb(moved)
        self._index_posts(incident, moved, unsaved=True)

    def same_words(
        self, incident: TrackedIncident, post: BrandPost
    ) -> tuple[TrackedIncident, TrackedIncident] | None:
        """An incident that is the same as this one, which grew by ``post``, as (kept, merged).

        A new wording can say what two incidents have in common that began in other words.
        """
        words = self.content_words(incident.brand, post.text)
        return similarity.best_word_merge(
            incident,
            self._sharing(incident.brand, words),
            background=self.background(incident.brand),
            words=lambda text: self.content_words(incident.brand, text),
        )

    def evict(self, before: float, *, small: float) -> None:
        """Drop incidents and groups without a post since ``before``, in seconds since 1970.

        Incidents of one author that are not stored are dropped after ``small``.
        """
        while self._unassigned:
            group, activity = next(iter(self._unassigned.items()))
            if activity.last >= before and len(self._unassigned) <= _MAX_SMALL:
                break
            del self._unassigned[group]
        gone = [one for one in self._incidents.values() if one.activity.last < before]
        smallest = [
            one
            for one in self._incidents.values()
            if one.record is None and len(one.activity.authors) < 2
        ]
        gone += [one for one in smallest if before <= one.activity.last < small]
        gone += smallest[: max(0, len(smallest) - _MAX_SMALL)]
        for incident in gone:
            self._drop(incident)
            for group in incident.groups:
                self._by_group.pop(group, None)
                if incident.activity.last >= before:
                    self._unassigned[group] = incident.activity
        if gone:
            dropped = {id(incident) for incident in gone}
            for key in [key for key, one in self._by_post.items() if id(one) in dropped]:
                del self._by_post[key]

    def _related(
        self, brand: str, post: BrandPost, words: frozenset[str]
    ) -> TrackedIncident | None:
        """The incident that a post is about, among those with rare words of it or an alert."""
        background = self.background(brand)
        near = self._sharing(brand, words)
        alerted = [
            one
            for one in self._incidents.values()
            if one.alerted is not None and one.brand == brand
        ]
        return similarity.best_for_post(
            dict.fromkeys((*near, *alerted)), post, words, background=background
        )

    def _flashing(self, brand: str, post: BrandPost) -> TrackedIncident | None:
        """The incident of a flash whose quarter of an hour is not over, for an adverse post."""
        incident, until = self._flashes.get(brand, (None, -math.inf))
        if incident is None or not post.adverse or post.at > until:
            return None
        found = incident.current()
        return found if self._incidents.get(found.key) is found else None

    def _sharing(self, brand: str, words: Iterable[str]) -> list[TrackedIncident]:
        """The incidents that share most rare words with these."""
        background = self.background(brand)
        shared: Counter[TrackedIncident] = Counter()
        for word in words:
            where = self._by_word.get((brand, word))
            if where and len(where) <= _MAX_INCIDENTS_PER_WORD and background.share(word) < RARE:
                shared.update(where)
        return [incident for incident, _ in shared.most_common(_CANDIDATES)]

    def _begin(self, brand: str, group: str, post: BrandPost) -> TrackedIncident:
        key = f"{brand}:{group}"
        incident = self._incidents.get(key) or TrackedIncident(
            key=key, brand=brand, title=post.text
        )
        self.add(incident)
        return incident

    def _learn_background(self, brand: str, post: BrandPost, words: frozenset[str]) -> None:
        background = self.background(brand)
        background.learn(words, category=post.category, adverse=post.adverse, at=post.at)

    def _learn_words(self, incident: TrackedIncident, words: frozenset[str]) -> None:
        if incident.words.learn(words):
            for word in words:
                self._by_word.setdefault((incident.brand, word), set()).add(incident)

    def _index_posts(self, incident: TrackedIncident, posts: Activity, *, unsaved: bool) -> None:
        for post in posts.posts():
            self._index_post(post, incident, unsaved=unsaved)
            if post.adverse:
                self._learn_words(incident, self.content_words(incident.brand, post.text))

    def _index_post(self, post: BrandPost, incident: TrackedIncident, *, unsaved: bool) -> None:
        self._by_post[post.key] = incident
        if unsaved:
            incident.unsaved_posts.append(post.seq)
        if len(self._by_post) > _MAX_POSTS:
            self._by_post.popitem(last=False)

    def _post_keys(self, incident: TrackedIncident) -> list[str]:
        posts = incident.activity.posts()
        if incident.activity.count == len(posts):
            return [post.key for post in posts]
        return [key for key, owner in self._by_post.items() if owner is incident]

    def _drop(self, incident: TrackedIncident) -> None:
        self._incidents.pop(incident.key, None)
        for word in {word for words in incident.words.wordings() for word in words}:
            where = self._by_word.get((incident.brand, word))
            if where is not None:
                where.discard(incident)
                if not where:
                    del self._by_word[incident.brand, word]
