"""Reads a configuration file alone, without what it refers to."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import ConfigError, Problem
from core.settings import Settings
from core.validation import StandIn, salvage, validate

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """The readable part of a file that may have mistakes."""

    settings: Settings | None
    """The valid part, with stand-ins for the rest; ``None`` where that is too little."""
    problems: tuple[Problem, ...]

    def follows(self, later: Problem) -> bool:
        """True for a mistake that another check finds only because of one of these."""
        keys = {problem.key for problem in self.problems}
        channel = _CHANNEL.match(later.key)
        return (
            later.key in keys
            or (channel is not None and f"{channel[0]}.type" in keys)
            or (later.key.endswith(".brand") and any(map(_BRAND_IDS.fullmatch, keys)))
        )


def parse(text: str, environ: Mapping[str, str]) -> Settings:
    """Read a configuration; raises ConfigError with every mistake that was found.

    ``${NAME}`` in any string stands for the environment variable NAME.
    """
    reading = read(text, environ)
    if reading.settings is None or reading.problems:
        raise ConfigError(reading.problems)
    return reading.settings


def read(text: str, environ: Mapping[str, str]) -> Reading:
    """As ``parse``, with what is valid of a file that has mistakes."""
    try:
        tree: object = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        problem = Problem(
            key="(file)",
            message=f"not TOML: {error}",
            remedy="Correct that line.",
        )
        return Reading(settings=None, problems=(problem,))
    unset: list[Problem] = []
    tree = _substitute(tree, environ, "", unset)
    invalid: list[Problem] = []
    settings = validate(Settings, tree, "", invalid)
    if settings is None:
        settings = salvage(Settings, tree, _STAND_INS)
    problems = [*unset, *(one for one in invalid if one.key not in {each.key for each in unset})]
    reading = Reading(settings=settings, problems=tuple(problems))
    contradictions = () if settings is None else _contradictions(settings)
    problems += (one for one in contradictions if not reading.follows(one))
    return Reading(settings=settings, problems=tuple(problems))


def _contradictions(settings: Settings) -> list[Problem]:
    """Mistakes that no single key shows."""
    return [
        *_twice("brands", [brand.id for brand in settings.brands]),
        *_twice("channels", [channel.name for channel in settings.channels]),
        *_twice("staff", [one.telegram for one in settings.staff if one.telegram]),
        *_strange_accounts(settings),
        *_unknown_brands(settings),
        *_open_address(settings.console.host),
    ]


_CHANNEL: Final = re.compile(r"channels\[\d+\]")
_BRAND_IDS: Final = re.compile(r"brands(\[\d+\](\.id)?)?")
_STAND_INS: Final[Mapping[tuple[str, ...], StandIn]] = {
    ("brands",): lambda _: [{"id": "brand-0", "name": "brand", "terms": ["brand"]}],
    ("brands", "id"): lambda place: f"brand-{place}",
    ("brands", "name"): lambda _: "brand",
    ("brands", "terms"): lambda _: ["brand"],
    ("channels",): lambda _: [{"name": "channel-0", "type": "webchat"}],
    ("channels", "name"): lambda place: f"channel-{place}",
    ("channels", "type"): lambda _: "webchat",
}
"""For the checks of everything else while a key without a default is missing or invalid."""


def _substitute(
    value: object, environ: Mapping[str, str], key: str, problems: list[Problem]
) -> object:
    if isinstance(value, dict):
        return {
            name: _substitute(part, environ, f"{key}.{name}".lstrip("."), problems)
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [
            _substitute(part, environ, f"{key}[{index}]", problems)
            for index, part in enumerate(value)
        ]
    if not isinstance(value, str):
        return value
    problems.extend(
        Problem(
            key=key,
            message=f"the environment variable {name} is not set",
            remedy=f"Set {name} before the start.",
        )
        for name in _VARIABLE.findall(value)
        if name not in environ
    )
    return _VARIABLE.sub(lambda found: environ.get(found[1], ""), value)


def _strange_accounts(settings: Settings) -> list[Problem]:
    """Accounts of brands that are on no channel."""
    channels = [channel.name for channel in settings.channels]
    return [
        Problem(
            key=f"brands[{place}].accounts[{index}]",
            message=f"{account!r} names no channel and account",
            remedy=f"Write CHANNEL:AUTHOR_ID, with one of the channels {', '.join(channels)}.",
        )
        for place, brand in enumerate(settings.brands)
        for index, account in enumerate(brand.accounts)
        if account.partition(":")[0] not in channels or not account.partition(":")[2]
    ]


def _unknown_brands(settings: Settings) -> list[Problem]:
    """Brands of channels that are not configured."""
    brands = [brand.id for brand in settings.brands]
    return [
        Problem(
            key=f"channels[{index}].brand",
            message=f"there is no brand {channel.brand!r}",
            remedy=f"Choose one of: {', '.join(brands)}.",
        )
        for index, channel in enumerate(settings.channels)
        if channel.brand is not None and channel.brand not in brands
    ]


def _open_address(host: str) -> list[Problem]:
    """A host that stands for every address of the machine."""
    if host.strip() and not _EVERY_ADDRESS.fullmatch(host.strip().strip("[]")):
        return []
    return [
        Problem(
            key="console.host",
            message=f"{host!r} opens every network address of the machine",
            remedy='Write host = "127.0.0.1"; for people elsewhere see '
            "docs/how-to/deploy.md (SSH, proxy).",
        )
    ]


_EVERY_ADDRESS: Final = re.compile(
    r"\*|(0x0+|0+)(\.(0x0+|0+)){0,3}|[0:]*:[0:]*(ffff:)?(0+\.0+\.0+\.0+)?(%.*)?", re.IGNORECASE
)
"""``0.0.0.0`` and ``::`` in any spelling that a socket takes."""


def _twice(key: str, names: list[str]) -> list[Problem]:
    return [
        Problem(
            key=f"{key}[{index}]",
            message=f"{name!r} is used twice",
            remedy="Give each its own.",
        )
        for index, name in enumerate(names)
        if name in names[:index]
    ]


def load_settings(file: Path) -> Settings:
    """The settings in ``file``; raises ConfigError with every mistake in it.

    What they mean to the parts is not checked: for commands that need few of them.
    """
    reading = read_file(file)
    if reading.settings is None or reading.problems:
        raise ConfigError(reading.problems)
    return reading.settings


def read_file(file: Path) -> Reading:
    """The settings in ``file`` with its mistakes; raises ConfigError where it cannot be read."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(f"{file} is not in UTF-8", "Save it as UTF-8.") from error
    except OSError as error:
        raise _unreadable(
            f"{file} cannot be opened ({error.strerror})",
            "Name a TOML file.",
        ) from error
    return read(text, os.environ)


def _unreadable(message: str, remedy: str) -> ConfigError:
    return ConfigError((Problem(key="--config", message=message, remedy=remedy),))
