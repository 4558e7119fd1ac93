"""Attachments, pressed buttons, and where an answer goes."""

import pytest
from aiogram.types import Update

from connectors.telegram.events import TelegramDestination, chat_of, destination_of, event_of
from core.model.events import Author, Event, EventKind
from tests.connectors.support import START
from tests.connectors.telegram.messages import GROUP, ME, PRIVATE, USER, read, told

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
        ("7", "7:5", TelegramDestination(chat=7)),
        ("-100200:7", "-100200:5", TelegramDestination(chat=-100200, answers=5)),
        ("-100200/12:7", "-100200:5", TelegramDestination(chat=-100200, thread=12, answers=5)),
        ("-100200:7", "-100300:5", TelegramDestination(chat=-100200)),
        ("-100200:7", "button:q1", TelegramDestination(chat=-100200)),
        ("-100200:-100300", None, TelegramDestination(chat=-100200)),
        ("abc", None, None),
        ("", None, None),
        ("7 ", None, None),
        ("7" * 30, None, None),
    ],
)
def test_where_an_answer_goes(
    conversation: str, reply_to: str | None, place: TelegramDestination | None
) -> None:
    assert destination_of(conversation, reply_to) == place
