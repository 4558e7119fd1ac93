"""What Telegram's updates mean: who spoke to whom, where, and what was attached."""

from datetime import UTC, datetime

import pytest
from aiogram.types import Update

from connectors.telegram_events import Me, Place, chat_of, event_of, place_of
from core.types import Author, Event, EventKind
from tests.connectors.support import START

ME = Me(id=4242, username="shop_bot")
USER = {"id": 7, "is_bot": False, "first_name": "小", "last_name": "王"}
PRIVATE = {"id": 7, "type": "private", "first_name": "小"}
GROUP = {"id": -100200, "type": "supergroup", "title": "邻居群", "username": "neighbours"}
CHANNEL = {"id": -100300, "type": "channel", "title": "Shop news", "username": "shop_news"}


def read(**message: object) -> Event | None:
    """The event of a message, private unless said otherwise; ``kind`` is the kind of update."""
    kind = str(message.pop("kind", "message"))
    number = message.pop("update_id", 1000)
    whole = {"message_id": 5, "date": 1772352000, "chat": PRIVATE, "from": USER} | message
    kept = {name: value for name, value in whole.items() if value is not ...}
    update = Update.model_validate({"update_id": number, kind: kept})
    return event_of(update, ME, channel="tg", now=START)


def told(**message: object) -> Event:
    event = read(**message)
    assert event is not None
    return event


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
    event = event_of(update, Me(id=1, username=""), channel="tg", now=START)
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
SIZED = FILE | {"width": 1, "height": 1, "duration": 1}


@pytest.mark.parametrize(
    ("content", "text", "media"),
    [
        ({"photo": [{**SIZED, "file_id": "small"}, SIZED]}, "🖼", ("F1",)),
        ({"photo": [SIZED], "caption": "发霉了"}, "发霉了", ("F1",)),
        ({"document": {**FILE, "file_name": "发票.pdf"}}, "📎 发票.pdf", ("F1",)),
        ({"document": FILE}, "📎", ("F1",)),
        ({"animation": SIZED, "document": FILE}, "🎞", ("F1",)),
        ({"video": SIZED}, "🎬", ("F1",)),
        ({"video_note": SIZED | {"length": 1}}, "🎬", ("F1",)),
        ({"voice": SIZED}, "🎤", ("F1",)),
        ({"audio": SIZED}, "🎵", ("F1",)),
        (
            {
                "sticker": SIZED
                | {"type": "regular", "is_animated": False, "is_video": False, "emoji": "😡"}
            },
            "😡",
            ("F1",),
        ),
        (
            {"sticker": SIZED | {"type": "regular", "is_animated": False, "is_video": False}},
            "🖼",
            ("F1",),
        ),
        ({"location": {"latitude": 31.2, "longitude": 121.5}}, "📍 31.2, 121.5", ()),
        (
            {
                "venue": {
                    "location": {"latitude": 31.2, "longitude": 121.5},
                    "title": "店",
                    "address": "路 1",
                },
                "location": {"latitude": 31.2, "longitude": 121.5},
            },
            "📍 店, 路 1",
            (),
        ),
        ({"contact": {"phone_number": "1", "first_name": "x"}}, "👤", ()),
        ({"dice": {"emoji": "🎲", "value": 3}}, "🎲", ()),
    ],
)
def test_attachments_are_signs_without_a_language_with_their_ids(
    content: dict[str, object], text: str, media: tuple[str, ...]
) -> None:
    event = told(**content)
    assert (event.text, event.media) == (text, media)


@pytest.mark.parametrize(
    "content",
    [
        {"new_chat_members": [USER]},
        {"left_chat_member": USER},
        {"new_chat_title": "x"},
        {"migrate_to_chat_id": -5},
    ],
)
def test_what_nobody_said_is_no_event(content: dict[str, object]) -> None:
    assert read(chat=GROUP, **content) is None


def button(**changes: object) -> Update:
    query: dict[str, object] = {
        "id": "q1",
        "from": USER,
        "chat_instance": "1",
        "data": "rate:5",
        "message": {"message_id": 5, "date": 1772352000, "chat": PRIVATE, "text": "?"},
    }
    query |= changes
    kept = {name: value for name, value in query.items() if value is not ...}
    return Update.model_validate({"update_id": 1000, "callback_query": kept})


def test_a_pressed_button_is_a_message_with_its_data() -> None:
    event = event_of(button(), ME, channel="tg", now=START)
    assert event == Event(
        channel="tg",
        id="button:q1",
        kind=EventKind.MESSAGE,
        author=Author(id="7", name="小 王"),
        text="rate:5",
        posted_at=START,
        conversation="7",
        reply_to="7:5",
        solicited=True,
    )


def test_a_button_in_a_group_belongs_to_who_pressed_it() -> None:
    old = {"message_id": 5, "date": 0, "chat": GROUP}
    event = event_of(button(message=old), ME, channel="tg", now=START)
    assert event is not None
    assert (event.kind, event.conversation) == (EventKind.COMMENT, "-100200:7")


def test_a_button_of_nowhere_is_no_event() -> None:
    assert event_of(button(message=...), ME, channel="tg", now=START) is None


def test_other_updates_are_no_events() -> None:
    update = Update.model_validate({"update_id": 1, "brand_new": {"kind": "of update"}})
    assert event_of(update, ME, channel="tg", now=START) is None
    assert chat_of(update) is None
    assert chat_of(button()) == 7


@pytest.mark.parametrize(
    ("conversation", "reply_to", "place"),
    [
        ("7", "7:5", Place(chat=7)),
        ("-100200:7", "-100200:5", Place(chat=-100200, answers=5)),
        ("-100200/12:7", "-100200:5", Place(chat=-100200, thread=12, answers=5)),
        ("-100200:7", "-100300:5", Place(chat=-100200)),
        ("-100200:7", "button:q1", Place(chat=-100200)),
        ("-100200:-100300", None, Place(chat=-100200)),
        ("abc", None, None),
        ("", None, None),
        ("7 ", None, None),
        ("7" * 30, None, None),
    ],
)
def test_where_an_answer_goes(conversation: str, reply_to: str | None, place: Place | None) -> None:
    assert place_of(conversation, reply_to) == place
