"""Loads a configuration file with everything it refers to."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from cli.catalogue import shipped_catalogue
from connectors.registry import read_channels
from core.config import read
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
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(
            f"{file} 不是 UTF-8 编码 is not in UTF-8", "请另存为 UTF-8 Save it as UTF-8."
        ) from error
    except OSError as error:
        raise _unreadable(
            f"{file} 打不开 cannot be opened ({error.strerror})",
            "请指定一个 TOML 文件 Name a TOML file.",
        ) from error
    reading = read(text, os.environ)
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


def _unreadable(message: str, remedy: str) -> ConfigError:
    return ConfigError((Problem(key="--config", message=message, remedy=remedy),))
