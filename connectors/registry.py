"""The connector types: each with its settings, its builder and its limit on replies.

``REGISTRY`` is a literal: adding a type is adding an entry. Settings live in modules that import
little; a platform's library is imported only when a channel of its type is built, since aiogram
alone takes seconds to import.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

from connectors.context import ConnectorContext
from connectors.reddit.settings import MAX_REDDIT_TEXT, RedditSettings
from connectors.replay.connector import Replay
from connectors.replay.settings import ReplaySettings, inspect_replay
from connectors.telegram import text as telegram_text
from connectors.telegram.settings import TelegramSettings
from connectors.webchat.connector import Webchat
from connectors.webchat.settings import WebchatSettings
from connectors.x import text as x_text
from connectors.x.settings import XSettings
from core.connector import Connector
from core.errors import ConfigError, Problem
from core.settings import ChannelSettings, Section, Settings
from core.validation import salvage, validate

S = TypeVar("S", bound=Section)

TextMeasure = tuple[Callable[[str], int], int]
"""The platform's way to count a text, and the most that one reply may count."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectorType:
    """One type of connector."""

    settings: type[Section]
    """Model of the channel's keys besides ``name``, ``type`` and ``brand``."""
    build: Callable[[str, Section, ConnectorContext], Connector]
    """Makes a connector from the channel's name, settings and context; opens no connection."""
    inspect: Callable[[Section, Path], tuple[Problem, ...]]
    """Finds what would fail at the start in spite of valid settings; reads files at most.

    Relative paths start at the given folder; the keys of problems are those of the settings.
    """
    measure: TextMeasure | None = None
    """``None`` where the platform does not limit the length of a reply."""


def _type(
    settings: type[S],
    build: Callable[[str, S, ConnectorContext], Connector],
    inspect: Callable[[S, Path], tuple[Problem, ...]] = lambda _settings, _folder: (),
    measure: TextMeasure | None = None,
) -> ConnectorType:
    def own(given: Section) -> S:
        if not isinstance(given, settings):
            raise TypeError(f"{settings.__name__} expected, not {type(given).__name__}")
        return given

    return ConnectorType(
        settings=settings,
        build=lambda name, given, context: build(name, own(given), context),
        inspect=lambda given, folder: inspect(own(given), folder),
        measure=measure,
    )


def _webchat(name: str, settings: WebchatSettings, context: ConnectorContext) -> Connector:
    return Webchat(
        name=name, settings=settings, intake=context.intake, clock=context.clock, bus=context.bus
    )


def _replay(name: str, settings: ReplaySettings, context: ConnectorContext) -> Connector:
    return Replay(name=name, settings=settings, clock=context.clock, folder=context.folder)


def _reddit(name: str, settings: RedditSettings, context: ConnectorContext) -> Connector:
    from connectors.reddit.connector import Reddit  # noqa: PLC0415 - imports praw

    return Reddit(name=name, settings=settings, context=context)


def _telegram(name: str, settings: TelegramSettings, context: ConnectorContext) -> Connector:
    from connectors.telegram.connector import Telegram  # noqa: PLC0415 - imports aiogram

    return Telegram(name=name, settings=settings, context=context)


def _x(name: str, settings: XSettings, context: ConnectorContext) -> Connector:
    from connectors.x.connector import X  # noqa: PLC0415 - imports tweepy

    return X(name=name, settings=settings, context=context)


REGISTRY: Final[Mapping[str, ConnectorType]] = {
    "reddit": _type(RedditSettings, _reddit, measure=(len, MAX_REDDIT_TEXT)),
    "replay": _type(ReplaySettings, _replay, inspect_replay),
    "telegram": _type(
        TelegramSettings, _telegram, measure=(telegram_text.length, telegram_text.MAX_REPLY)
    ),
    "webchat": _type(WebchatSettings, _webchat),
    "x": _type(XSettings, _x, measure=(x_text.length, x_text.MAX_POST)),
}


def read_channels(settings: Settings, folder: Path) -> Mapping[str, Section]:
    """Validate the connector settings of every channel; returns them by channel name.

    Args:
        settings: the whole configuration.
        folder: relative paths in the settings start here.

    Raises:
        ConfigError: with every mistake in all channels.
    """
    problems: list[Problem] = []
    channels: dict[str, Section] = {}
    for index, channel in enumerate(settings.channels):
        key = f"channels[{index}]"
        connector_type = REGISTRY.get(channel.type)
        if connector_type is None:
            problems.append(
                Problem(
                    key=f"{key}.type",
                    message=f"没有这种渠道 there is no connector {channel.type!r}",
                    remedy=f"可以选 Choose one of: {', '.join(sorted(REGISTRY))}.",
                )
            )
            continue
        own = validate(
            connector_type.settings,
            channel.settings,
            key,
            problems,
            also=ChannelSettings.model_fields,
        )
        if own is not None:
            channels[channel.name] = own
        problems += _inspected(connector_type, own, channel, key, folder)
    if problems:
        raise ConfigError(tuple(problems))
    return channels


def _inspected(
    connector_type: ConnectorType,
    own: Section | None,
    channel: ChannelSettings,
    key: str,
    folder: Path,
) -> list[Problem]:
    """What would fail at the start, of all settings of a channel or of those that are valid."""
    usable = own or salvage(connector_type.settings, channel.settings)
    return [
        Problem(key=f"{key}.{found.key}", message=found.message, remedy=found.remedy)
        for found in (connector_type.inspect(usable, folder) if usable is not None else ())
    ]


def build_channels(
    settings: Settings, channels: Mapping[str, Section], context: ConnectorContext
) -> list[Connector]:
    """Build one connector per channel, in the order of the configuration; opens no connection."""
    return [
        REGISTRY[channel.type].build(
            channel.name,
            channels[channel.name],
            replace(context, accounts=_accounts(settings, channel.name)),
        )
        for channel in settings.channels
    ]


def _accounts(settings: Settings, channel: str) -> frozenset[str]:
    """Ids of the brands' own accounts on a channel."""
    accounts = (one.partition(":") for brand in settings.brands for one in brand.accounts)
    return frozenset(author for name, _, author in accounts if name == channel)


def measures_of(settings: Settings) -> Mapping[str, TextMeasure]:
    """The text measure by channel name, for channels that limit the length of a reply."""
    measures = {one.name: REGISTRY[one.type].measure for one in settings.channels}
    return {name: measure for name, measure in measures.items() if measure is not None}
