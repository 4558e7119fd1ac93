"""The posts of an ordinary day: praise, questions, messages, a few complaints, noise and spam."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from examples.supermarket.posts import Post
from examples.supermarket.rhythm import DAY, day_factor, times_of_day, vary
from examples.supermarket.studio import Studio

CHANNELS: Final = {"weibo": 38, "xiaohongshu": 24, "douyin": 18, "telegram": 4, "x": 9, "reddit": 7}
MESSAGES: Final = {"webchat": 70, "weibo": 20, "telegram": 10}

POSTS: Final = 330
"""Public posts about the shop on a weekday, without those below."""
CONVERSATIONS: Final = 55
"""Private conversations on a weekday."""
COMPLAINTS: Final = 18
"""Public complaints on a weekday, each about a different topic."""
NOISE: Final = 60
SPAM: Final = 9

_KINDS: Final = {"praise": 30, "neutral": 38, "question": 20}
_MIXED: Final = ("neutral", "question", "grumble")


def ordinary_day(studio: Studio, day: datetime, *, size: float = 1.0) -> list[Post]:
    """Generate the posts of the day that starts at ``day``, unordered; edits may fall on the next.

    ``size`` scales the numbers above.
    """
    level = day_factor(day) * size
    random = studio.random
    posts: list[Post] = []
    for at in times_of_day(day, vary(POSTS * level, random), DAY, random):
        kind = random.choices(list(_KINDS), weights=list(_KINDS.values()))[0]
        posts.append(_reaction(studio, posts, at) or public_post(studio, kind, at))
    times = times_of_day(day, vary(COMPLAINTS * level, random), DAY, random)
    posts += [public_post(studio, "grumble", at) for at in times]
    for at in times_of_day(day, vary(CONVERSATIONS * level, random), DAY, random):
        posts += chat(studio, at)
    times = times_of_day(day, vary(NOISE * level, random), DAY, random)
    posts += [noise(studio, at) for at in times]
    posts += [spam(studio, at) for at in times_of_day(day, vary(SPAM * size, random), DAY, random)]
    return [*posts, *changes(studio, posts)]


def public_post(studio: Studio, kind: str, at: datetime) -> Post:
    """A public post about the shop of the kind praise, neutral, question or grumble."""
    channel = studio.channel(CHANNELS)
    text = studio.text(_list_for(studio, kind, channel))
    return studio.post(channel, studio.style(channel, text), at, "ordinary")


def chat(studio: Studio, at: datetime) -> Iterator[Post]:
    """One to three private messages by one person."""
    channel = studio.channel(MESSAGES)
    author = studio.person(channel)
    language = "en" if studio.random.random() < 0.15 else "zh"
    for _ in range(studio.random.choice((1, 1, 1, 2, 2, 3))):
        text = studio.text(f"chat_{language}")
        yield studio.post(channel, text, at, "ordinary", author=author, kind="message")
        at += timedelta(seconds=studio.random.uniform(12, 150))


def noise(studio: Studio, at: datetime) -> Post:
    """A post that is not about the shop; one in five contains a lookalike of its name."""
    channel = studio.channel(CHANNELS)
    name = "lookalike_zh" if studio.random.random() < 0.2 else "noise_zh"
    if channel in {"x", "reddit"}:
        name = "noise_en"
    return studio.post(channel, studio.style(channel, studio.text(name)), at, "noise")


def spam(studio: Studio, at: datetime) -> Post:
    """Advertising or fraud that names the shop."""
    channel = studio.channel(CHANNELS)
    text = studio.text("spam_en" if channel in {"x", "reddit"} else "spam_zh")
    return studio.post(channel, text, at, "spam")


def changes(studio: Studio, posts: list[Post]) -> Iterator[Post]:
    """Edits and deletions of some of the public posts."""
    for post in posts:
        if post.kind in {"post", "comment"} and post.label in {"ordinary", "promotion"}:
            chance = studio.random.random()
            if chance < 0.02:
                post = studio.edited(post)  # noqa: PLW2901 - an edited post may be deleted, too
                yield post
            if 0.018 < chance < 0.034:
                yield studio.deleted(post)


def _reaction(studio: Studio, posts: list[Post], at: datetime) -> Post | None:
    """A comment on or a repost of one of the latest posts, or ``None``."""
    chance = studio.random.random()
    parents = [post for post in posts[-25:] if post.kind == "post" and post.at < at]
    if chance > 0.16 or not parents:
        return None
    parent = studio.random.choice(parents)
    latin = parent.channel in {"x", "reddit"}
    if chance > 0.07 or parent.channel != "weibo":
        text = studio.text("comment_en" if latin else "comment_zh")
        return studio.post(
            parent.channel, text, at, "ordinary", kind="comment", parent=parent, heat=0.3
        )
    return studio.repost(parent, studio.text("repost_zh"), at, "ordinary", heat=0.5)


def _list_for(studio: Studio, kind: str, channel: str) -> str:
    chance = studio.random.random()
    if channel in {"x", "reddit"}:
        if chance < 0.75:
            return f"{kind}_en"
        return f"{kind}_mixed" if kind in _MIXED else f"{kind}_zh"
    if chance < 0.04 and kind in _MIXED:
        return f"{kind}_mixed"
    if kind == "grumble" and chance > 0.92:
        return "sarcasm_zh"
    return f"{kind}_zh"
