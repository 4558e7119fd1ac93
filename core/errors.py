"""Everything that can go wrong, as one tree. The message is for the person who can mend it.

TingfengError
├── ConfigError        the configuration has mistakes: all of them, each with its remedy
├── InputError         one piece of input cannot be read
├── StoreError         the store cannot do what was asked
│   ├── StoreLocked    another process holds it
│   ├── StoreFull      no room: nothing was stored
│   ├── StoreReadOnly  the data folder cannot be written
│   ├── SchemaTooNew   written by a newer version
│   └── Conflict       somebody else changed the record first
└── ConnectorError     a platform did not do what was asked
    ├── Unavailable    try again later; ``retry_after`` in seconds where the platform says
    └── Refused        it will not work until a person changes something
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

R = TypeVar("R")


class TingfengError(Exception):
    """Base of all errors that are shown to a person without a traceback."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One mistake in a configuration."""

    key: str
    """Dotted path: ``channels[0].type``."""
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}. {self.remedy}"


class ConfigError(TingfengError):
    """The configuration has mistakes; ``problems`` holds all that were found."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def collect(read: Callable[[], R], problems: list[Problem]) -> R | None:
    """The result of ``read``; ``None``, with its mistakes added to ``problems``, if it has any."""
    try:
        return read()
    except ConfigError as error:
        problems += error.problems
        return None


class InputError(TingfengError):
    """One piece of input cannot be read; the rest is not concerned."""


class StoreError(TingfengError):
    """The store cannot do what was asked."""


class StoreLocked(StoreError):
    """Another process holds the store."""


class StoreFull(StoreError):
    """There is no room; nothing of the call was stored."""


class StoreReadOnly(StoreError):
    """The data folder cannot be written."""


class SchemaTooNew(StoreError):
    """The data was written by a newer version of Tingfeng."""


class Conflict(StoreError):
    """Somebody else changed the record first; read it again."""


class ConnectorError(TingfengError):
    """A platform did not do what was asked."""


class Unavailable(ConnectorError):
    """The platform does not answer or asks to wait."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(ConnectorError):
    """The platform refuses until a person changes something; ``remedy`` says what."""

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(f"{message}. {remedy}")
        self.remedy = remedy
