"""Authors on Telegram, messages referred to, and groups that get a new id."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiogram.types import Update

from connectors.telegram.events import event_of
from connectors.telegram.groups import GroupMoves
from connectors.telegram.identity import BotIdentity
from connectors.telegram.receive import TelegramCursor
from connectors.voices import KnownVoices
from core.model.event_text import judged_text, says_nothing, whole_text
from core.model.events import Event, EventKind
from core.model.outbox import Target
from tests.connectors.support import START, running
from tests.connectors.telegram.bench import Bench
from tests.connectors.telegram.messages import GROUP, USER, read, told
from tests.connectors.telegram.server import error, telegram_server

CHANNEL = {"id": -100300, "type": "channel", "title": "禾家官方", "username": "hejia_official"}
OTHER = {"id": -100999, "type": "channel", "title": "别家"}
ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
BOT = {"id": 4242, "is_bot": True, "first_name": "Shop", "username": "shop_bot"}
ORIGIN = {"type": "channel", "date": 1772352000, "chat": CHANNEL, "message_id": 9}


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with telegram_server() as server:
        made = Bench(server, tmp_path)
        yield made
        for connector in made.made:
            await connector.close()


VOICES: dict[str, tuple[dict[str, object], str]] = {
    "a shopper": ({}, "person"),
    "a shopper in a group": ({"chat": GROUP}, "person"),
    "an anonymous administrator": (
        {"chat": GROUP, "from": ANONYMOUS, "sender_chat": GROUP},
        "own",
    ),
    "an anonymous administrator without the chat": ({"chat": GROUP, "from": ANONYMOUS}, "own"),
    "a channel": (
        {"kind": "channel_post", "chat": CHANNEL, "from": ..., "sender_chat": CHANNEL},
        "own",
    ),
    "a channel without sender": ({"kind": "channel_post", "chat": CHANNEL, "from": ...}, "own"),
    "an edited channel post": (
        {"kind": "edited_channel_post", "chat": CHANNEL, "from": ...},
        "own",
    ),
    "a copy in the discussion": (
        {
            "chat": GROUP,
            "from": USER | {"id": 777000},
            "sender_chat": CHANNEL,
            "is_automatic_forward": True,
            "forward_origin": ORIGIN,
        },
        "own",
    ),
    "somebody who writes as a channel": (
        {
            "chat": GROUP,
            "from": {"id": 136817688, "is_bot": True, "first_name": "Channel"},
            "sender_chat": OTHER,
        },
        "person",
    ),
    "another bot": ({"chat": GROUP, "from": USER | {"is_bot": True}}, "bot"),
    "another bot in private": ({"from": USER | {"is_bot": True}}, "bot"),
    "ourselves": ({"chat": GROUP, "from": BOT}, "own"),
    "telegram": ({"from": USER | {"id": 777000}}, "platform"),
    "a person through a bot": ({"chat": GROUP, "via_bot": BOT}, "person"),
    "a person whose name ends in bot": (
        {"chat": GROUP, "from": USER | {"username": "talbot"}},
        "person",
    ),
}


@pytest.mark.parametrize("name", VOICES)
def test_who_speaks(name: str) -> None:
    message, kind = VOICES[name]
    assert told(text="禾家的面包发霉了", **message).author.kind == kind


def voiced(me: BotIdentity, **message: object) -> Event:
    whole = {"message_id": 5, "date": 1772352000, "from": USER, "text": "x"} | message
    update = Update.model_validate({"update_id": 1, "message": whole})
    event = event_of(update, me, channel="tg", now=START)
    assert event is not None
    return event


def test_what_the_configuration_says_of_others_holds() -> None:
    me = BotIdentity(
        id=4242,
        username="shop_bot",
        voices=KnownVoices.named(own=["-100999", "@Shop_CS"], bots=["feed_er"]),
        foreign_chats=frozenset({-100200}),
    )
    assert voiced(me, chat=GROUP, sender_chat=OTHER).author.kind == "own"
    assert voiced(me, chat=GROUP, **{"from": USER | {"username": "shop_cs"}}).author.kind == "own"
    assert voiced(me, chat=GROUP, **{"from": USER | {"username": "Feed_er"}}).author.kind == "bot"
    assert voiced(me, chat=GROUP, sender_chat=GROUP).author.kind == "person"
    assert voiced(me, chat=GROUP, **{"from": ANONYMOUS}).author.kind == "person"


FORWARDS = {
    "a channel": (ORIGIN, "禾家官方", "-100300:9"),
    "a person": ({"type": "user", "date": 1, "sender_user": USER | {"id": 8}}, "小 王", None),
    "a hidden person": (
        {"type": "hidden_user", "date": 1, "sender_user_name": "老张"},
        "老张",
        None,
    ),
    "a group": ({"type": "chat", "date": 1, "sender_chat": GROUP}, "邻居群", None),
}


@pytest.mark.parametrize("private", [True, False], ids=["private", "group"])
@pytest.mark.parametrize("words", ["text", "caption"])
@pytest.mark.parametrize("name", FORWARDS)
def test_a_forwarded_message_is_no_word_of_who_forwards_it(
    name: str, words: str, private: bool
) -> None:
    origin, author, number = FORWARDS[name]
    photo = [{"file_id": "F", "file_unique_id": "u", "width": 9, "height": 9}]
    more: dict[str, object] = {"photo": photo} if words == "caption" else {}
    chat: dict[str, object] = {} if private else {"chat": GROUP}
    event = told(forward_origin=origin, **{words: "面包发霉了"}, **more, **chat)
    assert event.text == ""
    assert event.kind is (EventKind.MESSAGE if private else EventKind.REPOST)
    (quoted,) = event.quoted
    assert (quoted.author, quoted.id, quoted.text, quoted.kind) == (
        author,
        number,
        "面包发霉了",
        "repost",
    )
    assert judged_text(event) == f"//@{author.replace(' ', '_')}: 面包发霉了"
    assert event.wordless == ""


def test_ones_own_words_stay_own_words_when_forwarded() -> None:
    origin = {"type": "user", "date": 1772352000, "sender_user": USER}
    event = told(text="面包发霉了", forward_origin=origin)
    assert (event.text, event.quoted) == ("面包发霉了", ())


def test_a_forwarded_picture_has_no_words() -> None:
    photo = [{"file_id": "F", "file_unique_id": "u", "width": 9, "height": 9}]
    event = told(photo=photo, forward_origin=ORIGIN)
    assert (event.wordless, event.quoted) == ("photo", ())
    assert says_nothing(event)


def answered(**more: object) -> dict[str, object]:
    return {"message_id": 4, "date": 1772352000, "chat": GROUP, "from": USER | {"id": 8}} | more


def test_an_answer_refers_to_what_it_answers() -> None:
    event = told(chat=GROUP, text="我家也是", reply_to_message=answered(text="禾家的面包发霉了"))
    (quoted,) = event.quoted
    assert (quoted.kind, quoted.text, quoted.id) == ("answered", "禾家的面包发霉了", "-100200:4")
    assert judged_text(event) == "我家也是"
    called = told(
        chat=GROUP, text="@shop_bot 看看这个", reply_to_message=answered(caption="禾家的面包发霉了")
    )
    assert "发霉" in judged_text(called)


def test_a_chosen_part_is_quoted() -> None:
    event = told(
        chat=GROUP,
        text="真的吗",
        reply_to_message=answered(text="很长的一段。面包发霉了。还有一段"),
        quote={"text": "面包发霉了", "position": 6, "is_manual": True},
    )
    assert (event.quoted[0].kind, event.quoted[0].text) == ("quote", "面包发霉了")
    automatic = told(
        chat=GROUP,
        text="真的吗",
        reply_to_message=answered(text="整段话"),
        quote={"text": "整段", "position": 0},
    )
    assert automatic.quoted[0].text == "整段话"


@pytest.mark.parametrize("chat", [None, {"id": -100777, "type": "supergroup", "title": "群"}])
def test_an_answer_to_another_chat_refers_to_the_quoted_part(chat: object) -> None:
    origin = {"type": "hidden_user", "date": 1, "sender_user_name": "老张"}
    outside: dict[str, object] = {"origin": origin}
    outside |= {} if chat is None else {"chat": chat, "message_id": 6}
    event = told(
        chat=GROUP,
        text="看",
        external_reply=outside,
        quote={"text": "禾家停业整顿", "position": 0, "is_manual": True},
    )
    (quoted,) = event.quoted
    assert (quoted.author, quoted.text, quoted.kind) == ("老张", "禾家停业整顿", "quote")
    assert quoted.id == (None if chat is None else "-100777:6")
    assert told(chat=GROUP, text="看", external_reply=outside).quoted == ()


def test_in_private_the_bots_own_words_are_not_repeated() -> None:
    ours = {
        "message_id": 4,
        "date": 1,
        "chat": {"id": 7, "type": "private"},
        "from": BOT,
        "text": "您好",
    }
    event = told(text="谢谢", reply_to_message=ours)
    assert whole_text(event) == judged_text(event) == "谢谢"


@pytest.mark.parametrize(
    "answered_message",
    [
        answered(text="召回公告", sender_chat=GROUP, **{"from": ANONYMOUS}),
        answered(
            text="召回公告", sender_chat=CHANNEL, is_automatic_forward=True, forward_origin=ORIGIN
        ),
        answered(text="您好", **{"from": BOT}),
    ],
)
def test_who_answers_the_brand_speaks_of_the_brand(answered_message: dict[str, object]) -> None:
    event = told(chat=GROUP, text="发霉的怎么退？", reply_to_message=answered_message)
    assert event.concerns_channel
    assert event.author.kind == "person"
    assert judged_text(event) == "发霉的怎么退？"


def test_an_address_behind_words_is_found() -> None:
    entity = {"type": "text_link", "offset": 0, "length": 3, "url": "https://hejia.example/a"}
    event = told(chat=GROUP, text="点这里", entities=[entity])
    (quoted,) = event.quoted
    assert (quoted.kind, quoted.id) == ("link", "https://hejia.example/a")


SMALL = {"file_id": "F", "file_unique_id": "u"}
WORDLESS: dict[str, tuple[dict[str, object], str]] = {
    "photo": ({"photo": [SMALL | {"width": 9, "height": 9}]}, "photo"),
    "sticker": (
        {
            "sticker": SMALL
            | {"type": "regular", "width": 9, "height": 9, "is_animated": False, "is_video": False}
        },
        "sticker",
    ),
    "angry sticker": (
        {
            "sticker": SMALL
            | {
                "type": "regular",
                "width": 9,
                "height": 9,
                "is_animated": False,
                "is_video": False,
                "emoji": "😡",
            }
        },
        "sticker",
    ),
    "voice": ({"voice": SMALL | {"duration": 3}}, "voice"),
    "audio": ({"audio": SMALL | {"duration": 3}}, "audio"),
    "video": ({"video": SMALL | {"width": 9, "height": 9, "duration": 3}}, "video"),
    "round video": ({"video_note": SMALL | {"length": 9, "duration": 3}}, "video"),
    "animation": ({"animation": SMALL | {"width": 9, "height": 9, "duration": 3}}, "animation"),
    "document": ({"document": SMALL | {"file_name": "退款 凭证.pdf"}}, "file"),
    "contact": ({"contact": {"phone_number": "1", "first_name": "x"}}, "contact"),
    "location": ({"location": {"latitude": 1.0, "longitude": 2.0}}, "place"),
    "dice": ({"dice": {"emoji": "🎲", "value": 3}}, "dice"),
}


@pytest.mark.parametrize("caption", [None, "", "发霉了"])
@pytest.mark.parametrize("name", WORDLESS)
def test_what_was_sent_instead_of_words_is_noted(name: str, caption: str | None) -> None:
    message, kind = WORDLESS[name]
    event = told(**message, **({} if caption is None else {"caption": caption}))
    assert event.wordless == ("" if caption else kind)
    assert says_nothing(event) is not bool(caption)
    assert event.text, "something stands for it"


def test_service_messages_are_no_events() -> None:
    assert read(new_chat_members=[USER]) is None
    assert read(chat=GROUP, migrate_to_chat_id=-100777) is None


class TestGroupMoves:
    def test_both_directions(self) -> None:
        moves = GroupMoves()
        assert moves.add(-5, -1005)
        assert not moves.add(-5, -1005)
        assert (moves.current(-5), moves.home(-1005)) == (-1005, -5)
        assert (moves.current(-6), moves.home(-6)) == (-6, -6)

    def test_a_group_may_move_again_and_never_in_circles(self) -> None:
        moves = GroupMoves()
        moves.add(-5, -1005)
        moves.add(-1005, -1006)
        assert (moves.current(-5), moves.home(-1006)) == (-1006, -5)
        assert not moves.add(-1006, -1006)
        moves.add(-1006, -5)
        assert moves.current(-5) == -1006

    def test_old_moves_are_forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("connectors.telegram.groups._MOST", 2)
        moves = GroupMoves()
        for number in range(1, 5):
            moves.add(-number, -1000 - number)
        assert len(moves.pairs()) == 2


OLD, NEW = -55, -10055


def group(chat: int) -> dict[str, object]:
    return {"id": chat, "type": "group" if chat == OLD else "supergroup", "title": "邻居群"}


@pytest.mark.parametrize("told_by", ["old", "new", "both"])
async def test_a_group_keeps_its_conversations_when_it_gets_a_new_id(
    bench: Bench, told_by: str
) -> None:
    server = bench.server
    server.push(message=server.message(chat=OLD, text="禾家几点关门") | {"chat": group(OLD)})
    if told_by != "new":
        server.push(message=server.message(chat=OLD, migrate_to_chat_id=NEW) | {"chat": group(OLD)})
    if told_by != "old":
        server.push(
            message=server.message(chat=NEW, migrate_from_chat_id=OLD) | {"chat": group(NEW)}
        )
    again = server.message(chat=NEW, text="@shop_bot 还在吗", **{"from": USER | {"id": abs(OLD)}})
    server.push(message=again | {"chat": group(NEW)})
    connector = bench.connector()
    async with running(connector, bench.kit.intake):
        await bench.kit.intake.until(2)
        first, second = bench.kit.intake.events.values()
        assert first.conversation == second.conversation == f"{OLD}:{abs(OLD)}"
        target = Target(channel="tg", conversation=second.conversation, reply_to=second.id)
        await connector.send(target, "八点", "k1")
    (sent,) = server.done("sendMessage")
    assert sent.fields["chat_id"] == str(NEW)
    assert str(again["message_id"]) in sent.fields["reply_parameters"]


async def test_a_moved_group_is_known_after_a_restart(bench: Bench) -> None:
    server = bench.server
    server.push(message=server.message(chat=OLD, migrate_to_chat_id=NEW) | {"chat": group(OLD)})
    server.push(message=server.message(chat=OLD, text="x") | {"chat": group(OLD)})
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(1)
    assert TelegramCursor.decode(bench.kit.intake.cursors["tg"]).moved == {OLD: NEW}
    server.push(message=server.message(chat=NEW, text="y") | {"chat": group(NEW)})
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(2)
    assert {event.conversation.split(":")[0] for event in bench.kit.intake.events.values()} == {
        str(OLD)
    }


async def test_a_move_that_only_sending_finds_out_holds_for_reading(bench: Bench) -> None:
    connector = bench.connector()
    moved = error(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=NEW)
    bench.server.trouble("sendMessage", moved)
    await connector.send(Target(channel="tg", conversation=f"{OLD}:7"), "x", "k1")
    bench.server.push(message=bench.server.message(chat=NEW, text="y") | {"chat": group(NEW)})
    async with running(connector, bench.kit.intake):
        await bench.kit.intake.until(1)
    (event,) = bench.kit.intake.events.values()
    assert event.conversation.startswith(f"{OLD}:")


async def test_the_staff_group_stays_the_staffs_when_it_moves(bench: Bench) -> None:
    server = bench.server
    server.push(message=server.message(chat=OLD, migrate_to_chat_id=NEW) | {"chat": group(OLD)})
    server.push(message=server.message(chat=NEW, text="内部消息") | {"chat": group(NEW)})
    shopper = server.say("几点关门")
    async with running(bench.connector(staff_chat=OLD), bench.kit.intake):
        await bench.kit.intake.until(1)
    assert bench.kit.intake.ids == [shopper]


@pytest.mark.parametrize(
    "cursor",
    [
        "7 2026-03-01T08:00:00+00:00",
        '7 2026-03-01T08:00:00+00:00 {"moved":{"-55":-10055}}',
        '7 2026-03-01T08:00:00+00:00 {"moved":7}',
        '7 2026-03-01T08:00:00+00:00 {"moved":{"x":1,"-5":"y","-6":true}}',
        "7 2026-03-01T08:00:00+00:00 {odd}",
    ],
)
def test_cursors_with_and_without_moved_groups(cursor: str) -> None:
    found = TelegramCursor.decode(cursor)
    assert found.offset == 7
    assert found.moved == ({OLD: NEW} if "10055" in cursor else {})
    assert TelegramCursor.decode(found.encode(START)) == TelegramCursor(
        offset=7, contact=START, moved=found.moved
    )


def member(status: str, **more: object) -> dict[str, object]:
    return {"user": BOT, "status": status, **more}


RIGHTS = dict.fromkeys(
    (
        "can_send_audios",
        "can_send_documents",
        "can_send_photos",
        "can_send_videos",
        "can_send_video_notes",
        "can_send_voice_notes",
        "can_send_polls",
        "can_send_other_messages",
        "can_add_web_page_previews",
        "can_react_to_messages",
        "can_edit_tag",
        "can_change_info",
        "can_invite_users",
        "can_pin_messages",
        "can_manage_topics",
    ),
    False,
)


def restricted(*, may_write: bool) -> dict[str, object]:
    rights = RIGHTS | {"can_send_messages": may_write, "is_member": True, "until_date": 0}
    return member("restricted", **rights)


@pytest.mark.parametrize(
    ("before", "after", "chat", "told"),
    [
        (member("member"), member("kicked", until_date=0), GROUP, True),
        (member("member"), member("left"), GROUP, True),
        (member("member"), member("kicked", until_date=0), CHANNEL, True),
        (member("member"), restricted(may_write=False), GROUP, True),
        (member("member"), restricted(may_write=True), GROUP, False),
        (member("left"), member("member"), GROUP, False),
        (member("kicked", until_date=0), member("left"), GROUP, False),
        (member("member"), member("kicked", until_date=0), {"id": 7, "type": "private"}, False),
    ],
)
async def test_staff_hear_of_a_removal(
    bench: Bench,
    before: dict[str, object],
    after: dict[str, object],
    chat: dict[str, object],
    told: bool,
) -> None:
    change = {"chat": chat, "from": USER, "date": int(START.timestamp())}
    bench.server.push(my_chat_member=change | {"old_chat_member": before, "new_chat_member": after})
    bench.server.say("after")
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(1)
    alerts = list(bench.kit.alarm.alerts.values())
    assert [alert.kind for alert in alerts] == (["channel"] if told else [])
    assert not bench.kit.intake.rejects


async def test_an_old_removal_is_no_news(bench: Bench) -> None:
    bench.server.push(
        my_chat_member={
            "chat": GROUP,
            "from": USER,
            "date": int(START.timestamp()) - 90_000,
            "old_chat_member": member("member"),
            "new_chat_member": member("left"),
        }
    )
    bench.server.say("after")
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(1)
    assert not bench.kit.alarm.alerts
