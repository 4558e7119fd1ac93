"""The example's configuration with the feed of today in place of the recorded one."""

from datetime import datetime
from pathlib import Path
from typing import Final

from core.settings import Channel, Settings
from examples.supermarket.demo import demo_events, prepare
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


def write_drill(folder: Path, now: datetime, seed: int = 7) -> Path:
    """Write an hour with a crisis, from ``now`` on, as the scenario of an exercise.

    Returns the file in ``folder``. Raises OSError where it cannot be written.
    """
    file = folder / "drill.jsonl"
    write_lines(file, demo_events(now, seed))
    return file


def _replay(name: str, file: Path, speed: float | str) -> Channel:
    settings = {"name": name, "type": "replay", "file": str(file.resolve()), "speed": speed}
    return Channel.model_validate(settings)
