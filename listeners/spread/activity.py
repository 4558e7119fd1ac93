"""Posts as the detectors see them, and the bounded record of those of one incident."""

import math
import re
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final

from core.model.event_text import whole_text
from core.model.mentions import Mention
from listeners.spread.harm.weight import ADVERSE, DENIAL, weigh

HOUR: Final = 3600.0
DAY: Final = 86_400.0
_MAX_POSTS: Final = 2_000
"""Posts kept per incident; one this large has long been alerted."""
_MAX_TEXT: Final = 160
"""Characters kept of a text."""
GRAVE: Final = frozenset({"death", "food_poisoning", "injury", "fire", "child", "self_harm"})
"""Risks that cannot wait."""
_MAX_AUTHORS: Final = 50_000
"""Authors counted per incident."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BrandPost:
    """One post as far as one brand is concerned."""

    key: str
    """Brand, channel and native id."""
    seq: int
    """Mention.seq."""
    at: float
    """Seconds since 1970."""
    author: str
    """Channel and native id of the author."""
    channel: str
    harm: float
    """Probability that it harms the brand's name (``harm.weight``)."""
    adverse: bool
    """True if that is at least one half."""
    denial: bool
    """True if it denies a claim; it counts nowhere, and is shown to staff."""
    category: str
    """Empty if unknown."""
    risk: tuple[str, ...]
    followers: int
    text: str
    """Masked and shortened."""
    claim_share: float = 0.0
    """Share that it takes in a claim which it passes on (``harm.weight``)."""

    def passing_on(self, weight: float) -> "BrandPost":
        """The post as one of many that repeat a claim of this weight."""
        harm = max(self.harm, weight * self.claim_share)
        return replace(self, harm=harm, adverse=harm >= ADVERSE) if harm > self.harm else self


def post_key(brand: str, mention: Mention) -> str:
    """The key of a mention's post for one brand; see ``BrandPost.key``."""
    return f"{brand}\n{mention.event.channel}\n{mention.event.id}"


def brand_post(
    brand: str, mention: Mention, at: float, *, names: re.Pattern[str] | None
) -> BrandPost:
    """The post of a mention, dated ``at`` seconds since 1970; ``names`` match the brand's own."""
    event, judgement = mention.event, mention.judgement
    weight = weigh(judgement, whole_text(event), names)
    return BrandPost(
        key=post_key(brand, mention),
        seq=mention.seq,
        at=at,
        author=f"{event.channel}\n{event.author.id}",
        channel=event.channel,
        harm=weight.harm,
        adverse=weight.harm >= ADVERSE,
        claim_share=weight.claim_share,
        denial=judgement.denial >= DENIAL,
        category="" if judgement.category == "other" else judgement.category,
        risk=judgement.risk,
        followers=event.author.followers or 0,
        text=mention.masked_text[:_MAX_TEXT],
    )


