"""The posts of a promotion day: a large volume, nearly all positive, which is no crisis."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from examples.supermarket.ordinary import changes
from examples.supermarket.people import pick_influencer
from examples.supermarket.posts import Post
from examples.supermarket.rhythm import PROMOTION, times_of_day, vary
from examples.supermarket.studio import Studio

POSTS: Final = 2200
CHANNELS: Final = {"weibo": 58, "xiaohongshu": 20, "douyin": 15, "telegram": 2, "x": 4, "reddit": 1}
OWN: Final[Mapping[str, int]] = {"promo_joy": 56, "promo_neutral": 40, "promo_queue": 4}
"""Weights of the lists for original posts; 4 % complain about queues and empty shelves."""


def promotion_day(studio: Studio, day: datetime) -> list[Post]:
    """Generate the posts about the promotion on the day that starts at ``day``."""
    random = studio.random
    host = pick_influencer(studio.people, "weibo", random)
    announcements = [
        studio.post("weibo", text, day + timedelta(hours=hour), "promotion", author=host, heat=20)
        for hour, text in zip((7.0, 15.0), _announcements(studio), strict=True)
    ]
    times = times_of_day(day, vary(POSTS, random), PROMOTION, random)
    posts = [*announcements, *(_reaction(studio, announcements, at) for at in times)]
    return [*posts, *changes(studio, posts)]


def _announcements(studio: Studio) -> list[str]:
    return [studio.fill(text) for text in studio.lists["promo_official"]]


def _reaction(studio: Studio, announcements: list[Post], at: datetime) -> Post:
    channel = studio.channel(CHANNELS)
    chance = studio.random.random()
    known = [one for one in announcements if one.at < at]
    if known and channel == "weibo" and chance < 0.62:
        return studio.repost(known[-1], studio.text("promo_repost"), at, "promotion", heat=0.6)
    if channel in {"x", "reddit"}:
        return studio.post(channel, studio.text("promo_en"), at, "promotion", heat=2)
    name = studio.random.choices(list(OWN), weights=list(OWN.values()))[0]
    text = studio.style(channel, studio.text(name))
    return studio.post(channel, text, at, "promotion", heat=2)
