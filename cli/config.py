"""Loads a configuration file with everything it refers to."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from cli.catalogue import shipped_catalogue
from connectors.registry import read_channels
from core.config import parse
from core.errors import ConfigError, Problem, collect
from core.settings import Section, Settings
from core.taxonomy import CATEGORIES, INTENTS, RISKS
from listeners.factory import build_understanding
from moderation.inbound import FLAGS
from responders.alerting.receivers.registry import read_receivers
from responders.answering.content import Content, read_content
from responders.answering.playbook import Vocabulary
from responders.texts import playbook_texts
from storage.factory import sqlite_path

VOCABULARY: Final = Vocabulary(
    intents=frozenset(INTENTS),
    categories=frozenset(CATEGORIES),
    risks=frozenset(RISKS),
    flags=FLAGS,
)
"""Names that the rules of a playbook may use in conditions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedConfig:
    """A configuration that was validated whole."""

    settings: Settings
    folder: Path
    """Base of relative paths."""
    channels: Mapping[str, Section]
    """Settings of each channel's connector, by the channel's name."""
    content: Content
    """Articles and playbook."""

    @property
    def store_url(self) -> str:
        path = sqlite_path(self.settings.store.url)
        return self.settings.store.url if path is None else f"sqlite:{self.folder / path}"


def load_config(
    file: Path, change: Callable[[Settings], Settings] = lambda settings: settings
) -> LoadedConfig:
    """Load ``file`` and what it refers to, with ``change`` applied to its settings.

    Raises ConfigError with every mistake found.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(key="--config", message=f"{file}: {error}", remedy="Name a TOML file.")
        raise ConfigError((problem,)) from error
    settings, folder = change(parse(text, os.environ)), file.resolve().parent
    vocabulary = replace(VOCABULARY, texts=playbook_texts(shipped_catalogue()))
    problems: list[Problem] = []
    channels = collect(lambda: read_channels(settings, folder), problems)
    content = collect(lambda: read_content(settings, folder, vocabulary), problems)
    collect(lambda: build_understanding(settings, folder), problems)
    collect(lambda: read_receivers(settings.alerts), problems)
    if channels is None or content is None or problems:
        raise ConfigError(tuple(problems))
    return LoadedConfig(settings=settings, folder=folder, channels=channels, content=content)
