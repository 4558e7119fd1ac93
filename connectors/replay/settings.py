"""Settings of a replay channel; docs/reference/channels/replay.md documents them."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from connectors.replay.files import FeedFile
from core.errors import ConfigError, Problem, Refused
from core.settings import Section
from core.validation import validate


class ReplaySettings(Section):
    """The file to replay, its pace, and where replies go."""

    file: str = Field(min_length=1)
    """JSON Lines, optionally gzipped; see docs/reference/event-format.md."""
    speed: float | Literal["max"] = Field(default="max")
    """Factor on the recorded pace, or ``max`` for as fast as events are stored."""
    replies: str | None = Field(default=None, min_length=1)
    """File that replies are appended to as JSON Lines; without it they are only counted."""
    resume: bool = True
    """Continue where the file was left after a restart; ``false`` starts over."""
    page: int = Field(default=200, ge=1, le=10_000)
    """Most events stored in one transaction."""


def inspect_replay(settings: ReplaySettings, folder: Path) -> tuple[Problem, ...]:
    """Check that the file can be opened and that the speed is positive."""
    problems: list[Problem] = []
    if settings.speed != "max" and not 0 < settings.speed < float("inf"):
        problems.append(
            Problem(
                key="speed",
                message=f"{settings.speed} 不是正数 is not a positive number",
                remedy='请写大于 0 的数 Give a number above 0, or "max".',
            )
        )
    try:
        FeedFile(folder / settings.file, channel="").close()
    except Refused as error:
        problems.append(Problem(key="file", message="打不开 cannot be opened", remedy=str(error)))
    return tuple(problems)


def read_feed(file: Path, speed: str, replies: Path | None) -> ReplaySettings:
    """Settings to replay ``file``, starting over each time.

    Args:
        file: the feed.
        speed: ``max`` or a positive number.
        replies: file that replies are appended to.

    Raises:
        ConfigError: the file cannot be read, or the speed is not a positive number.
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
