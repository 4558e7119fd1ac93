"""Reads the configuration file, telling every mistake in it at once."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from core.errors import ConfigError, Problem
from core.settings import Settings

M = TypeVar("M", bound=BaseModel)
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def parse(text: str, environ: Mapping[str, str]) -> Settings:
    """Read a configuration; raises ConfigError with every mistake that was found.

    ``${NAME}`` in any string stands for the environment variable NAME.
    """
    try:
        tree: object = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = Problem(key="(file)", message=f"not TOML: {error}", remedy="Mend that line.")
        raise ConfigError((problem,)) from error
    problems: list[Problem] = []
    tree = _substitute(tree, environ, "", problems)
    settings = validate(Settings, tree, "", problems)
    if settings is not None:
        problems += _twice("brands", [brand.id for brand in settings.brands])
        problems += _twice("channels", [channel.name for channel in settings.channels])
        problems += _twice("staff", [one.telegram for one in settings.staff if one.telegram])
        problems += _strange_accounts(settings)
        problems += _unknown_brands(settings)
    if problems or settings is None:
        raise ConfigError(tuple(problems))
    return settings


def validate(model: type[M], data: object, prefix: str, problems: list[Problem]) -> M | None:
    """Validate a part of the tree, adding its mistakes to ``problems`` under ``prefix``."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for detail in error.errors(include_input=False, include_url=False):
            key = _dotted(prefix, detail["loc"])
            if detail["type"] == "extra_forbidden":
                message, remedy = "unknown key", _suggest(str(detail["loc"][-1]), model)
            elif detail["type"] == "missing":
                message, remedy = "is missing", "Add it."
            else:
                message, remedy = detail["msg"], "Correct the value."
            problems.append(Problem(key=key, message=message, remedy=remedy))
        return None


def _dotted(prefix: str, path: Iterable[str | int]) -> str:
    key = prefix
    for step in path:
        key += f"[{step}]" if isinstance(step, int) else f".{step}"
    return key.lstrip(".") or "(file)"


def _suggest(name: str, model: type[BaseModel]) -> str:
    known = _all_keys(model)
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return "Remove it, or see docs/reference/configuration.md for the keys there are."


def _all_keys(model: type[BaseModel]) -> set[str]:
    keys: set[str] = set()
    for name, info in model.model_fields.items():
        keys.add(name)
        for part in (info.annotation, *getattr(info.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                keys |= _all_keys(part)
    return keys


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
