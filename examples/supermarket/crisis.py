"""Mouldy bread: one mother's post, a blogger who passes it on, a rumour, an angry city."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from examples.supermarket.people import well_known
from examples.supermarket.posts import Person, Post
from examples.supermarket.rhythm import burst
from examples.supermarket.studio import Studio

CHANNELS: Final = {
    "weibo": 66, "xiaohongshu": 11, "douyin": 9, "telegram": 2, "x": 6, "reddit": 3, "webchat": 3
}  # fmt: skip
BLOGGER: Final = 12
"""After how many posts somebody whom the whole city follows passes it on."""
RUMOUR: Final = 0.3
"""After which part of all posts the mother writes that her child feels unwell."""


@dataclass(slots=True)
class _Story:
    """What has been written so far."""

    first: Post
    carried: list[Post]
    """Posts on Weibo that can be passed on."""
    seen: set[str] = field(default_factory=set)


def crisis(
    studio: Studio, start: datetime, count: int, *, median: float, longest: float
) -> list[Post]:
    """``count`` posts about the mouldy bread from ``start`` on, and some edits and deletes.

    Half of them come within ``median`` hours, all within ``longest``. Nobody is hurt.
    """
    times = burst(start, count - 1, median=median, longest=longest, random=studio.random)
    mother = _mother(studio.people["weibo"])
    first = studio.post(
        "weibo", studio.text("mould_first"), start, "crisis", author=mother, heat=60
    )
    story = _Story(first=first, carried=[first], seen={mother.id})
    posts = [first]
    for number, at in enumerate(times):
        if number == BLOGGER:
            posts.append(_blogger(studio, story, at))
        else:
            posts.append(_next(studio, story, posts, at))
        if number == int(RUMOUR * count):
            posts.append(_rumour(studio, story, at))
    return [*posts, *_regrets(studio, posts)]


def _mother(people: Sequence[Person]) -> Person:
    """Nobody special: the first with some hundred followers."""
    return next(person for person in people if 150 <= (person.followers or 0) <= 1500)


def _blogger(studio: Studio, story: _Story, at: datetime) -> Post:
    own = studio.filled("{mould_rage}[怒] 云州的朋友看一下，{mould_wait}")
    author = well_known(studio.people, "weibo", studio.random)
    post = studio.repost(story.first, own, at, "crisis", author=author, heat=25)
    story.carried += [post] * 12
    return post


def _rumour(studio: Studio, story: _Story, at: datetime) -> Post:
    minutes = (at - story.first.at).total_seconds() / 60
    text = studio.text("mould_edit") + story.first.text
    return studio.later(story.first, kind="edit", text=text, minutes=minutes)


def _next(studio: Studio, story: _Story, posts: list[Post], at: datetime) -> Post:
    channel = studio.channel(CHANNELS)
    chance = studio.random.random()
    if channel == "webchat":
        return studio.post(channel, studio.text("mould_chat"), at, "crisis", kind="message")
    author = _new_person(studio, story, channel)
    if channel == "weibo" and chance < 0.6:
        return _passed_on(studio, story, author, at)
    if chance < 0.75:
        parents = [post for post in posts[-40:] if post.channel == channel]
        if parents and channel not in {"x", "reddit"}:
            parent = studio.random.choice(parents)
            text = studio.text("mould_comment")
            return studio.post(
                channel, text, at, "crisis", author=author, kind="comment", parent=parent, heat=0.5
            )
    name = _own_words(channel, studio.random.random())
    text = studio.flavoured(channel, studio.text(name))
    post = studio.post(channel, text, at, "crisis", author=author, heat=4)
    if channel == "weibo":
        story.carried.append(post)
    return post


def _own_words(channel: str, chance: float) -> str:
    if channel in {"x", "reddit"}:
        return "mould_mixed" if chance < 0.2 else "mould_en"
    if chance < 0.05:
        return "mould_doubt"
    return "mould_mixed" if chance < 0.07 else "mould_post"


def _passed_on(studio: Studio, story: _Story, author: Person, at: datetime) -> Post:
    """A repost of the first post, or of one who carried it; chains grow to three."""
    parent = studio.random.choice([story.first, *story.carried[-60:]])
    own = studio.text("mould_doubt" if studio.random.random() < 0.04 else "mould_own")
    post = studio.repost(parent, own, at, "crisis", author=author, heat=2)
    if post.text.count("//@") < 3:
        story.carried.append(post)
    return post


def _new_person(studio: Studio, story: _Story, channel: str) -> Person:
    """Mostly somebody who has not written about it yet."""
    author = studio.somebody(channel)
    for _ in range(3):
        if author.id not in story.seen:
            break
        author = studio.somebody(channel)
    story.seen.add(author.id)
    return author


def _regrets(studio: Studio, posts: list[Post]) -> list[Post]:
    return [
        studio.deleted(post)
        for post in posts[20:]
        if post.kind in {"post", "repost"} and studio.random.random() < 0.02
    ]
