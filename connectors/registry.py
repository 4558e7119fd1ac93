"""Which connectors there are: the ``type`` of a channel, its settings and how it is built.

A type's settings live in a light module, and a platform's library is imported only when a channel
of that type is built: aiogram alone takes seconds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from connectors.context import Tools
from connectors.reddit import settings as reddit_settings
from connectors.reddit.settings import RedditSettings
from connectors.replay.connector import Replay, ReplaySettings, inspect_replay
from connectors.telegram import text as telegram_text
from connectors.telegram.settings import TelegramSettings
from connectors.webchat.connector import Webchat, WebchatSettings
from connectors.x import text as x_text
from connectors.x.settings import XSettings
from core.connector import Connector
from core.errors import Problem
from core.settings import Section

S = TypeVar("S", bound=Section)


Measure = tuple[Callable[[str], int], int]
"""How a platform counts a text, and how much of that one reply may have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One type of connector."""

    settings: type[Section]
    """The model of the keys beside ``name`` and ``type``."""
    build: Callable[[str, Section, Tools], Connector]
    """From the channel's name, validated settings and tools; opens nothing yet."""
    inspect: Callable[[Section, Path], tuple[Problem, ...]]
    """What would fail at the start though the settings are valid; keys are the settings' own.

    Reads files at most; relative paths start at the folder given.
    """
    measure: Measure | None = None
    """``None`` where the platform sets no limit that a reply could reach."""


def _kind(
    settings: type[S],
    build: Callable[[str, S, Tools], Connector],
    inspect: Callable[[S, Path], tuple[Problem, ...]] = lambda _settings, _folder: (),
    measure: Measure | None = None,
) -> Kind:
    def own(given: Section) -> S:
        if not isinstance(given, settings):
            raise TypeError(f"{settings.__name__} expected, not {type(given).__name__}")
        return given

    return Kind(
        settings=settings,
        build=lambda name, given, tools: build(name, own(given), tools),
        inspect=lambda given, folder: inspect(own(given), folder),
        measure=measure,
    )


def _webchat(name: str, settings: WebchatSettings, tools: Tools) -> Connector:
    return Webchat(
        name=name, settings=settings, intake=tools.intake, clock=tools.clock, bus=tools.bus
    )


def _replay(name: str, settings: ReplaySettings, tools: Tools) -> Connector:
    return Replay(name=name, settings=settings, clock=tools.clock, folder=tools.folder)


def _reddit(name: str, settings: RedditSettings, tools: Tools) -> Connector:
    from connectors.reddit.connector import Reddit  # noqa: PLC0415 - only who reads Reddit waits for praw

    return Reddit(name=name, settings=settings, tools=tools)


def _telegram(name: str, settings: TelegramSettings, tools: Tools) -> Connector:
    from connectors.telegram.connector import Telegram  # noqa: PLC0415 - aiogram takes seconds to import

    return Telegram(name=name, settings=settings, tools=tools)


def _x(name: str, settings: XSettings, tools: Tools) -> Connector:
    from connectors.x.connector import X  # noqa: PLC0415 - only who reads X waits for tweepy

    return X(name=name, settings=settings, tools=tools)


REGISTRY: Final[Mapping[str, Kind]] = {
    "reddit": _kind(RedditSettings, _reddit, measure=(len, reddit_settings.LIMIT)),
    "replay": _kind(ReplaySettings, _replay, inspect_replay),
    "telegram": _kind(
        TelegramSettings, _telegram, measure=(telegram_text.length, telegram_text.LONGEST)
    ),
    "webchat": _kind(WebchatSettings, _webchat),
    "x": _kind(XSettings, _x, measure=(x_text.length, x_text.LIMIT)),
}
