"""Authors by channel; followers follow a Pareto distribution."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

from examples.supermarket.grammar import Grammar, expand
from examples.supermarket.posts import Person

Crowd = Mapping[str, Sequence[Person]]

SIZES: Final = {
    "weibo": 1800,
    "xiaohongshu": 1000,
    "douyin": 900,
    "telegram": 260,
    "x": 320,
    "reddit": 240,
}
_LATIN: Final = ("x", "reddit", "telegram")
_MAX_FOLLOWERS: Final = 3_000_000


def crowd(lists: Grammar, random: Random) -> Crowd:
    """Generate the authors of each public channel."""
    return {
        channel: tuple(_person(lists, channel, number, random) for number in range(size))
        for channel, size in SIZES.items()
    }


def pick_person(people: Crowd, channel: str, random: Random) -> Person:
    """A random author of the channel; those in the first third are twice as likely."""
    pool = people[channel]
    size = len(pool) // 3 if random.random() < 0.5 else len(pool)
    return pool[random.randrange(size)]


def pick_influencer(people: Crowd, channel: str, random: Random) -> Person:
    """One of the ten authors of the channel with the most followers."""
    ranked = sorted(people[channel], key=lambda person: -(person.followers or 0))
    return ranked[random.randrange(10)]


def visitor(random: Random) -> Person:
    """A visitor of the web chat, without name or followers."""
    return Person(id=f"v-{random.getrandbits(48):012x}", name="", followers=None)


def _person(lists: Grammar, channel: str, number: int, random: Random) -> Person:
    latin = channel in _LATIN and random.random() < 0.7
    name = expand(lists, "nick_latin" if latin else "nick", random)
    followers = min(_MAX_FOLLOWERS, int(25 * random.paretovariate(0.85)))
    key = f"{1_000_000_000 + random.getrandbits(32)}{number:04d}"
    return Person(id=key, name=name, followers=followers)
