"""The shop's anniversary: thousands of posts in one day, nearly all of them glad. Not a crisis."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from examples.supermarket.ordinary import changes
from examples.supermarket.people import well_known
from examples.supermarket.posts import Post
from examples.supermarket.rhythm import PROMOTION, about, through_day
from examples.supermarket.studio import Studio

POSTS: Final = 2200
CHANNELS: Final = {"weibo": 58, "xiaohongshu": 20, "douyin": 15, "telegram": 2, "x": 4, "reddit": 1}
OWN: Final[Mapping[str, int]] = {"promo_joy": 56, "promo_neutral": 40, "promo_queue": 4}
"""What those say who write themselves; four in a hundred complain of queues and empty shelves."""


def promotion_day(studio: Studio, day: datetime) -> list[Post]:
    """What is added to the ordinary posts of the day that starts at ``day``."""
    random = studio.random
    host = well_known(studio.people, "weibo", random)
    calls = [
        studio.post("weibo", text, day + timedelta(hours=hour), "promotion", author=host, heat=20)
        for hour, text in zip((7.0, 15.0), _two_calls(studio), strict=True)
    ]
    times = through_day(day, about(POSTS, random), PROMOTION, random)
    posts = [*calls, *(_reaction(studio, calls, at) for at in times)]
    return [*posts, *changes(studio, posts)]


def _two_calls(studio: Studio) -> list[str]:
    return [studio.filled(text) for text in studio.lists["promo_official"]]


def _reaction(studio: Studio, calls: list[Post], at: datetime) -> Post:
    channel = studio.channel(CHANNELS)
    chance = studio.random.random()
    known = [call for call in calls if call.at < at]
    if known and channel == "weibo" and chance < 0.62:
        return studio.repost(known[-1], studio.text("promo_repost"), at, "promotion", heat=0.6)
    if channel in {"x", "reddit"}:
        return studio.post(channel, studio.text("promo_en"), at, "promotion", heat=2)
    name = studio.random.choices(list(OWN), weights=list(OWN.values()))[0]
    text = studio.flavoured(channel, studio.text(name))
    return studio.post(channel, text, at, "promotion", heat=2)
