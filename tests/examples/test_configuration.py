"""The example's configuration and playbook are valid, and fit each other."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from cli.catalogue import shipped_catalogue
from cli.settings_file import parse
from connectors.registry import REGISTRY
from core.errors import Problem
from core.model.events import Author, Event, EventKind
from core.settings import Settings
from core.taxonomy import CATEGORIES, INTENTS, RISKS
from listeners.matching.matcher import BrandMatcher
from responders.answering.playbook import Vocabulary, parse_playbook
from responders.texts import playbook_texts

FOLDER: Final = Path("examples/supermarket")


@pytest.fixture(scope="module")
def settings() -> Settings:
    return parse((FOLDER / "tingfeng.toml").read_text("utf-8"), {})


def test_paths_exist(settings: Settings) -> None:
    assert (FOLDER / settings.knowledge.folder).is_dir()
    assert (FOLDER / settings.playbook.file).is_file()
    assert settings.store.url == "sqlite:data/tingfeng.db"
    assert (settings.console.host, settings.console.port) == ("127.0.0.1", 8080)


def test_every_channel_can_be_started(settings: Settings) -> None:
    problems: list[Problem] = []
    for channel in settings.channels:
        kind = REGISTRY[channel.type]
        problems += kind.inspect(kind.settings.model_validate(channel.settings), FOLDER)
    assert problems == []
    assert [channel.type for channel in settings.channels] == ["webchat", "replay"]


def test_the_playbook_names_only_what_exists() -> None:
    vocabulary = Vocabulary(
        intents=frozenset(INTENTS),
        categories=frozenset(CATEGORIES),
        risks=frozenset(RISKS),
        brands=frozenset({"hejia"}),
        flags=frozenset({"spam", "abuse", "personal_data", "empty"}),
        texts=playbook_texts(shipped_catalogue()),
    )
    playbook = parse_playbook((FOLDER / "playbook.toml").read_text("utf-8"), vocabulary)
    assert playbook.rules[-1].name == "only-listen"


@pytest.mark.parametrize(
    ("text", "brands"),
    [
        ("禾家的面包真香", ("hejia",)),
        ("Hejia closes at ten", ("hejia",)),
        ("禾家超市招聘收银员", ()),
        ("嘉禾家园三期交房了", ()),
        ("青禾家居的沙发", ()),
        ("禾家村的油菜花", ()),
        ("和家人吃饭", ()),
        ("薄荷家的新裙子", ()),
        ("Hejian donkey burgers", ()),
    ],
)
def test_lookalikes_are_not_the_shop(
    settings: Settings, text: str, brands: tuple[str, ...]
) -> None:
    matcher = BrandMatcher(settings.brands, channel_brands={}, default=None)
    event = Event(
        channel="weibo",
        id="1",
        kind=EventKind.POST,
        author=Author(id="a"),
        text=text,
        posted_at=datetime(2025, 3, 3, tzinfo=UTC),
        conversation="1",
    )
    assert matcher.match(event) == brands
