"""Reads single fields of a JSON object; every error names the field and the remedy."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from core.errors import InputError

JsonObject = Mapping[str, object]

_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_LONGEST_ID: Final = 512
_LARGEST: Final = 2**63 - 1
_TIME_REMEDY: Final = (
    'Write ISO 8601 such as "2026-03-01T08:30:00+08:00", or seconds since 1970, not milliseconds.'
)
_DATE: Final = re.compile(r"\d{4}-?\d{2}-?\d{2}(?:[T ].+)?")


def text_field(data: JsonObject, name: str, *, default: str | None = None) -> str:
    """Read a string of any content; with a default, ``null`` counts as missing."""
    value = data.get(name)
    if value is None and default is not None:
        return default
    if name not in data:
        raise missing(name)
    if not isinstance(value, str):
        raise wrong(name, "a string", value)
    return value


def id_field(data: JsonObject, name: str) -> str | None:
    """Read a platform's id, a non-empty string or an integer, as a string; ``None`` if missing."""
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise wrong(name, "a string or a whole number", value)
    if not value.strip():
        raise InputError(f'"{name}" is empty. Give the platform\'s id.')
    if len(value) > _LONGEST_ID:
        raise InputError(
            f'"{name}" has {len(value)} characters. Shorten it to {_LONGEST_ID} or fewer.'
        )
    return value


def required_id(data: JsonObject, name: str, shown: str) -> str:
    """Read an id that must be there; ``shown`` is its path in errors, such as ``author.id``."""
    value = id_field(data, name)
    if value is None:
        raise missing(shown)
    return value


def object_field(data: JsonObject, name: str) -> JsonObject | None:
    """Read a JSON object; ``None`` if it is missing or null."""
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise wrong(name, "an object", value)
    return value


def flag_field(data: JsonObject, name: str, *, default: bool) -> bool:
    """Read a boolean; the default if it is missing or null."""
    value = data.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise wrong(name, "true or false", value)
    return value


def count_field(
    data: JsonObject, names: Iterable[str], shown: str, *, least: int = 0
) -> int | None:
    """Read the first of ``names`` that is present as an integer; ``None`` if none is.

    Raises InputError, with ``shown`` as the field's name, outside ``least`` to 2**63 - 1.
    """
    for name in names:
        value = data.get(name)
        if value is None:
            continue
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong(shown, "a whole number", value)
        if not least <= value <= _LARGEST:
            raise InputError(
                f'"{shown}" is {brief(value)}. Give a number from {least} to 2^63 - 1.'
            )
        return value
    return None


def names_field(data: JsonObject, name: str) -> tuple[str, ...]:
    """Read a list of strings; empty if it is missing or null."""
    value = data.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise wrong(name, "a list of strings", value)
    found = tuple(item for item in value if isinstance(item, str))
    if len(found) != len(value):
        raise wrong(name, "a list of strings", value)
    return found


def time_field(data: JsonObject, name: str) -> datetime:
    """Read ISO 8601 (UTC if it has no offset) or seconds since 1970; returns the time in UTC."""
    if data.get(name) is None:
        raise missing(name)
    value = data[name]
    try:
        if isinstance(value, str) and _DATE.fullmatch(value.strip()):
            moment = datetime.fromisoformat(value.strip())
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            moment = datetime.fromtimestamp(value, UTC)
        else:
            raise InputError(f'"{name}" is {brief(value)}, which is not a time. {_TIME_REMEDY}')
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(
            f'"{name}" is {brief(value)}, which is not a time. {_TIME_REMEDY}'
        ) from error
    if not _EARLIEST <= moment < _LATEST:
        raise InputError(
            f'"{name}" is {brief(value)}, which is not between 1970 and 2200. {_TIME_REMEDY}'
        )
    return moment


def missing(name: str) -> InputError:
    """The error for a required field that is missing."""
    return InputError(f'"{name}" is missing. Add it.')


def wrong(name: str, expected: str, value: object) -> InputError:
    """The error for a value of the wrong type."""
    return InputError(f'"{name}" is {brief(value)}. It must be {expected}.')


def brief(value: object) -> str:
    """Render a value in one short line of printable ASCII."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case dict():
            return "an object"
        case list():
            return "a list"
    shown = ascii(value)
    return shown if len(shown) <= 40 else f"{shown[:37]}..."
