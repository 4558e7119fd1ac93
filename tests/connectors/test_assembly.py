"""Channels of a configuration: every mistake at once, and what passes is built."""

from pathlib import Path

import pytest

from cli.settings_file import parse
from connectors.registry import build_channels, measures_of, read_channels
from connectors.replay.settings import ReplaySettings, read_feed
from core.errors import ConfigError
from core.settings import Settings
from tests.connectors.support import ConnectorKit

BRAND = '[[brands]]\nid = "fresh"\nname = "Fresh"\nterms = ["Fresh"]\n'


def settings(channels: str) -> Settings:
    return parse(BRAND + channels, {})


async def test_channels_are_built_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "week.jsonl").touch()
    chosen = settings(
        '[[channels]]\nname = "site"\ntype = "webchat"\n'
        '[[channels]]\nname = "week"\ntype = "replay"\nfile = "week.jsonl"\n'
    )
    channels = read_channels(chosen, tmp_path)
    built = build_channels(chosen, channels, ConnectorKit(folder=tmp_path).context)
    assert [connector.name for connector in built] == ["site", "week"]
    for connector in built:
        await connector.close()


def test_every_mistake_is_named_with_its_key(tmp_path: Path) -> None:
    chosen = settings(
        '[[channels]]\nname = "a"\ntype = "pigeon"\n'
        '[[channels]]\nname = "b"\ntype = "replay"\nfile = "none.jsonl"\n'
        '[[channels]]\nname = "c"\ntype = "webchat"\nbrust = 5\n'
    )
    with pytest.raises(ConfigError) as caught:
        read_channels(chosen, tmp_path)
    keys = [problem.key for problem in caught.value.problems]
    assert keys == ["channels[0].type", "channels[1].file", "channels[2].brust"]
    assert "webchat" in caught.value.problems[0].remedy
    assert "burst" in caught.value.problems[2].remedy


@pytest.mark.parametrize(("speed", "expected"), [("max", "max"), ("60", 60.0), ("0.5", 0.5)])
def test_a_feed_is_played_at_a_speed(tmp_path: Path, speed: str, expected: float | str) -> None:
    file = tmp_path / "week.jsonl"
    file.touch()
    feed = read_feed(file, speed, tmp_path / "out.jsonl")
    assert isinstance(feed, ReplaySettings)
    assert (feed.file, feed.speed) == (str(file), expected)
    assert feed.replies == str(tmp_path / "out.jsonl")


@pytest.mark.parametrize(("name", "speed"), [("week", "fast"), ("week", "0"), ("none", "max")])
def test_a_feed_that_cannot_be_played_is_named(tmp_path: Path, name: str, speed: str) -> None:
    (tmp_path / "week").touch()
    with pytest.raises(ConfigError):
        read_feed(tmp_path / name, speed, None)


def test_each_channel_tells_how_it_counts() -> None:
    chosen = settings(
        '[[channels]]\nname = "site"\ntype = "webchat"\n'
        '[[channels]]\nname = "birds"\ntype = "x"\n'
        '[[channels]]\nname = "tg"\ntype = "telegram"\n'
    )
    measures = measures_of(chosen)
    assert set(measures) == {"birds", "tg"}
    count, most = measures["birds"]
    assert (count("听风 https://a.example/" + "x" * 99), most) == (28, 280)
    count, most = measures["tg"]
    assert (count("𠮷"), most) == (2, 4 * 4096)
