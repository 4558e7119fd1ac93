"""Feeds that begin now, for the example and for exercises."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from core.settings import ChannelSettings, Settings
from examples.supermarket.demo import MINUTES, demo_events, demo_history, write_feeds
from examples.supermarket.scenario import write_lines

FEED: Final = "feed"
"""Name of the channel that with_live_feed replaces."""


def with_live_feed(settings: Settings, data: Path, now: datetime, seed: int = 7) -> Settings:
    """Write feeds into the folder ``data``; returns settings that play them as channel ``feed``.

    Settings without that channel are returned unchanged, and nothing is written. Raises OSError
    where the folder cannot be written.
    """
    if all(channel.name != FEED for channel in settings.channels):
        return settings
    past, current = write_feeds(data, now, seed)
    others = tuple(channel for channel in settings.channels if channel.name != FEED)
    feeds = (_replay(f"{FEED}-before", past, "max"), _replay(FEED, current, 1.0))
    return settings.model_copy(update={"channels": (*others, *feeds)})


def write_drill(
    folder: Path, now: datetime, speed: float = 1.0, seed: int = 7
) -> tuple[Path, Path]:
    """Write the feeds of an exercise: the two days before a crisis, and an hour with it.

    Dates are such that no post is in the future when the hour is played from ``now`` on at
    ``speed``, and that the last one is played as it was posted. Returns both files, in ``folder``.
    Raises OSError where they cannot be written.
    """
    past, file = folder / "past.jsonl", folder / "drill.jsonl"
    start = now - timedelta(minutes=MINUTES) * (1 - 1 / max(1.0, speed))
    write_lines(past, demo_history(start, seed))
    write_lines(file, demo_events(start, seed))
    return past, file


def _replay(name: str, file: Path, speed: float | str) -> ChannelSettings:
    settings = {"name": name, "type": "replay", "file": str(file.resolve()), "speed": speed}
    return ChannelSettings.model_validate(settings)
