"""Programs among authors: known by names, texts and the configuration."""

from dataclasses import replace
from pathlib import Path

import pytest

from cli.settings_file import parse
from connectors.context import ConnectorContext
from connectors.registry import REGISTRY, build_channels, read_channels
from connectors.voices import KnownVoices, declares_bot, is_bot_name
from connectors.webchat.connector import Webchat
from connectors.webchat.settings import WebchatSettings
from core.clock import SystemClock
from core.connector import Connector
from core.model.events import Author, AuthorKind, unheard
from core.runtime.bus import Bus
from core.settings import Section
from tests.connectors.support import ConnectorKit, MemoryIntake

BOT_NAMES = [
    "AutoModerator",
    "RemindMeBot",
    "GifReversingBot",
    "HaikuBot2",
    "sub-bot",
    "weather_bot",
    "Weather_BOT",
    "price.bot",
    "bot_of_things",
    "bot-9000",
    "天气机器人",
    "xBOT",
]
PERSONS_NAMES = [
    "xiao_wang",
    "Talbot",
    "Abbot",
    "TALBOT",
    "robot_lover",
    "iRobot",
    "Botanist",
    "botany_fan",
    "not_a_bot",
    "IAmNotABot",
    "definitely-not-a-robot",
    "B0tRank",
    "",
    "机器人爱好者",
]


@pytest.mark.parametrize("name", BOT_NAMES)
def test_names_of_programs(name: str) -> None:
    assert is_bot_name(name)


@pytest.mark.parametrize("name", PERSONS_NAMES)
def test_names_of_persons(name: str) -> None:
    assert not is_bot_name(name)


@pytest.mark.parametrize(
    "text",
    [
        "Your post was filed. I am a bot, and this action was performed automatically.",
        "Here is your summary.\n\n*I'm a bot* | contact my creator",
        "beep boop, I am a bot",
        "Done. ^(I am a bot)",
        "^I ^am ^a bot",
        "[answer] ^(beep, this robot can be called with !help)",
        "This comment was posted automatically. Questions? Write to the moderators.",
        "Automated account run by @maker, feedback welcome",
        "我是机器人，问题请反馈给作者",
        "我是一个自动机器人，每天自动发送天气",
        "早报\n本消息由系统自动发送，请勿回复",
        "本账号自动推送新闻",
    ],
)
def test_texts_of_programs(text: str) -> None:
    assert declares_bot(text)


@pytest.mark.parametrize(
    "text",
    [
        "are you a bot? I want to talk to a person",
        "Your bot is useless, let me contact a manager",
        "I am not a bot, please contact me",
        "I am a bot lover lol",
        "^(not a bot, just bored)",
        "你们这个机器人自动回复太烂了",
        "这条回复是机器人自动回复的吧？太敷衍",
        "我是一个机器人吗？你们自动回复我三遍了",
        "我收到好几条自动发送的消息，烦死了",
        "机器人客服根本不解决问题",
        "The automated checkout is broken again",
        "",
    ],
)
def test_texts_of_persons_who_speak_of_programs(text: str) -> None:
    assert not declares_bot(text)


def test_named_accounts_are_known_however_they_are_written() -> None:
    voices = KnownVoices.named(own=["@Hejia_CS", "/u/Shop", "u/Shop2", "12345"], bots=["Feed"])
    assert [voices.kind_of(name) for name in ("hejia_cs", "SHOP", "shop2", "12345", "@feed")] == [
        "own",
        "own",
        "own",
        "own",
        "bot",
    ]
    assert voices.kind_of("someone", "", "shop") == "own"
    assert voices.kind_of("someone") is None
    assert voices.kind_of("") is None


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("person", None),
        ("own", "own_voice"),
        ("bot", "automated"),
        ("platform", "automated"),
        ("moderator", "automated"),
    ],
)
def test_why_a_voice_is_not_heard(kind: AuthorKind, reason: str | None) -> None:
    assert unheard(Author(id="1", kind=kind)) == reason


CONFIG = """
[[brands]]
id = "hejia"
name = "禾家超市"
terms = ["禾家"]
accounts = ["reddit:Hejia_CS", "tg:-100999", "reddit:12", "chat:5"]

[[brands]]
id = "other"
name = "佳乐"
terms = ["佳乐"]
accounts = ["reddit:Jiale_CS"]

[[channels]]
name = "reddit"
type = "reddit"
client_id = "id"
client_secret = "secret"
username = "shop_bot"
password = "pass"

[[channels]]
name = "tg"
type = "telegram"
token = "1:a"

[[channels]]
name = "chat"
type = "webchat"
"""


def test_each_connector_knows_the_brands_accounts_on_its_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, frozenset[str]] = {}
    settings = parse(CONFIG, {})
    channels = read_channels(settings, tmp_path)
    silent = Webchat(
        name="x",
        settings=WebchatSettings(),
        intake=MemoryIntake(),
        clock=SystemClock(),
        bus=Bus(),
    )

    def noted(name: str, _given: Section, context: ConnectorContext) -> Connector:
        seen[name] = context.accounts
        return silent

    known = {name: replace(kind, build=noted) for name, kind in REGISTRY.items()}
    monkeypatch.setattr("connectors.registry.REGISTRY", known)
    build_channels(settings, channels, ConnectorKit(folder=tmp_path).context)
    assert seen["reddit"] == {"Hejia_CS", "12", "Jiale_CS"}
    assert seen["tg"] == {"-100999"}
    assert seen["chat"] == {"5"}
