"""The posts of a crisis: mould in bread, reported by one customer and spread by an influencer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from examples.supermarket.people import pick_influencer
from examples.supermarket.posts import Person, Post
from examples.supermarket.rhythm import burst
from examples.supermarket.studio import Studio

CHANNELS: Final = {
    "weibo": 66, "xiaohongshu": 11, "douyin": 9, "telegram": 2, "x": 6, "reddit": 3, "webchat": 3
}  # fmt: skip
INFLUENCER_AFTER: Final = 12
"""Posts after which an author with many followers reposts the first one."""
RUMOUR_AFTER: Final = 0.3
"""Share of all posts after which the first author adds that her child feels unwell."""


@dataclass(slots=True)
class _Story:
    """State of the generation."""

    first: Post
    repostable: list[Post]
    """Posts on Weibo; one that occurs more often is reposted more often."""
    authors: set[str] = field(default_factory=set)


def crisis(
    studio: Studio, start: datetime, count: int, *, median: float, longest: float
) -> list[Post]:
    """Generate ``count`` posts about the bread from ``start`` on, and some edits and deletes.

    Half of them fall within ``median`` hours, all within ``longest``.
    """
    times = burst(start, count - 1, median=median, longest=longest, random=studio.random)
    mother = _mother(studio.people["weibo"])
    first = studio.post(
        "weibo", studio.text("mould_first"), start, "crisis", author=mother, heat=60
    )
    story = _Story(first=first, repostable=[first], authors={mother.id})
    posts = [first]
    for number, at in enumerate(times):
        if number == INFLUENCER_AFTER:
            posts.append(_influencer(studio, story, at))
        else:
            posts.append(_next(studio, story, posts, at))
        if number == int(RUMOUR_AFTER * count):
            posts.append(_rumour(studio, story, at))
    return [*posts, *_deletions(studio, posts)]


def _mother(people: Sequence[Person]) -> Person:
    """An author with an ordinary number of followers."""
    return next(person for person in people if 150 <= (person.followers or 0) <= 1500)


def _influencer(studio: Studio, story: _Story, at: datetime) -> Post:
    own = studio.fill("{mould_rage}[怒] 云州的朋友看一下，{mould_wait}")
    author = pick_influencer(studio.people, "weibo", studio.random)
    post = studio.repost(story.first, own, at, "crisis", author=author, heat=25)
    story.repostable += [post] * 12
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
    author = _new_author(studio, story, channel)
    if channel == "weibo" and chance < 0.6:
        return _repost(studio, story, author, at)
    if chance < 0.75:
        parents = [post for post in posts[-40:] if post.channel == channel]
        if parents and channel not in {"x", "reddit"}:
            parent = studio.random.choice(parents)
            text = studio.text("mould_comment")
            return studio.post(
                channel, text, at, "crisis", author=author, kind="comment", parent=parent, heat=0.5
            )
    name = _list_for(channel, studio.random.random())
    text = studio.style(channel, studio.text(name))
    post = studio.post(channel, text, at, "crisis", author=author, heat=4)
    if channel == "weibo":
        story.repostable.append(post)
    return post


def _list_for(channel: str, chance: float) -> str:
    if channel in {"x", "reddit"}:
        return "mould_mixed" if chance < 0.2 else "mould_en"
    if chance < 0.05:
        return "mould_doubt"
    return "mould_mixed" if chance < 0.07 else "mould_post"


def _repost(studio: Studio, story: _Story, author: Person, at: datetime) -> Post:
    """A repost of the first post or of a repost; chains have at most three links."""
    parent = studio.random.choice([story.first, *story.repostable[-60:]])
    own = studio.text("mould_doubt" if studio.random.random() < 0.04 else "mould_own")
    post = studio.repost(parent, own, at, "crisis", author=author, heat=2)
    if post.text.count("//@") < 3:
        story.repostable.append(post)
    return post


def _new_author(studio: Studio, story: _Story, channel: str) -> Person:
    """An author, preferably one without a post about the crisis."""
    author = studio.person(channel)
    for _ in range(3):
        if author.id not in story.authors:
            break
        author = studio.person(channel)
    story.authors.add(author.id)
    return author


def _deletions(studio: Studio, posts: list[Post]) -> list[Post]:
    return [
        studio.deleted(post)
        for post in posts[20:]
        if post.kind in {"post", "repost"} and studio.random.random() < 0.02
    ]