class Activity:
    """The latest posts of an incident or of a group of copies, and totals over all of them."""

    def __init__(self) -> None:
        self.first = math.inf
        """Date of the first post."""
        self.last = -math.inf
        self._counted: set[int] = set()
        """BrandPost.seq of all posts, also of those that are no longer kept."""
        self.denials = 0
        """Those that are denials."""
        self.authors: set[str] = set()
        self.channels: Counter[str] = Counter()
        self.categories: Counter[str] = Counter()
        """Of adverse posts."""
        self._posts: deque[BrandPost] = deque(maxlen=_MAX_POSTS)
        self._times: deque[tuple[float, int]] = deque(maxlen=_MAX_POSTS)
        """Dates with BrandPost.seq."""

    @property
    def count(self) -> int:
        """All posts, also those that are no longer kept; each once."""
        return len(self._counted)

    def add(self, post: BrandPost, *, quiet: float) -> bool:
        """Count a post; True if it begins a new wave, after more than ``quiet`` seconds without.

        One that is counted already changes nothing.
        A new wave forgets the posts of the last one; totals and times go on.
        """
        if post.seq in self._counted:
            return False
        again = post.at - self.last > quiet and bool(self._posts)
        if again:
            self._posts.clear()
        self._count(post)
        self._posts.append(post)
        self._times.append((post.at, post.seq))
        return again

    def absorb(self, other: "Activity") -> None:
        """Add all posts of another activity that are not counted yet."""
        known = self._counted & other.seqs()
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)
        self.authors |= other.authors
        self.denials += other.denials
        self.channels.update(other.channels)
        self.categories.update(other.categories)
        for post in other.posts() if known else ():
            if post.seq in known:
                self.denials -= post.denial
                self.channels[post.channel] -= 1
                self.categories[post.category] -= post.adverse
        self._counted |= other.seqs()
        posts = {post.seq: post for post in (*self._posts, *other.posts())}
        self._posts = deque(sorted(posts.values(), key=lambda post: post.at), maxlen=_MAX_POSTS)
        self._times = deque(sorted({*self._times, *other.dates()}), maxlen=_MAX_POSTS)

    def remove(self, keys: Collection[str]) -> "Activity":
        """Take out the posts with these keys, as far as they are kept, and return them."""
        removed = Activity()
        for post in [post for post in self._posts if post.key in keys]:
            removed.add(post, quiet=math.inf)
            self._posts.remove(post)
            self._times.remove((post.at, post.seq))
            self._counted.discard(post.seq)
            self.denials -= post.denial
            self.channels[post.channel] -= 1
            self.categories[post.category] -= post.adverse
        self.authors -= removed.authors - {post.author for post in self._posts}
        return removed

    def reweigh(self, change: Callable[[BrandPost], BrandPost]) -> None:
        """Replace every post that is kept by what ``change`` makes of it."""
        for place, post in enumerate(self._posts):
            changed = change(post)
            self._posts[place] = changed
            self.categories[post.category] += changed.adverse - post.adverse

    def posts(self) -> tuple[BrandPost, ...]:
        """The posts that are kept, in order of arrival."""
        return tuple(self._posts)

    def seqs(self) -> frozenset[int]:
        """BrandPost.seq of all posts that were counted."""
        return frozenset(self._counted)

    def dates(self) -> tuple[tuple[float, int], ...]:
        """Dates of the latest posts, also of earlier waves, each with BrandPost.seq."""
        return tuple(self._times)

    def times(self) -> tuple[float, ...]:
        """Dates of the latest posts, also of earlier waves."""
        return tuple(at for at, _ in self._times)

    def within(self, seconds: float, now: float) -> tuple[BrandPost, ...]:
        """Posts written in the last ``seconds`` before ``now``."""
        return tuple(post for post in self._posts if now - seconds < post.at <= now)

    def is_unusual(self, now: float) -> bool:
        """True if the last hour brought more harm than this activity's own past day.

        Harm is the sum of its probabilities, each author's worst post once an hour. The
        threshold is three Poisson standard deviations above the hourly mean.
        """
        before = [post for post in self._posts if now - DAY < post.at <= now - HOUR]
        if not before:
            return True
        hours = max(1.0, (now - HOUR - min(post.at for post in before)) / HOUR)
        usual = _harm_by_author(before) / hours
        return _harm_by_author(self.within(HOUR, now)) >= usual + 3 * math.sqrt(usual + 1)

    def _count(self, post: BrandPost) -> None:
        self.first = min(self.first, post.at)
        self.last = max(self.last, post.at)
        self._counted.add(post.seq)
        self.denials += post.denial
        if len(self.authors) < _MAX_AUTHORS:
            self.authors.add(post.author)
        self.channels[post.channel] += 1
        self.categories[post.category] += post.adverse


def mean_harm(posts: Iterable[BrandPost]) -> float:
    """Mean probability of harm of the posts that are no denials; zero for no posts."""
    weights = [post.harm for post in posts if not post.denial]
    return sum(weights) / len(weights) if weights else 0.0


def _harm_by_author(posts: Iterable[BrandPost]) -> float:
    worst: dict[tuple[str, int], float] = {}
    for post in posts:
        key = (post.author, int(post.at // HOUR))
        worst[key] = max(post.harm, worst.get(key, 0.0))
    return sum(worst.values())
