"""The staff's group end to end: the bot, the desk and the store, by what staff see and press."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.model.alerts import Alert
from core.model.outbox import Reply, ReplyResult, ReplyState
from core.runtime.bus import Change, Subscription
from core.taxonomy import Severity
from storage.sqlite.store import SqliteStore
from tests.connectors.telegram.server import TelegramServer, error, telegram_server
from tests.connectors.telegram.staff_process import CLOCK, StaffProcess, staff_process
from tests.driven_clock import WATCHDOG_SECONDS


def alert(severity: Severity = "P2", *, notices: int = 1) -> Alert:
    return Alert(
        key="mould",
        kind="incident",
        severity=severity,
        title="面包发霉",
        body="8 位顾客",
        created_at=CLOCK.now(),
        brand="hejia",
        notices=notices,
    )


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with telegram_server() as made:
        yield made


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(WATCHDOG_SECONDS):
        while not condition():
            await asyncio.sleep(0.01)


async def until_posted(process: StaffProcess, number: int) -> None:
    """Wait until so many cards stand in the group and it is kept where."""
    async with asyncio.timeout(WATCHDOG_SECONDS):
        while len(await process.staff.memory(process.board.name).postings()) < number:
            await asyncio.sleep(0.01)
    assert len(process.posted()) == number


def subject_of(reply: Reply) -> str:
    return f"draft:{reply.mention}:{reply.key}"


async def test_a_draft_arrives_and_is_sent_by_a_press(
    server: TelegramServer, tmp_path: Path
) -> None:
    async with staff_process(server, tmp_path) as process:
        changes = process.bus.subscribe()
        reply = await process.draft()
        await until_posted(process, 1)
        assert "禾家的面包发霉\n\n➡️ 非常抱歉。" in process.posted()[0]
        assert process.offered() == ["approve", "reject", "take"]
        process.press("take", subject_of(reply), who=8)
        await until(lambda: "小赵 已接手" in "".join(process.edits()))
        process.press("approve", subject_of(reply))
        await until(lambda: "小李 已批准，将发送" in "".join(process.edits()))
        assert process.offered() == []
        (claimed,) = await process.store.outbox.claim("weibo", 5, CLOCK.now())
        assert (claimed.key, claimed.by, claimed.text) == (reply.key, "小李", reply.text)
        told = [change async for change in _first(changes, 3)]
        assert isinstance(told[-1], Reply)
        assert told[-1].state is ReplyState.PENDING, "the dispatcher hears of it"
        sent = (
            await process.store.outbox.finish(
                [ReplyResult(key=reply.key, state=ReplyState.SENT, native_id="n")]
            )
        )[0]
        process.bus.publish(sent)
        await until(lambda: "已经发出" in process.edits()[-1])


async def _first(changes: Subscription, number: int) -> AsyncIterator[Change]:
    async for change in changes:
        yield change
        number -= 1
        if not number:
            return


async def test_strangers_may_press_what_they_like(server: TelegramServer, tmp_path: Path) -> None:
    async with staff_process(server, tmp_path) as process:
        reply = await process.draft()
        await until_posted(process, 1)
        for action in ("approve", "reject", "take"):
            process.press(action, subject_of(reply), who=666)
        await until(lambda: len(process.told()) == 3)
        assert all("666" in text for text in process.told())
        assert process.edits() == []
        assert [one.key for one in await process.store.outbox.drafts()] == [reply.key]


async def test_what_is_pressed_after_a_restart_is_done_once(
    server: TelegramServer, tmp_path: Path
) -> None:
    async with staff_process(server, tmp_path) as process:
        reply = await process.draft()
        await process.store.alerts.add(alert(), ())
        await process.board.deliver(alert())
        await until_posted(process, 2)
    process.press("reject", subject_of(reply))
    process.press("reject", subject_of(reply), who=8)
    process.press("take", "alert:mould", who=8)
    async with staff_process(server, tmp_path) as process:
        await until(lambda: len(process.told()) == 3)
        assert process.told() == ["已完成", "这一条已经有人处理过了", "已完成"]
        assert len(process.posted()) == 2, "nothing is posted twice"
        assert await process.store.outbox.drafts() == []
        found = await process.store.alerts.get("mould")
        assert found is not None
        assert (found.state, found.owner) == ("acknowledged", "小赵")
        await until(lambda: any("小李 已驳回" in text for text in process.edits()))


async def test_drafts_of_the_time_away_arrive_at_the_start(
    server: TelegramServer, tmp_path: Path
) -> None:
    store = await SqliteStore.open(tmp_path / "store.db", clock=CLOCK)
    away = StaffProcess(server, store, tmp_path)
    first = await away.draft(1, "一")
    await away.draft(2, "二")
    await away.bot.close()
    await store.close()
    async with staff_process(server, tmp_path) as process:
        await until_posted(process, 2)
        await process.store.outbox.settle_draft(first.key, by="控制台", approve=False, text="")
    async with staff_process(server, tmp_path) as process:
        await until(process.edits)
        assert "控制台 已驳回" in process.edits()[0]
        assert len(process.posted()) == 2


async def test_what_is_done_in_the_console_shows_in_the_group(
    server: TelegramServer, tmp_path: Path
) -> None:
    async with staff_process(server, tmp_path) as process:
        reply = await process.draft()
        await process.store.alerts.add(alert(), ())
        await process.board.deliver(alert())
        await until_posted(process, 2)
        process.bus.publish(
            await process.store.outbox.settle_draft(
                reply.key, by="小王", approve=True, text="改过的话"
            )
        )
        await until(lambda: any("小王 已批准" in text for text in process.edits()))
        assert "改过的话" in process.edits()[-1]
        process.bus.publish(await process.store.alerts.acknowledge("mould", by="小王"))
        await until(lambda: "小王 已接手" in process.edits()[-1])
        process.press("acknowledge", "alert:mould")
        await until(lambda: process.told() == ["这一条已经有人处理过了"])


async def test_buttons_of_an_alert(server: TelegramServer, tmp_path: Path) -> None:
    async with staff_process(server, tmp_path) as process:
        await process.store.alerts.add(alert(), ())
        await process.board.deliver(alert())
        assert process.offered() == ["acknowledge", "take", "snooze", "pause"]
        process.press("pause", "alert:mould")
        await until(lambda: any("自动回复已暂停" in text for text in process.edits()))
        (pause,) = await process.pauses.all()
        assert (pause.id, pause.by) == ("brand:hejia", "小李")
        assert "面包发霉" in pause.reason
        assert process.offered()[-1] == "resume"
        process.press("snooze", "alert:mould")
        await until(lambda: "小李 已稍后提醒" in process.edits()[-1])
        process.press("resume", "alert:mould", who=8)
        await until(lambda: "自动回复已暂停" not in process.edits()[-1])
        assert await process.pauses.all() == []
        process.press("acknowledge", "alert:mould", who=8)
        await until(lambda: "小赵 已确认" in process.edits()[-1])
        found = await process.store.alerts.get("mould")
        assert found is not None
        assert found.snoozed_until is not None
        assert (found.state, found.owner) == ("acknowledged", None)


async def test_news_of_an_alert_is_posted_below(server: TelegramServer, tmp_path: Path) -> None:
    async with staff_process(server, tmp_path) as process:
        await process.store.alerts.add(alert(), ())
        await process.board.deliver(alert())
        worse = await process.store.alerts.save(alert("P1", notices=2))
        await process.board.deliver(worse)
        await process.board.deliver(worse)
        assert len(process.posted()) == 2
        assert "P1" in process.posted()[1]
        assert "请看下方的新消息" in process.edits()[0]
        over = await process.store.alerts.save(replace(worse, state="resolved", notices=3))
        await process.board.deliver(over)
        assert len(process.posted()) == 2
        assert "已结束" in process.edits()[-1]
        await asyncio.sleep(0.05)
        assert process.offered() == []


async def test_a_group_out_of_reach_gets_its_draft_later(
    server: TelegramServer, tmp_path: Path
) -> None:
    server.trouble("sendMessage", error(429, "Too Many Requests: retry after 1", retry_after=1))
    async with staff_process(server, tmp_path) as process:
        await process.draft()
        await until(process.posted)
        assert len(process.posted()) == 1
