"""Work in the console through a browser: half-typed text, drafts, alerts, charts, incidents."""

import re
from datetime import timedelta

import pytest
from playwright.async_api import expect

from core.model.events import EventKind
from core.model.outbox import ReplyState
from tests.browser.conftest import OpenTab
from tests.browser.console_pages import live, open_page
from tests.console.running import CHAT, RunningConsole
from tests.console.seeds import (
    add_alert,
    add_incident,
    add_mention,
    event,
    reply,
    ticket,
)

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_half_typed_text_survives_updates_and_reloads(
    console: RunningConsole, tabs: OpenTab
) -> None:
    what = event("1", "面包发霉了", channel=CHAT, kind=EventKind.MESSAGE, solicited=True)
    await add_mention(console.store, what, ticket=ticket("T-1", what))
    async with tabs() as context:
        page = await open_page(context, console, "/tickets/T-1")
        await live(page)
        box = page.locator("#reply-text")
        await box.fill("写到一半")
        found = await console.store.tickets.get("T-1")
        assert found is not None
        console.bus.publish(found)
        await expect(page.locator("#thread")).to_contain_text("面包发霉了")
        await expect(box).to_have_value("写到一半")
        await page.reload()
        await expect(box).to_have_value("写到一半")
        await box.press("Control+Enter")
        await expect(page.locator(".notice.good")).to_be_visible()
        await expect(page.locator(".line.out")).to_contain_text("写到一半")
        await expect(box).to_have_value("")
        await expect(box).to_be_focused()
        await page.reload()
        await expect(box).to_have_value("")


async def test_a_reply_that_fails_to_send_stays_in_the_box(
    console: RunningConsole, tabs: OpenTab
) -> None:
    what = event("1", "面包发霉了")
    await add_mention(console.store, what, ticket=ticket("T-1", what))
    async with tabs(expected=("ERR_FAILED", "htmx:")) as context:
        page = await open_page(context, console, "/tickets/T-1")
        await page.route("**/reply", lambda route: route.abort())
        await page.locator("#reply-text").fill("马上退款")
        await page.get_by_role("button", name="发送").click()
        await expect(page.locator("#toast")).to_contain_text("还在")
        await expect(page.locator("#reply-text")).to_have_value("马上退款")


async def test_the_deadline_ticks_by_the_servers_clock(
    console: RunningConsole, tabs: OpenTab
) -> None:
    what = event("1", "面包发霉了")
    due = console.clock.now() + timedelta(seconds=2)
    await add_mention(console.store, what, ticket=ticket("T-1", what, due_at=due))
    async with tabs() as context:
        page = await open_page(context, console, "/tickets")
        await expect(page.locator("#t-T-1 .sla.soon")).to_contain_text("剩 00:0")
        await expect(page.locator("#t-T-1 .sla.late")).to_contain_text("逾期 00:0")


async def test_a_draft_is_rewritten_and_sent(console: RunningConsole, tabs: OpenTab) -> None:
    what = event("1", "面包发霉了", channel=CHAT, kind=EventKind.MESSAGE)
    await add_mention(console.store, what, replies=(reply("d-1", what, "抱歉"),))
    async with tabs() as context:
        page = await open_page(context, console, "/drafts")
        await page.locator("textarea").fill("非常抱歉，马上退款")
        await page.get_by_role("button", name="批准并发送").click()
        await expect(page.locator("#toast")).to_contain_text("已批准")
        await expect(page.get_by_text("没有等待批准的草稿")).to_be_visible()
        await page.goto(f"{console.url}/mentions/1")
        await expect(page.locator(".replies")).to_contain_text("已发送")
    about = await console.store.mentions.get(1)
    assert about is not None
    assert [(r.text, r.state) for r in about.replies] == [("非常抱歉，马上退款", ReplyState.SENT)]


async def test_an_alert_appears_live_and_is_acknowledged(
    console: RunningConsole, tabs: OpenTab
) -> None:
    async with tabs() as context:
        page = await open_page(context, console, "/alerts")
        await live(page)
        console.bus.publish(await add_alert(console.store, "a-1", title="面包发霉"))
        await expect(page.locator("#banner")).to_contain_text("面包发霉")
        await expect(page.locator(".menu [data-figure=firing_alerts]")).to_have_text("1")
        await page.get_by_role("button", name="我来处理").click()
        await expect(page.locator("#alerts")).to_contain_text("处理中")
        await expect(page.locator("#banner")).to_contain_text("负责人 值班人员")
        await expect(page.locator(".menu [data-figure=firing_alerts]")).to_have_text("")


