"""What one matter has been doing lately, within bounds."""

import math
from collections import Counter, deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from core.mentions import Mention

HOUR: Final = 3600.0
DAY: Final = 86_400.0
_MOST: Final = 2_000
"""Posts remembered of one matter; an alarm is long due then."""
_TEXT: Final = 160
_BAD: Final = 0.5
_MOST_AUTHORS: Final = 50_000
"""Authors told apart in one matter; beyond them the count stands still."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BrandPost:
    """One post, as far as one brand is concerned."""

    key: str
    """Brand, channel and native id."""
    seq: int
    """Mention.seq."""
    at: float
    """Seconds since 1970."""
    author: str
    channel: str
    negative: float
    """Probability."""
    wrong: float
    """How likely it is both negative and a complaint: the mean of the two probabilities."""
    bad: bool
    """True where it is more likely than not that something bad is said."""
    category: str
    """Empty where none is known."""
    risk: tuple[str, ...]
    followers: int
    text: str
    """Masked and shortened."""


def post_key(brand: str, mention: Mention) -> str:
    """What tells a post from all others, as far as one brand is concerned."""
    return f"{brand}\n{mention.event.channel}\n{mention.event.id}"


def brand_post(brand: str, mention: Mention, at: float) -> BrandPost:
    """A mention as one post; ``at`` is the date to go by, in seconds since 1970."""
    event, judgement = mention.event, mention.judgement
    negative = judgement.probabilities.negative
    return BrandPost(
        key=post_key(brand, mention),
        seq=mention.seq,
        at=at,
        author=f"{event.channel}\n{event.author.id}",
        channel=event.channel,
        negative=negative,
        wrong=(negative + judgement.complaint) / 2,
        bad=negative >= _BAD or judgement.complaint >= _BAD,
        category="" if judgement.category == "other" else judgement.category,
        risk=judgement.risk,
        followers=event.author.followers or 0,
        text=mention.masked_text[:_TEXT],
    )


class Activity:
    """One matter's posts of the last day, and its beginning."""

    def __init__(self) -> None:
        self.first = math.inf
        """When its first post was written."""
        self.last = -math.inf
        self.waves = 1
        """How often it has come up again after a silence."""
        self.count = 0
        """All its posts."""
        self.authors: set[str] = set()
        self.channels: Counter[str] = Counter()
        self.categories: Counter[str] = Counter()
        """Of what is bad."""
        self._posts: deque[BrandPost] = deque(maxlen=_MOST)
        self._times: deque[float] = deque(maxlen=_MOST)

    def add(self, post: BrandPost, *, quiet: float) -> bool:
        """Count a post; True where it begins a new wave, after ``quiet`` seconds of silence."""
        again = post.at - self.last > quiet and bool(self._posts)
        if again:
            self.waves += 1
            self._posts.clear()
        self._count(post)
        self._posts.append(post)
        self._times.append(post.at)
        return again

    def take_over(self, other: "Activity") -> None:
        """Become what both were together."""
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)
        self.waves = max(self.waves, other.waves)
        self.count += other.count
        self.authors |= other.authors
        self.channels.update(other.channels)
        self.categories.update(other.categories)
        posts = sorted([*self._posts, *other.posts()], key=lambda post: post.at)
        self._posts = deque(posts, maxlen=_MOST)
        self._times = deque(sorted([*self._times, *other.times()]), maxlen=_MOST)

    def give_up(self, keys: Collection[str]) -> "Activity":
        """Part with the posts named by ``keys``, as far as they are remembered."""
        given = Activity()
        for post in [post for post in self._posts if post.key in keys]:
            given.add(post, quiet=math.inf)
            self._posts.remove(post)
            self._times.remove(post.at)
            self.count -= 1
            self.channels[post.channel] -= 1
            self.categories[post.category] -= post.bad
        self.authors -= given.authors - {post.author for post in self._posts}
        return given

    def posts(self) -> tuple[BrandPost, ...]:
        """All that are remembered, in the order in which they were heard."""
        return tuple(self._posts)

    def times(self) -> tuple[float, ...]:
        """When they were written."""
        return tuple(self._times)

    def within(self, seconds: float, now: float) -> tuple[BrandPost, ...]:
        """Posts written in the last ``seconds``."""
        return tuple(post for post in self._posts if now - seconds < post.at <= now)

    def unusual(self, now: float) -> bool:
        """True where more bad was said in the last hour than this matter's own bustle.

        Bad is the sum of negative probabilities, each author counted once an hour.
        """
        before = [post for post in self._posts if now - DAY < post.at <= now - HOUR]
        if not before:
            return True
        hours = max(1.0, (now - HOUR - min(post.at for post in before)) / HOUR)
        usual = _bad(before) / hours
        return _bad(self.within(HOUR, now)) >= usual + 3 * math.sqrt(usual + 1)

    def _count(self, post: BrandPost) -> None:
        self.first = min(self.first, post.at)
        self.last = max(self.last, post.at)
        self.count += 1
        if len(self.authors) < _MOST_AUTHORS:
            self.authors.add(post.author)
        self.channels[post.channel] += 1
        self.categories[post.category] += post.bad


def negativity(posts: Collection[BrandPost]) -> float:
    """Mean negative probability; zero of none."""
    return sum(post.negative for post in posts) / len(posts) if posts else 0.0


def _bad(posts: Iterable[BrandPost]) -> float:
    worst: dict[tuple[str, int], float] = {}
    for post in posts:
        key = (post.author, int(post.at // HOUR))
        worst[key] = max(post.negative, worst.get(key, 0.0))
    return sum(worst.values())
