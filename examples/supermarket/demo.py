"""The demonstration that ``python run.py`` plays: two days of history, then an hour with a crisis.

The history is played at once, so that pages are not empty and detectors know the usual volume; the
hour is played in real time. Its first minute has questions, praise and a complaint, then a crisis
about mouldy bread begins.

``feed.jsonl`` beside this file holds a quarter of an hour with fixed dates; it is written by
``python -m examples.supermarket.demo``.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

from examples.supermarket.crisis import crisis
from examples.supermarket.grammar import grammar
from examples.supermarket.ordinary import ordinary_day, public_post
from examples.supermarket.people import crowd
from examples.supermarket.posts import Post, as_event
from examples.supermarket.rhythm import LOCAL
from examples.supermarket.scenario import write_lines
from examples.supermarket.studio import Studio

PAST: Final = "demo-before.jsonl"
LIVE: Final = "demo-live.jsonl"
SHIPPED: Final = Path(__file__).with_name("feed.jsonl")

MINUTES: Final = 60
CRISIS_AFTER: Final = timedelta(seconds=80)
CRISIS_POSTS: Final = 260
_GAP: Final = 16.0
"""Mean seconds between two ordinary posts."""
_HISTORY: Final = timedelta(hours=50)
_SIZE: Final = 0.5
"""Half the volume of the generated week, since it is judged while the first page loads."""
_OPENING: Final = (
    ("telegram", "message", "你们几点关门"),
    ("weibo", "praise", ""),
    ("x", "question", ""),
    ("telegram", "message", "What time do you close?"),
    ("weibo", "message", "昨天买的牛奶是坏的，麻烦处理一下，我要退款"),
    ("xiaohongshu", "praise", ""),
    ("weibo", "grumble", ""),
)
"""Channel, kind and text of the first posts, one for each kind of answer."""


def demo_events(now: datetime, seed: int) -> Iterator[dict[str, object]]:
    """Posts of the hour after ``now``, in order, in the replay format."""
    return map(as_event, live_posts(now, seed))


def demo_history(now: datetime, seed: int) -> Iterator[dict[str, object]]:
    """Posts of the two days before ``now``, in order, in the replay format."""
    return map(as_event, past_posts(now, seed))


def write_feeds(folder: Path, now: datetime, seed: int) -> tuple[Path, Path]:
    """Write both feeds into ``folder``; returns the files of the past and of the hour.

    Feeds whose hour is not over are left unchanged, so that a restart continues them and repeats
    no post. Raises OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    past, current = folder / PAST, folder / LIVE
    if not (past.exists() and _end(current) > now):
        write_lines(past, demo_history(now, seed))
        write_lines(current, demo_events(now, seed))
    return past, current


def shipped() -> list[Post]:
    """The posts of ``feed.jsonl``."""
    return live_posts(datetime(2025, 3, 7, 3, 0, tzinfo=UTC), seed=7, minutes=15)


def live_posts(now: datetime, seed: int, minutes: int = MINUTES) -> list[Post]:
    """Generate the ``minutes`` after ``now``, in order."""
    studio = _studio(seed, now.isoformat())
    at = now + timedelta(seconds=1)
    posts: list[Post] = []
    for channel, kind, text in _OPENING:
        posts.append(_opening(studio, channel, kind, text, at))
        at += timedelta(seconds=studio.random.uniform(3, 7))
    end = now + timedelta(minutes=minutes)
    while at < end:
        posts.append(_ordinary(studio, at))
        at += timedelta(seconds=_GAP * studio.random.uniform(0.2, 1.8))
    posts += crisis(studio, now + CRISIS_AFTER, CRISIS_POSTS, median=0.12, longest=0.9)
    return _in_order(post for post in posts if post.at < end and post.channel != "webchat")


def past_posts(now: datetime, seed: int) -> list[Post]:
    """Generate the ordinary days before ``now``, in order; overlapping calls agree."""
    today = now.astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today - timedelta(days=ago) for ago in (3, 2, 1, 0)]
    posts = [
        post
        for day in days
        for post in ordinary_day(_studio(seed, day.isoformat()), day, size=_SIZE)
    ]
    return _in_order(
        post for post in posts if now - _HISTORY <= post.at < now and post.channel != "webchat"
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
    return studio.post(channel, studio.style(channel, text), at, "ordinary")


def _ordinary(studio: Studio, at: datetime) -> Post:
    kinds = {"praise": 31, "neutral": 40, "question": 27, "grumble": 2}
    kind = studio.random.choices(list(kinds), weights=list(kinds.values()))[0]
    return public_post(studio, kind, at)


def _end(path: Path) -> datetime:
    """Time of the last post of a feed; ``datetime.min`` where it cannot be read."""
    try:
        lines = path.read_text("utf-8").splitlines()
        return datetime.fromisoformat(json.loads(lines[-1])["posted_at"])
    except (OSError, ValueError, LookupError, TypeError):
        return datetime.min.replace(tzinfo=UTC)


if __name__ == "__main__":
    write_lines(SHIPPED, map(as_event, shipped()))
