"""The staff's group: who may press what, and that its messages show how things stand."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import get_args

import pytest

from cli.catalogue import shipped_catalogue
from connectors.telegram.staff_group import StaffTexts, card_text
from connectors.telegram.text import length
from core.errors import Refused, Unavailable
from core.model.alerts import Alert
from core.model.cards import (
    CardState,
    StaffAction,
    alert_card,
    draft_card,
    token_of,
)
from core.model.outbox import Reply, ReplyState, Target
from tests.connectors.support import START
from tests.connectors.telegram.group_rig import CHAT, GroupRig, query
from tests.connectors.telegram.server import (
    TelegramTrouble,
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
async def group_rig() -> AsyncIterator[GroupRig]:
    async with telegram_server() as server:
        made = GroupRig(server)
        yield made
        await made.api.close()


async def test_an_alert_arrives_with_its_buttons(group_rig: GroupRig) -> None:
    await group_rig.group.deliver(ALERT)
    fields = group_rig.server.done("sendMessage")[0].fields
    assert fields["chat_id"] == str(CHAT)
    assert fields["text"] == "🔔 P1 面包发霉\n\n8 位顾客\n<b>not bold</b>\n\n状态：待处理"
    assert "parse_mode" not in fields
    assert group_rig.buttons() == ["acknowledge", "take", "snooze", "pause"]


async def test_an_alert_delivered_again_is_edited_not_posted_again(group_rig: GroupRig) -> None:
    await group_rig.group.deliver(ALERT)
    group_rig.desk.cards[f"alert:{ALERT.key}"] = replace(
        alert_card(ALERT, now=START), state="resolved"
    )
    await group_rig.group.deliver(ALERT)
    assert len(group_rig.server.done("sendMessage")) == 1
    assert "已结束" in group_rig.shown()
    assert group_rig.buttons("editMessageText") == []


async def test_each_button_does_its_work_and_the_message_says_so(group_rig: GroupRig) -> None:
    subject = f"alert:{ALERT.key}"
    await group_rig.show(alert_card(ALERT, now=START))
    await group_rig.press("snooze", subject)
    assert group_rig.shown().endswith("状态：💤 小李 已稍后提醒")
    await group_rig.press("acknowledge", subject, who=8)
    assert group_rig.shown().endswith("状态：✅ 小赵 已确认")
    await group_rig.press("pause", subject)
    assert group_rig.shown().endswith("⏸ 自动回复已暂停")
    assert group_rig.buttons("editMessageText") == ["take", "resume"]
    await group_rig.press("resume", subject)
    await group_rig.press("take", subject)
    assert group_rig.shown().endswith("状态：🙋 小李 已接手")
    assert [action.value for _, action, _ in group_rig.desk.done] == [
        "snooze",
        "acknowledge",
        "pause",
        "resume",
        "take",
    ]
    assert group_rig.told() == "已完成"


@pytest.mark.parametrize(
    ("action", "shown"), [("approve", "✅ 小李 已批准，将发送"), ("reject", "🚫 小李 已驳回")]
)
async def test_a_draft_is_settled_once(group_rig: GroupRig, action: str, shown: str) -> None:
    await group_rig.show(draft_card(DRAFT, question="面包发霉了"))
    text = group_rig.server.texts[0]
    assert "面包发霉了" in text
    assert DRAFT.text in text
    assert group_rig.buttons() == ["approve", "reject", "take"]
    await group_rig.press(action, "draft::reply-1")
    assert shown in group_rig.shown()
    await group_rig.press("approve", "draft::reply-1", who=8)
    assert len(group_rig.desk.done) == 1
    assert group_rig.told() == "这一条已经有人处理过了"


async def test_only_enrolled_staff_may_press(group_rig: GroupRig) -> None:
    await group_rig.show(draft_card(DRAFT, question="?"))
    await group_rig.press("approve", "draft::reply-1", who=666)
    assert not group_rig.desk.done
    assert "666" in group_rig.told()
    assert group_rig.server.done("answerCallbackQuery")[0].fields["show_alert"] == "true"
    assert not group_rig.server.done("editMessageText")


async def test_who_comes_second_sees_who_was_first(group_rig: GroupRig) -> None:
    await group_rig.show(alert_card(ALERT, now=START))
    group_rig.desk.late = True
    await group_rig.press("acknowledge", f"alert:{ALERT.key}")
    assert group_rig.told() == "这一条已经有人处理过了"
    assert "小赵 已接手" in group_rig.shown()


@pytest.mark.parametrize("data", [None, "", "take", "take:zz", "x:y:z", "take:" + "0" * 32])
async def test_a_button_of_nothing_we_know_does_nothing(
    group_rig: GroupRig, data: str | None
) -> None:
    await group_rig.group.press(query(data))
    assert group_rig.told() == "这个按钮已经失效，请到控制台处理"
    assert not group_rig.desk.done


async def test_a_matter_that_is_gone_can_not_be_pressed(group_rig: GroupRig) -> None:
    await group_rig.show(alert_card(ALERT, now=START))
    group_rig.desk.cards.clear()
    await group_rig.press("take", f"alert:{ALERT.key}")
    assert not group_rig.desk.done
    assert "失效" in group_rig.told()


async def test_an_action_that_is_not_offered_is_not_done(group_rig: GroupRig) -> None:
    await group_rig.show(alert_card(ALERT, now=START))
    await group_rig.press("approve", f"alert:{ALERT.key}")
    assert not group_rig.desk.done


async def test_the_work_is_done_even_if_telegram_does_not_hear_of_it(group_rig: GroupRig) -> None:
    await group_rig.show(alert_card(ALERT, now=START))
    group_rig.server.trouble("answerCallbackQuery", error(400, "query is too old"))
    group_rig.server.trouble("editMessageText", error(500, "down"))
    await group_rig.press("take", f"alert:{ALERT.key}")
    assert len(group_rig.desk.done) == 1


async def test_an_unchanged_message_is_fine_and_a_deleted_one_is_posted_anew(
    group_rig: GroupRig,
) -> None:
    card = alert_card(ALERT, now=START)
    await group_rig.show(card)
    await group_rig.show(card)
    assert not group_rig.server.asked("editMessageText"), "nothing looks different"
    group_rig.server.trouble("editMessageText", error(400, "Bad Request: message is not modified"))
    await group_rig.show(replace(card, state="acknowledged"))
    assert len(group_rig.server.texts) == 1
    group_rig.server.trouble(
        "editMessageText", error(400, "Bad Request: message to edit not found")
    )
    await group_rig.show(replace(card, state="taken"))
    assert len(group_rig.server.texts) == 2
    assert group_rig.desk.postings[card.token].message == group_rig.server.next_message


async def test_an_update_of_what_was_never_shown_shows_nothing(group_rig: GroupRig) -> None:
    await group_rig.group.update(alert_card(ALERT, now=START))
    assert not group_rig.server.calls


async def test_news_are_posted_below_and_the_old_message_says_so(group_rig: GroupRig) -> None:
    card = alert_card(ALERT, now=START)
    await group_rig.show(card)
    group_rig.server.trouble("editMessageText", error(500, "down"))
    await group_rig.show(replace(card, notices=1))
    await group_rig.show(replace(card, notices=2))
    assert len(group_rig.server.texts) == 3
    assert "请看下方的新消息" in group_rig.shown()
    assert "reply_markup" not in group_rig.server.done("editMessageText")[-1].fields
    await group_rig.show(replace(card, notices=3, state="resolved"))
    assert len(group_rig.server.texts) == 3


async def test_the_group_has_its_pace(group_rig: GroupRig) -> None:
    for number in range(3):
        await group_rig.group.deliver(replace(ALERT, key=f"k{number}"))
    times = [call.at for call in group_rig.server.done("sendMessage")]
    assert times[2] - times[0] >= 2 / 20


@pytest.mark.parametrize(
    ("trouble", "kind", "text"),
    [
        (flood(9), Unavailable, "Too Many"),
        (error(500, "x"), Unavailable, "x"),
        (TelegramTrouble(how="cut"), Unavailable, "Disconnected"),
        (error(403, "Forbidden: bot was kicked"), Refused, "Add the bot"),
        (error(400, "chat not found"), Refused, "check staff_chat"),
        (error(401, "Unauthorized"), Refused, "BotFather"),
        (error(400, "x", migrate_to_chat_id=-1009), Refused, "Set staff_chat = -1009."),
    ],
    ids=str,
)
async def test_a_card_that_cannot_be_posted_says_what_to_do(
    group_rig: GroupRig, trouble: TelegramTrouble, kind: type[Exception], text: str
) -> None:
    group_rig.server.trouble("sendMessage", trouble)
    with pytest.raises(kind, match=text):
        await group_rig.group.deliver(ALERT)
    assert not group_rig.desk.postings


async def test_a_flood_is_told_to_whoever_delivers(group_rig: GroupRig) -> None:
    group_rig.server.trouble("sendMessage", flood(9))
    with pytest.raises(Unavailable) as caught:
        await group_rig.group.deliver(ALERT)
    assert caught.value.retry_after == 9


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_card_has_its_words_in_both_languages(language: str) -> None:
    words = StaffTexts(shipped_catalogue(), "zh" if language == "zh" else "en")
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
    text = card_text(card, StaffTexts(shipped_catalogue(), "zh"))
    assert length(text) <= 4096
    assert "状态：待处理" in text
    assert token_of("\ud800")
