"""Reads a configuration file alone, without what it refers to."""

import os
from pathlib import Path

from core.config import Reading, read
from core.errors import ConfigError, Problem
from core.settings import Settings


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
