"""Telegram updates as events: author, conversation, attachments."""

from datetime import UTC, datetime

import pytest
from aiogram.types import Update

from connectors.telegram.events import event_of
from connectors.telegram.identity import BotIdentity
from core.model.events import Author, Event, EventKind
from tests.connectors.support import START
from tests.connectors.telegram.messages import GROUP, USER, told

CHANNEL = {"id": -100300, "type": "channel", "title": "Shop news", "username": "shop_news"}


def test_a_private_message() -> None:
    assert told(text="你们几点关门?") == Event(
        channel="tg",
        id="7:5",
        kind=EventKind.MESSAGE,
        author=Author(id="7", name="小 王"),
        text="你们几点关门?",
        posted_at=datetime(2026, 3, 1, 8, 0, tzinfo=UTC),
        conversation="7",
        solicited=True,
    )
    assert told(text="x").posted_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("code", "language"),
    [("zh-hans", "zh"), ("ZH", "zh"), ("en-GB", "en"), ("fr", "other"), (None, None)],
)
def test_the_language_of_the_author_s_account(code: str | None, language: str | None) -> None:
    assert (
        told(text="/start", **{"from": USER | {"language_code": code}}).author.language == language
    )


def test_a_message_in_a_group_is_public_and_one_conversation_for_each_author() -> None:
    event = told(chat=GROUP, text="面包发霉了")
    assert (event.id, event.kind, event.solicited) == ("-100200:5", EventKind.POST, False)
    assert event.conversation == "-100200:7"
    assert event.url == "https://t.me/neighbours/5"


def test_a_topic_of_a_forum_is_part_of_the_conversation() -> None:
    event = told(chat=GROUP, text="x", is_topic_message=True, message_thread_id=12)
    assert event.conversation == "-100200/12:7"


@pytest.mark.parametrize(
    ("text", "solicited"),
    [
        ("@shop_bot 几点关门", True),
        ("问一下@SHOP_BOT几点关门", True),
        ("@shop_bot_2 hello", False),
        ("me@shop_bot.example", False),
        ("shop_bot", False),
        ("/human", True),
        ("/status T-123", True),
        ("/status@other_bot T-123", False),
        ("/statusquo", False),
        ("/weather", False),
        ("see /human", False),
    ],
)
def test_in_public_the_bot_is_spoken_to_by_name_or_command(text: str, solicited: bool) -> None:
    assert told(chat=GROUP, text=text).solicited is solicited


def test_a_command_loses_our_own_name_only() -> None:
    assert told(text="/status@Shop_Bot T-123").text == "/status T-123"
    assert told(chat=GROUP, text="/lang@shop_bot en").solicited
    assert told(text="/status@other_bot T-123").text == "/status@other_bot T-123"
    assert told(text="mail@shop_bot").text == "mail@shop_bot"


def test_an_answer_to_the_bot_is_addressed_to_it() -> None:
    bot = {"id": 4242, "is_bot": True, "first_name": "Shop"}
    ours = {"message_id": 4, "date": 1772352000, "chat": GROUP, "from": bot, "text": "hi"}
    theirs = ours | {"from": USER | {"id": 8}}
    event = told(chat=GROUP, text="thanks", reply_to_message=ours)
    assert (event.kind, event.reply_to, event.solicited) == (
        EventKind.COMMENT,
        "-100200:4",
        True,
    )
    assert told(chat=GROUP, text="no", reply_to_message=theirs).solicited is False


def test_a_mention_without_a_user_name_counts() -> None:
    entity = {"type": "text_mention", "offset": 0, "length": 1, "user": {**USER, "id": 4242}}
    assert told(chat=GROUP, text="店", entities=[entity]).solicited
    assert told(chat=GROUP, caption="店", caption_entities=[entity], photo=[]).solicited
    other = entity | {"user": USER}
    assert not told(chat=GROUP, text="店", entities=[other]).solicited


def test_a_bot_without_a_user_name_is_never_mentioned_by_it() -> None:
    update = Update.model_validate(
        {
            "update_id": 1,
            "message": {
                "message_id": 5,
                "date": 1772352000,
                "chat": GROUP,
                "from": USER,
                "text": "@ hello",
            },
        }
    )
    event = event_of(update, BotIdentity(id=1, username=""), channel="tg", now=START)
    assert event is not None
    assert not event.solicited


def test_a_channels_post_and_its_copy_in_the_discussion_are_one_event() -> None:
    post = told(
        kind="channel_post", chat=CHANNEL, sender_chat=CHANNEL, text="新品", **{"from": ...}
    )
    origin = {"type": "channel", "date": 1772352000, "chat": CHANNEL, "message_id": 5}
    copy = told(
        chat=GROUP,
        message_id=77,
        sender_chat=CHANNEL,
        is_automatic_forward=True,
        forward_origin=origin,
        text="新品",
        **{"from": USER | {"id": 777000}},
    )
    assert (post.id, post.kind, post.author.name) == ("-100300:5", EventKind.POST, "Shop news")
    assert (copy.id, copy.conversation, copy.author) == (post.id, post.conversation, post.author)
    assert post.url == "https://t.me/shop_news/5"


def test_a_comment_answers_the_channels_post() -> None:
    copy = {
        "message_id": 77,
        "date": 1772352000,
        "chat": GROUP,
        "sender_chat": CHANNEL,
        "is_automatic_forward": True,
        "forward_origin": {
            "type": "channel",
            "date": 1772352000,
            "chat": CHANNEL,
            "message_id": 5,
        },
        "text": "新品",
    }
    event = told(chat=GROUP, message_id=78, text="发霉了", reply_to_message=copy)
    assert (event.kind, event.reply_to) == (EventKind.COMMENT, "-100300:5")
    assert (event.id, event.conversation) == ("-100200:78", "-100200:7")


def test_what_a_person_forwards_is_their_own_message() -> None:
    origin = {"type": "channel", "date": 1772352000, "chat": CHANNEL, "message_id": 5}
    assert told(chat=GROUP, text="看", forward_origin=origin).id == "-100200:5"


def test_a_post_without_an_author_is_the_chats() -> None:
    assert told(kind="channel_post", chat=CHANNEL, text="x", **{"from": ...}).author.id == "-100300"


def test_edits_are_revisions_in_the_order_of_their_making() -> None:
    first = told(kind="edited_message", text="v2", edit_date=1772352060, update_id=1001)
    second = told(kind="edited_message", text="v3", edit_date=1772352060, update_id=1002)
    later = told(kind="edited_channel_post", chat=CHANNEL, text="v4", edit_date=1772352061)
    assert first.id == "7:5"
    assert first.kind is later.kind is EventKind.EDIT
    assert first.posted_at == datetime(2026, 3, 1, 8, 1, tzinfo=UTC)
    assert 0 < first.revision < second.revision < later.revision


def test_an_edit_of_a_private_message_stays_private() -> None:
    assert not told(kind="edited_message", text="v2").public
    assert told(kind="edited_channel_post", chat=CHANNEL, text="v2").public


def test_an_edit_without_its_date_is_as_old_as_the_message() -> None:
    assert told(kind="edited_message", text="v2").posted_at == datetime(
        2026, 3, 1, 8, 0, tzinfo=UTC
    )


FILE = {"file_id": "F1", "file_unique_id": "U1"}
