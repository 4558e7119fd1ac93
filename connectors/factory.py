"""Builds the configured channels."""

from collections.abc import Mapping
from pathlib import Path

from connectors.context import Tools
from connectors.registry import REGISTRY, Measure
from connectors.replay.connector import Replay, ReplaySettings, inspect_replay
from core.clock import Clock
from core.config import validate
from core.connector import Connector
from core.errors import ConfigError, Problem
from core.settings import Section, Settings


def read_channels(settings: Settings, folder: Path) -> Mapping[str, Section]:
    """Each channel's own settings by its name; raises ConfigError with every mistake.

    ``folder``: relative paths in the settings start here.
    """
    problems: list[Problem] = []
    channels: dict[str, Section] = {}
    for index, channel in enumerate(settings.channels):
        key = f"channels[{index}]"
        kind = REGISTRY.get(channel.type)
        if kind is None:
            problems.append(
                Problem(
                    key=f"{key}.type",
                    message=f"there is no connector {channel.type!r}",
                    remedy=f"Choose one of: {', '.join(sorted(REGISTRY))}.",
                )
            )
            continue
        own = validate(kind.settings, channel.settings, key, problems)
        if own is not None:
            channels[channel.name] = own
            problems.extend(
                Problem(key=f"{key}.{found.key}", message=found.message, remedy=found.remedy)
                for found in kind.inspect(own, folder)
            )
    if problems:
        raise ConfigError(tuple(problems))
    return channels


def build_channels(
    settings: Settings, channels: Mapping[str, Section], tools: Tools
) -> list[Connector]:
    """One connector a channel, in the order of the configuration; opens nothing yet."""
    return [
        REGISTRY[channel.type].build(channel.name, channels[channel.name], tools)
        for channel in settings.channels
    ]


def measures_of(settings: Settings) -> Mapping[str, Measure]:
    """How each channel counts a reply and how much it takes, by name; only those with a limit."""
    measures = {one.name: REGISTRY[one.type].measure for one in settings.channels}
    return {name: measure for name, measure in measures.items() if measure is not None}


def read_past(file: Path, clock: Clock) -> Replay:
    """The feed ``file``, to be taken in at once; raises ConfigError where it cannot be read."""
    settings = read_feed(file, "max", None)
    return Replay(name="past", settings=settings, clock=clock, folder=Path())


def read_feed(file: Path, speed: str, replies: Path | None) -> ReplaySettings:
    """Settings to play ``file`` at ``speed``, ``max`` or a number; raises ConfigError.

    ``replies``: the file that replies are written to.
    """
    problems: list[Problem] = []
    given: dict[str, object] = {"file": str(file.resolve()), "speed": speed, "resume": False}
    if replies is not None:
        given["replies"] = str(replies.resolve())
    feed = validate(ReplaySettings, given, "", problems)
    if feed is not None:
        problems += inspect_replay(feed, Path())
    if feed is None or problems:
        raise ConfigError(tuple(problems))
    return feed
