"""The staff's group: who may press what, and that its messages show how things stand."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import get_args

import pytest

from connectors.telegram.staff_group import StaffTexts, card_text
from connectors.telegram.text import length
from core.alerts import Alert
from core.cards import (
    CardState,
    StaffAction,
    alert_card,
    draft_card,
    token_of,
)
from core.errors import Refused, Unavailable
from core.outbox import Reply, ReplyState, Target
from tests.connectors.support import START
from tests.connectors.telegram.room import CHAT, Room, query
from tests.connectors.telegram.server import (
    Trouble,
    error,
    flood,
    telegram_server,
)

ALERT = Alert(
    key="incident:fresh:mould",
    kind="incident",
    severity="P1",
    title="面包发霉",
    body="8 位顾客\n<b>not bold</b>",
    created_at=START,
)


DRAFT = Reply(
    key="reply-1",
    target=Target(channel="weibo", conversation="c"),
    text="非常抱歉，我们马上处理。",
    state=ReplyState.DRAFT,
    language="zh",
    by="bot",
    created_at=START,
)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with telegram_server() as server:
        made = Room(server)
        yield made
        await made.api.close()


async def test_an_alert_arrives_with_its_buttons(room: Room) -> None:
    await room.group.deliver(ALERT)
    fields = room.server.done("sendMessage")[0].fields
    assert fields["chat_id"] == str(CHAT)
    assert fields["text"] == "🔔 P1 面包发霉\n\n8 位顾客\n<b>not bold</b>\n\n状态：待处理"
    assert "parse_mode" not in fields
    assert room.buttons() == ["acknowledge", "take", "snooze", "pause"]


async def test_an_alert_delivered_again_is_edited_not_posted_again(room: Room) -> None:
    await room.group.deliver(ALERT)
    room.desk.cards[f"alert:{ALERT.key}"] = replace(alert_card(ALERT, now=START), state="resolved")
    await room.group.deliver(ALERT)
    assert len(room.server.done("sendMessage")) == 1
    assert "已结束" in room.shown()
    assert room.buttons("editMessageText") == []


async def test_each_button_does_its_work_and_the_message_says_so(room: Room) -> None:
    subject = f"alert:{ALERT.key}"
    await room.show(alert_card(ALERT, now=START))
    await room.press("snooze", subject)
    assert room.shown().endswith("状态：💤 小李 已稍后提醒")
    await room.press("acknowledge", subject, who=8)
    assert room.shown().endswith("状态：✅ 小赵 已确认")
    await room.press("pause", subject)
    assert room.shown().endswith("⏸ 自动回复已暂停")
    assert room.buttons("editMessageText") == ["take", "resume"]
    await room.press("resume", subject)
    await room.press("take", subject)
    assert room.shown().endswith("状态：🙋 小李 已接手")
    assert [action.value for _, action, _ in room.desk.done] == [
        "snooze",
        "acknowledge",
        "pause",
        "resume",
        "take",
    ]
    assert room.told() == "已完成"


@pytest.mark.parametrize(
    ("action", "shown"), [("approve", "✅ 小李 已批准，将发送"), ("reject", "🚫 小李 已驳回")]
)
async def test_a_draft_is_settled_once(room: Room, action: str, shown: str) -> None:
    await room.show(draft_card(DRAFT, question="面包发霉了"))
    text = room.server.texts[0]
    assert "面包发霉了" in text
    assert DRAFT.text in text
    assert room.buttons() == ["approve", "reject", "take"]
    await room.press(action, "draft::reply-1")
    assert shown in room.shown()
    await room.press("approve", "draft::reply-1", who=8)
    assert len(room.desk.done) == 1
    assert room.told() == "这一条已经有人处理过了"


async def test_only_enrolled_staff_may_press(room: Room) -> None:
    await room.show(draft_card(DRAFT, question="?"))
    await room.press("approve", "draft::reply-1", who=666)
    assert not room.desk.done
    assert "666" in room.told()
    assert room.server.done("answerCallbackQuery")[0].fields["show_alert"] == "true"
    assert not room.server.done("editMessageText")


async def test_who_comes_second_sees_who_was_first(room: Room) -> None:
    await room.show(alert_card(ALERT, now=START))
    room.desk.late = True
    await room.press("acknowledge", f"alert:{ALERT.key}")
    assert room.told() == "这一条已经有人处理过了"
    assert "小赵 已接手" in room.shown()


@pytest.mark.parametrize("data", [None, "", "take", "take:zz", "x:y:z", "take:" + "0" * 32])
async def test_a_button_of_nothing_we_know_does_nothing(room: Room, data: str | None) -> None:
    await room.group.press(query(data))
    assert room.told() == "这个按钮已经失效，请到控制台处理"
    assert not room.desk.done


async def test_a_matter_that_is_gone_can_not_be_pressed(room: Room) -> None:
    await room.show(alert_card(ALERT, now=START))
    room.desk.cards.clear()
    await room.press("take", f"alert:{ALERT.key}")
    assert not room.desk.done
    assert "失效" in room.told()


async def test_an_action_that_is_not_offered_is_not_done(room: Room) -> None:
    await room.show(alert_card(ALERT, now=START))
    await room.press("approve", f"alert:{ALERT.key}")
    assert not room.desk.done


async def test_the_work_is_done_even_if_telegram_does_not_hear_of_it(room: Room) -> None:
    await room.show(alert_card(ALERT, now=START))
    room.server.trouble("answerCallbackQuery", error(400, "query is too old"))
    room.server.trouble("editMessageText", error(500, "down"))
    await room.press("take", f"alert:{ALERT.key}")
    assert len(room.desk.done) == 1


async def test_an_unchanged_message_is_fine_and_a_deleted_one_is_posted_anew(room: Room) -> None:
    card = alert_card(ALERT, now=START)
    await room.show(card)
    await room.show(card)
    assert not room.server.asked("editMessageText"), "nothing looks different"
    room.server.trouble("editMessageText", error(400, "Bad Request: message is not modified"))
    await room.show(replace(card, state="acknowledged"))
    assert len(room.server.texts) == 1
    room.server.trouble("editMessageText", error(400, "Bad Request: message to edit not found"))
    await room.show(replace(card, state="taken"))
    assert len(room.server.texts) == 2
    assert room.desk.postings[card.token].message == room.server.next_message


async def test_an_update_of_what_was_never_shown_shows_nothing(room: Room) -> None:
    await room.group.update(alert_card(ALERT, now=START))
    assert not room.server.calls


async def test_news_are_posted_below_and_the_old_message_says_so(room: Room) -> None:
    card = alert_card(ALERT, now=START)
    await room.show(card)
    room.server.trouble("editMessageText", error(500, "down"))
    await room.show(replace(card, notices=1))
    await room.show(replace(card, notices=2))
    assert len(room.server.texts) == 3
    assert "请看下方的新消息" in room.shown()
    assert "reply_markup" not in room.server.done("editMessageText")[-1].fields
    await room.show(replace(card, notices=3, state="resolved"))
    assert len(room.server.texts) == 3


async def test_the_group_has_its_pace(room: Room) -> None:
    for number in range(3):
        await room.group.deliver(replace(ALERT, key=f"k{number}"))
    times = [call.at for call in room.server.done("sendMessage")]
    assert times[2] - times[0] >= 2 / 20


@pytest.mark.parametrize(
    ("trouble", "kind", "text"),
    [
        (flood(9), Unavailable, "Too Many"),
        (error(500, "x"), Unavailable, "x"),
        (Trouble(how="cut"), Unavailable, "Disconnected"),
        (error(403, "Forbidden: bot was kicked"), Refused, "Add the bot"),
        (error(400, "chat not found"), Refused, "check staff_chat"),
        (error(401, "Unauthorized"), Refused, "BotFather"),
        (error(400, "x", migrate_to_chat_id=-1009), Refused, "Set staff_chat = -1009."),
    ],
    ids=str,
)
async def test_a_card_that_cannot_be_posted_says_what_to_do(
    room: Room, trouble: Trouble, kind: type[Exception], text: str
) -> None:
    room.server.trouble("sendMessage", trouble)
    with pytest.raises(kind, match=text):
        await room.group.deliver(ALERT)
    assert not room.desk.postings


async def test_a_flood_is_told_to_whoever_delivers(room: Room) -> None:
    room.server.trouble("sendMessage", flood(9))
    with pytest.raises(Unavailable) as caught:
        await room.group.deliver(ALERT)
    assert caught.value.retry_after == 9


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_card_has_its_words_in_both_languages(language: str) -> None:
    words = StaffTexts("zh" if language == "zh" else "en")
    states: tuple[CardState, ...] = get_args(CardState)
    for state in states:
        text = card_text(
            replace(alert_card(ALERT, now=START, paused=True), state=state, by="x"), words
        )
        assert "{" not in text
    for action in StaffAction:
        assert words.render(f"button.{action}")
    for key in ("done", "late", "unknown", "stranger"):
        assert words.render(f"told.{key}", account="1")


def test_a_card_fits_whatever_it_holds() -> None:
    card = replace(
        alert_card(ALERT, now=START), title="𠮷" * 9000, body="\ud800\x00长" * 9000, by="x" * 999
    )
    text = card_text(card, StaffTexts("zh"))
    assert length(text) <= 4096
    assert "状态：待处理" in text
    assert token_of("\ud800")
