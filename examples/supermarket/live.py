"""The example's configuration with the feed of today in place of the recorded one."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from core.settings import ChannelSettings, Settings
from examples.supermarket.demo import MINUTES, demo_events, demo_history, prepare
from examples.supermarket.scenario import write_lines

FEED: Final = "feed"
"""Name of the channel that is replaced."""


def with_live_feed(settings: Settings, data: Path, now: datetime, seed: int = 7) -> Settings:
    """Write the feeds into the folder ``data``, and play them instead of the channel ``feed``.

    Settings without that channel come back as they are, and nothing is written. Raises OSError
    where the folder cannot be written.
    """
    if all(channel.name != FEED for channel in settings.channels):
        return settings
    past, running = prepare(data, now, seed)
    others = tuple(channel for channel in settings.channels if channel.name != FEED)
    feeds = (_replay(f"{FEED}-before", past, "max"), _replay(FEED, running, 1.0))
    return settings.model_copy(update={"channels": (*others, *feeds)})


def write_drill(
    folder: Path, now: datetime, speed: float = 1.0, seed: int = 7
) -> tuple[Path, Path]:
    """Write an hour with a crisis as the scenario of an exercise, and the two days before it.

    Played from ``now`` on at ``speed``, nothing in it is later than the clock, and the last post is
    written as it ends. Returns the files in ``folder``: the past and the scenario. Raises OSError
    where they cannot be written.
    """
    past, file = folder / "past.jsonl", folder / "drill.jsonl"
    start = now - timedelta(minutes=MINUTES) * (1 - 1 / max(1.0, speed))
    write_lines(past, demo_history(start, seed))
    write_lines(file, demo_events(start, seed))
    return past, file


def _replay(name: str, file: Path, speed: float | str) -> ChannelSettings:
    settings = {"name": name, "type": "replay", "file": str(file.resolve()), "speed": speed}
    return ChannelSettings.model_validate(settings)
