"""Loads a configuration file with everything it refers to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from cli.catalogue import shipped_catalogue
from cli.settings_file import read_file
from connectors.registry import read_channels
from core.errors import ConfigError, Problem, collect
from core.settings import Section, Settings
from core.taxonomy import CATEGORIES, INTENTS, RISKS
from listeners.factory import build_understanding
from moderation.inbound import FLAGS
from responders.alerting.escalation import read_chain
from responders.alerting.receivers.registry import read_receivers
from responders.answering.content import Content, read_content
from responders.answering.playbook import Vocabulary
from responders.texts import playbook_texts
from storage.factory import require_store_url, sqlite_path

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
    reading = read_file(file)
    if reading.settings is None:
        raise ConfigError(reading.problems)
    settings, folder = change(reading.settings), file.resolve().parent
    vocabulary = replace(VOCABULARY, texts=playbook_texts(shipped_catalogue()))
    later: list[Problem] = []
    channels = collect(lambda: read_channels(settings, folder), later)
    content = collect(lambda: read_content(settings, folder, vocabulary), later)
    collect(lambda: build_understanding(settings, folder), later)
    collect(lambda: read_receivers(settings.alerts), later)
    collect(lambda: read_chain(settings.alerts, ()), later)
    collect(lambda: require_store_url(settings.store.url), later)
    problems = [*reading.problems, *(one for one in later if not reading.follows(one))]
    if channels is None or content is None or problems:
        raise ConfigError(tuple(problems))
    return LoadedConfig(settings=settings, folder=folder, channels=channels, content=content)