async def test_the_chart_is_drawn_and_follows_the_theme(
    console: RunningConsole, tabs: OpenTab
) -> None:
    await add_mention(console.store, event("1", "面包", posted_at=console.clock.now()))
    async with tabs() as context:
        page = await open_page(context, console, "/figures")
        await expect(page.locator("#chart canvas")).to_be_visible()
        await expect(page.locator("#chart-note")).to_have_text("共 1 条。")
        await page.emulate_media(color_scheme="dark")
        await expect(page.locator("#chart canvas")).to_have_count(1)
        await page.get_by_role("link", name="7 天").click()
        await expect(page.locator("#chart canvas")).to_be_visible()


async def test_the_keyboard_reaches_everything(console: RunningConsole, tabs: OpenTab) -> None:
    await add_mention(console.store, event("1", "面包发霉了"))
    async with tabs() as context:
        page = await open_page(context, console, "/")
        await page.keyboard.press("Tab")
        await expect(page.locator(".skip")).to_be_focused()
        seen: list[str] = []
        for _ in range(20):
            await page.keyboard.press("Tab")
            seen.append(await page.evaluate("document.activeElement.id"))
            if seen[-1] == "m-1-link":
                break
        assert {"text", "m-1-link"} <= set(seen)
        outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile("/mentions/1$"))


async def test_a_tab_catches_up_after_a_lost_connection(
    console: RunningConsole, tabs: OpenTab
) -> None:
    async with tabs(expected=("ERR_", "WebSocket")) as context:
        page = await open_page(context, console, "/")
        await live(page)
        await page.evaluate("window.tingfeng.drop()")
        await expect(page.locator("#live-state")).to_have_attribute("data-state", "off")
        await add_mention(console.store, event("1", "断线时来的"))
        await live(page)
        await expect(page.locator("#mentions")).to_contain_text("断线时来的")


async def test_an_incident_is_watched_taken_and_answered(
    console: RunningConsole, tabs: OpenTab
) -> None:
    incident = await add_incident(console.store, mentions=3)
    now = console.clock.now()
    seqs = []
    for number in range(3):
        what = event(
            f"p{number}",
            f"吐司发霉了，太恶心，第{number}次",
            posted_at=now - timedelta(hours=3 - number),
        )
        seqs.append((await add_mention(console.store, what)).seq)
    await console.store.incidents.assign(seqs, incident.id)
    async with tabs() as context:
        board = await open_page(context, console, "/incidents")
        await live(board)
        await expect(board.locator("#curve canvas")).to_be_visible()
        page = await open_page(context, console, f"/incidents/{incident.id}")
        await live(page)
        await expect(page.locator("#curve canvas")).to_be_visible()
        await expect(page.locator("#curve-figures dt")).to_have_text(
            ["1 小时后", "3 小时后", "6 小时后", "24 小时后", "满 7 天"]
        )
        await expect(page.locator("#curve-figures dd").nth(-2)).to_have_text("120")
        await expect(page.locator("#curve-figures dd").last).to_have_text("80–200")
        text = page.locator("textarea[name=text]")
        await text.fill("正在核实")
        await page.locator("button", has_text="由我负责").click()
        await expect(page.locator(".timeline")).to_contain_text("认领")
        await expect(text).to_have_value("正在核实")
        await expect(board.locator("#board")).to_contain_text("值班人员")
        # The page may fetch itself anew before the notice is looked for.
        async with page.expect_response(lambda one: one.request.method == "POST") as answered:
            await page.locator("button", has_text="保存口径").click()
        assert "口径已保存" in await (await answered.value).text()
        await page.locator("button", has_text="暂停自动回复").click()
        await expect(page.locator(".incident-head .paused")).to_be_visible()
        stored = await console.store.incidents.get(incident.id)
        assert stored is not None
        assert (stored.statement, stored.owner) == ("正在核实", "staff")
