"""The newcomer's live page: an hour with a crisis in it, posted while one watches.

Two feeds are played: what was written on the last two days, all at once, so that the page is not
empty and it is known what is usual; and what is written from now on, at the speed of life. Within
a minute there are questions, praise and a complaint; then somebody finds mould in a loaf.

``feed.jsonl`` beside this file is a quarter of an hour of the same, with fixed dates:
``python -m examples.supermarket.demo`` writes it.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

from examples.supermarket.crisis import crisis
from examples.supermarket.grammar import grammar
from examples.supermarket.ordinary import ordinary_day, said
from examples.supermarket.people import crowd
from examples.supermarket.posts import Post, as_event
from examples.supermarket.rhythm import LOCAL
from examples.supermarket.scenario import write_lines
from examples.supermarket.studio import Studio

BEFORE: Final = "demo-before.jsonl"
LIVE: Final = "demo-live.jsonl"
SHIPPED: Final = Path(__file__).with_name("feed.jsonl")

MINUTES: Final = 60
CRISIS_AFTER: Final = timedelta(seconds=80)
CRISIS_POSTS: Final = 260
_GAP: Final = 16.0
"""Seconds between two ordinary posts, on average."""
_PAST: Final = timedelta(hours=50)
_SIZE: Final = 0.5
"""Half as much as in the generated week: it is all judged while the page is opened."""
_OPENING: Final = (
    ("telegram", "message", "你们几点关门"),
    ("weibo", "praise", ""),
    ("x", "question", ""),
    ("telegram", "message", "What time do you close?"),
    ("weibo", "message", "昨天买的牛奶是坏的，麻烦处理一下，我要退款"),
    ("xiaohongshu", "praise", ""),
    ("weibo", "grumble", ""),
)
"""The first posts, so that each kind of answer is seen at once."""


def demo_events(now: datetime, seed: int) -> Iterator[dict[str, object]]:
    """What is written in the hour from ``now`` on, oldest first, in the replay format."""
    return map(as_event, live(now, seed))


def demo_history(now: datetime, seed: int) -> Iterator[dict[str, object]]:
    """What was written on the two days before ``now``, oldest first, in the replay format."""
    return map(as_event, before(now, seed))


def prepare(folder: Path, now: datetime, seed: int) -> tuple[Path, Path]:
    """Write both feeds into ``folder``; returns the files (before, live).

    Feeds that are still being played are left as they are, so that a restart goes on where it was
    and no post comes twice. Raises OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    past, running = folder / BEFORE, folder / LIVE
    if not (past.exists() and _ends(running) > now):
        write_lines(past, demo_history(now, seed))
        write_lines(running, demo_events(now, seed))
    return past, running


def shipped() -> list[Post]:
    """What ``feed.jsonl`` holds."""
    return live(datetime(2025, 3, 7, 3, 0, tzinfo=UTC), seed=7, minutes=15)


def live(now: datetime, seed: int, minutes: int = MINUTES) -> list[Post]:
    """The coming ``minutes``, oldest first."""
    studio = _studio(seed, now.isoformat())
    at = now + timedelta(seconds=1)
    posts: list[Post] = []
    for channel, kind, text in _OPENING:
        posts.append(_opening(studio, channel, kind, text, at))
        at += timedelta(seconds=studio.random.uniform(3, 7))
    end = now + timedelta(minutes=minutes)
    while at < end:
        posts.append(_any(studio, at))
        at += timedelta(seconds=_GAP * studio.random.uniform(0.2, 1.8))
    posts += crisis(studio, now + CRISIS_AFTER, CRISIS_POSTS, median=0.12, longest=0.9)
    return _in_order(post for post in posts if post.at < end and post.channel != "webchat")


def before(now: datetime, seed: int) -> list[Post]:
    """The ordinary days before ``now``, oldest first; what two calls have in common agrees."""
    today = now.astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today - timedelta(days=ago) for ago in (3, 2, 1, 0)]
    posts = [
        post
        for day in days
        for post in ordinary_day(_studio(seed, day.isoformat()), day, size=_SIZE)
    ]
    return _in_order(
        post for post in posts if now - _PAST <= post.at < now and post.channel != "webchat"
    )


def _studio(seed: int, part: str) -> Studio:
    lists = grammar()
    return Studio(lists, crowd(lists, Random(f"{seed}/people")), Random(f"{seed}/{part}"))


def _in_order(posts: Iterable[Post]) -> list[Post]:
    return sorted(posts, key=lambda post: (post.at, post.id))


def _opening(studio: Studio, channel: str, kind: str, text: str, at: datetime) -> Post:
    if kind == "message":
        return studio.post(channel, text, at, "ordinary", kind="message")
    text = studio.text(f"{kind}_en" if channel == "x" else f"{kind}_zh")
    return studio.post(channel, studio.flavoured(channel, text), at, "ordinary")


def _any(studio: Studio, at: datetime) -> Post:
    kinds = {"praise": 31, "neutral": 40, "question": 27, "grumble": 2}
    kind = studio.random.choices(list(kinds), weights=list(kinds.values()))[0]
    return said(studio, kind, at)


def _ends(path: Path) -> datetime:
    """When the last post of a written feed was posted; long ago where there is none."""
    try:
        lines = path.read_text("utf-8").splitlines()
        return datetime.fromisoformat(json.loads(lines[-1])["posted_at"])
    except (OSError, ValueError, LookupError, TypeError):
        return datetime.min.replace(tzinfo=UTC)


if __name__ == "__main__":
    write_lines(SHIPPED, map(as_event, shipped()))
