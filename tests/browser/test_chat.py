"""The web chat in a real browser: sent once, answered live, and a reload loses nothing."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import FrameLocator, Page, Route, WebSocketRoute, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route as WebRoute

from connectors.webchat.settings import WebchatSettings
from console.pages import chat as chat_pages
from core.errors import StoreError
from core.model.outbox import Reply, ReplyState, Target
from tests.browser.conftest import OpenTab
from tests.console.running import CHAT, RunningConsole, open_console, serving
from tests.console.seeds import add_mention, event, ticket

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>"


async def conversation(console: RunningConsole) -> str:
    """Id of the only conversation there is."""
    (found,) = {item.event.conversation for item in await console.store.events.claim(100)}
    return found


async def answer(console: RunningConsole, where: str, text: str, by: str = "bot") -> None:
    await console.store.outbox.add(
        Reply(
            key=f"{by}-{text}",
            target=Target(channel=CHAT, conversation=where),
            text=text,
            state=ReplyState.PENDING,
            language="zh",
            by=by,
            created_at=console.clock.now(),
        )
    )
    console.dispatcher.wake()


async def say(page: Page, text: str) -> None:
    await page.locator("#text").fill(text)
    await page.locator("#text").press("Enter")


async def test_a_shopper_asks_and_is_answered(console: RunningConsole, tabs: OpenTab) -> None:
    async with tabs() as context:
        page = await context.new_page()
        await page.goto(f"{console.url}/chat")
        await expect(page.locator(".greeting")).to_contain_text("您好")
        await say(page, "你们几点关门")
        await expect(page.locator(".bubble.in")).to_contain_text("已送达")
        where = await conversation(console)
        await answer(console, where, f"我们 22:00 关门 {EVIL}")
        await expect(page.locator(".bubble.out.bot")).to_contain_text(EVIL)
        await answer(console, where, "我来帮您", by="李雯")
        await expect(page.locator(".bubble.out.person")).to_contain_text("人工客服")
        await page.reload()
        await expect(page.locator(".bubble")).to_have_count(3)
        assert await page.locator(".bubble img, .bubble script").count() == 0
        assert "李雯" not in await page.content()


async def test_english_browsers_get_english(console: RunningConsole, tabs: OpenTab) -> None:
    async with tabs(locale="en-US") as context:
        page = await context.new_page()
        await page.goto(f"{console.url}/chat")
        await say(page, "What time do you close?")
        await expect(page.locator(".bubble.in")).to_contain_text("Delivered")
        await page.get_by_role("link", name="中文").click()
        await expect(page.locator(".bubble.in")).to_contain_text("已送达")


async def test_the_agents_reply_reaches_the_open_chat(
    console: RunningConsole, tabs: OpenTab
) -> None:
    async with tabs() as shopper, tabs() as staff:
        chat = await shopper.new_page()
        await chat.goto(f"{console.url}/chat")
        await say(chat, "面包发霉了，要退款")
        await expect(chat.locator(".bubble.in")).to_contain_text("已送达")
        where = await conversation(console)
        what = event("t", "面包发霉了，要退款", channel=CHAT, conversation=where)
        mention = await add_mention(console.store, what, ticket=ticket("T-1001", what))
        agent = await staff.new_page()
        await agent.goto(f"{console.url}/tickets/T-1001")
        await expect(agent.locator(".line.in")).to_contain_text("面包发霉了")
        await agent.locator("#reply-text").fill("马上为您退款")
        await agent.get_by_role("button", name="发送").click()
        await expect(chat.locator(".bubble.person")).to_contain_text("马上为您退款")
        await expect(agent.locator(".line.out:not(.pending)")).to_contain_text("马上为您退款")
        await say(chat, "谢谢")
        await expect(agent.locator(".line.in").last).to_contain_text("谢谢")
    assert mention.event.channel == CHAT


async def test_offline_messages_are_sent_once_after_reconnect(
    tmp_path: Path, tabs: OpenTab
) -> None:
    async with tabs(expected=("WebSocket", "ERR_")) as context:
        page = await context.new_page()
        async with open_console(tmp_path) as console:
            port = int(console.url.rpartition(":")[2])
            await page.goto(f"{console.url}/chat")
            await say(page, "第一句")
            await expect(page.locator(".bubble.in")).to_contain_text("已送达")
        await expect(page.locator("#state")).to_have_attribute("data-state", "off")
        await say(page, "断线时写的")
        await expect(page.locator(".bubble.pending")).to_contain_text("发送中")
        await page.locator("#text").fill("写到一半")
        async with open_console(tmp_path, port=port) as console:
            await expect(page.locator(".bubble.in")).to_have_count(2)
            await expect(page.locator(".bubble.in").last).to_contain_text("已送达", timeout=20_000)
            await expect(page.locator("#text")).to_have_value("写到一半")
            await page.reload()
            await expect(page.locator(".bubble.in")).to_have_count(2)
            await expect(page.locator("#text")).to_have_value("写到一半")
            items = await console.store.events.claim(10)
            assert [item.event.text for item in items] == ["第一句", "断线时写的"]


async def test_text_typed_before_the_script_loads_is_kept(
    console: RunningConsole, tabs: OpenTab
) -> None:
    async def late(route: Route) -> None:
        await page.locator("#text").fill("很着急")
        await route.continue_()

    async with tabs() as context:
        page = await context.new_page()
        await page.route("**/static/chat.js*", late)
        await page.goto(f"{console.url}/chat")
        await expect(page.locator("#state")).to_have_attribute("data-state", "on")
        await expect(page.locator("#text")).to_have_value("很着急")


async def test_repeated_messages_are_shown_once(console: RunningConsole, tabs: OpenTab) -> None:
    def twice(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            socket.send(message)
            socket.send(message)

        server.on_message(pass_on)

    async with tabs() as context:
        page = await context.new_page()
        await page.route_web_socket("**/chat/ws*", twice)
        await page.goto(f"{console.url}/chat")
        await say(page, "你好")
        await expect(page.locator(".bubble.in")).to_contain_text("已送达")
        await answer(console, await conversation(console), "您好")
        await expect(page.locator(".bubble.out")).to_contain_text("您好")
        await say(page, "再见")
        await expect(page.locator(".bubble.in").last).to_contain_text("再见")
        await expect(page.locator(".bubble")).to_have_count(3)


async def test_messages_over_the_rate_limit_are_sent_later(tmp_path: Path, tabs: OpenTab) -> None:
    settings = WebchatSettings(burst=1, per_second=1)
    async with open_console(tmp_path, chat_settings=settings) as console, tabs() as context:
        page = await context.new_page()
        await page.goto(f"{console.url}/chat")
        await say(page, "一")
        await say(page, "二")
        await expect(page.locator(".bubble.in").last).to_contain_text("稍后自动重发")
        await expect(page.locator(".bubble.pending:not(.delivered)")).to_have_count(0)
        await expect(page.locator("#problem")).to_be_hidden()
        assert len(await console.store.events.claim(10)) == 2


async def test_messages_wait_for_the_one_before(tmp_path: Path, tabs: OpenTab) -> None:
    """Ten lines in a row, with a limit that lets one pass a second, are stored as written."""
    settings = WebchatSettings(burst=2, per_second=4)
    wrote = [f"第{place}句" for place in range(10)]
    async with open_console(tmp_path, chat_settings=settings) as console, tabs() as context:
        page = await context.new_page()
        await page.goto(f"{console.url}/chat")
        await expect(page.locator("#state")).to_have_attribute("data-state", "on")
        for text in wrote:
            await say(page, text)
        await expect(page.locator(".bubble.pending:not(.delivered)")).to_have_count(0)
        items = await console.store.events.claim(20)
        assert [item.event.text for item in items] == wrote
        await page.reload()
        assert await page.locator(".bubble.in p").all_text_contents() == wrote


async def test_messages_wait_through_an_outage_of_the_store(
    tmp_path: Path, tabs: OpenTab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every other try fails, so that a timer for each message would mix them up."""
    monkeypatch.setattr(chat_pages, "STORE_RETRY_SECONDS", 1)
    wrote = [f"第{place}句" for place in range(4)]
    async with open_console(tmp_path) as console, tabs() as context:
        store, tries = console.chat.receive, itertools.count()

        async def failing(visitor: str, name: str, text: str) -> None:
            if next(tries) % 2 == 0:
                raise StoreError("disk I/O error")
            await store(visitor, name, text)

        monkeypatch.setattr(console.chat, "receive", failing)
        page = await context.new_page()
        await page.goto(f"{console.url}/chat")
        await expect(page.locator("#state")).to_have_attribute("data-state", "on")
        for text in wrote:
            await say(page, text)
        await expect(page.locator(".bubble.pending:not(.delivered)")).to_have_count(0)
        items = await console.store.events.claim(20)
        assert [item.event.text for item in items] == wrote


async def test_a_refused_message_does_not_hold_up_those_behind_it(
    tmp_path: Path, tabs: OpenTab
) -> None:
    settings = WebchatSettings(longest=5, burst=2, per_second=4)
    async with open_console(tmp_path, chat_settings=settings) as console, tabs() as context:
        page = await context.new_page()
        await page.goto(f"{console.url}/chat")
        for text in ("一", "这一句太长了", "二", "三", "四"):
            await say(page, text)
        await expect(page.locator(".bubble.pending:not(.delivered):not(.refused)")).to_have_count(0)
        items = await console.store.events.claim(20)
        assert [item.event.text for item in items] == ["一", "二", "三", "四"]


async def test_a_refused_message_returns_to_the_box(tmp_path: Path, tabs: OpenTab) -> None:
    settings = WebchatSettings(longest=5)
    async with open_console(tmp_path, chat_settings=settings) as console, tabs() as context:
        page = await context.new_page()
        await page.goto(f"{console.url}/chat")
        await say(page, "这一句太长了")
        await expect(page.locator("#problem")).to_contain_text("最多 5 个")
        await expect(page.locator(".bubble.refused")).to_contain_text("未发送")
        await expect(page.locator("#text")).to_have_value("这一句太长了")


async def test_a_broken_secret_is_replaced(console: RunningConsole, tabs: OpenTab) -> None:
    async with tabs(expected=("WebSocket",)) as context:
        page = await context.new_page()
        await page.goto(f"{console.url}/chat")
        await page.evaluate("localStorage.setItem('tingfeng-visitor', 'broken')")
        await page.reload()
        await say(page, "你好")
        await expect(page.locator(".bubble.in")).to_contain_text("已送达")
        secret = await page.evaluate("localStorage.getItem('tingfeng-visitor')")
        assert len(secret) == 43


async def test_works_where_storage_is_blocked(console: RunningConsole, tabs: OpenTab) -> None:
    async with tabs() as context:
        page = await context.new_page()
        await page.add_init_script(
            "Storage.prototype.getItem = Storage.prototype.setItem = () => { throw new Error(); };"
        )
        await page.goto(f"{console.url}/chat")
        await say(page, "你好")
        await expect(page.locator(".bubble.in")).to_contain_text("已送达")
        await expect(page.locator("#notice")).to_contain_text("刷新后这段对话会消失")


async def test_storage_that_fills_up_is_told(console: RunningConsole, tabs: OpenTab) -> None:
    async with tabs() as context:
        page = await context.new_page()
        await page.goto(f"{console.url}/chat")
        await say(page, "你好")
        await expect(page.locator(".bubble.in")).to_contain_text("已送达")
        await page.evaluate(
            "void (Storage.prototype.setItem = function () { throw new Error('full'); })"
        )
        await expect(page.locator("#notice")).to_be_hidden()
        await say(page, "还在吗")
        await expect(page.locator(".bubble.in").last).to_contain_text("已送达")
        await expect(page.locator("#notice")).to_contain_text("刷新后这段对话会消失")


@pytest.mark.parametrize("late", ["ack", "lines"])
async def test_a_message_that_arrived_is_not_stored_again(
    console: RunningConsole, tabs: OpenTab, late: str
) -> None:
    """Acknowledgement and line come in any order: the later one has nothing to store."""
    held: list[tuple[WebSocketRoute, str | bytes]] = []
    arrived, is_released = asyncio.Event(), False

    def delay(socket: WebSocketRoute) -> None:
        def pass_on(message: str | bytes) -> None:
            found = json.loads(message)
            if is_released or found["type"] != late or found.get("lines") == []:
                socket.send(message)
            else:
                held.append((socket, message))
                arrived.set()

        socket.connect_to_server().on_message(pass_on)

    async with tabs() as context:
        page = await context.new_page()
        await page.route_web_socket("**/chat/ws*", delay)
        await page.goto(f"{console.url}/chat")
        await say(page, "你好")
        await expect(page.locator(".bubble.in")).to_contain_text("已送达")
        await page.evaluate(
            "window.writes = 0; void (Storage.prototype.setItem = function () {"
            " window.writes += 1; throw new Error('full'); })"
        )
        await arrived.wait()
        is_released = True
        for socket, message in held:
            socket.send(message)
        await answer(console, await conversation(console), "您好")
        await expect(page.locator(".bubble.out")).to_contain_text("您好")
        assert await page.evaluate("window.writes") == 0
        await expect(page.locator("#notice")).to_be_hidden()


@asynccontextmanager
async def brand_site(folder: Path) -> AsyncIterator[tuple[RunningConsole, str]]:
    """A console, and the brand's own site with the one line that embeds the chat.

    ``/bare`` has a frame with the chat, without the script.
    """
    waiting: list[str] = []

    async def home(_: Request) -> HTMLResponse:
        script = f'<script src="{waiting[0]}/chat.js" data-language="en" async></script>'
        return HTMLResponse(f"<!doctype html><html lang=en><title>Shop</title><p>Shop</p>{script}")

    async def bare(_: Request) -> HTMLResponse:
        frame = f'<iframe src="{waiting[0]}/chat?lang=en"></iframe>'
        return HTMLResponse(f"<!doctype html><html lang=en><title>Shop</title>{frame}")

    async with (
        serving(Starlette(routes=[WebRoute("/", home), WebRoute("/bare", bare)])) as site,
        open_console(folder, chat_origins=(site,)) as console,
    ):
        waiting.append(console.url)
        yield console, site


async def test_the_chat_opens_on_the_brands_own_site(tmp_path: Path, tabs: OpenTab) -> None:
    async with (
        brand_site(tmp_path) as (console, site),
        tabs(expected=("favicon", "404")) as context,
    ):
        page = await context.new_page()
        await page.goto(site)
        before = set(await page.evaluate("Object.keys(window)"))
        button = page.get_by_role("button", name="Chat with us")
        await button.click()
        frame = page.frame_locator("iframe")
        await expect(frame.locator("#state")).to_have_attribute("data-state", "on")
        await frame.locator("#text").fill("Hello")
        await frame.locator("#text").press("Enter")
        await expect(frame.locator(".bubble.in")).to_contain_text("Delivered")
        await button.click()
        await expect(page.locator("iframe")).to_be_hidden()
        await button.click()
        await expect(frame.locator(".bubble.in")).to_contain_text("Hello")
        assert "Tingfeng" in before
        assert (await console.store.events.counts()).pending == 1


BLOCKED = """
if (window !== window.top) {
  const refuse = () => { throw new DOMException("Access is denied", "SecurityError"); };
  Object.defineProperty(window, "localStorage", { get: refuse });
}
"""
"""A browser that blocks storage in frames of other sites: the property itself cannot be read."""
BLOCKED_EVERYWHERE = BLOCKED.replace("window !== window.top", "true")


async def open_chat_on(page: Page, site: str) -> FrameLocator:
    await page.goto(site)
    await page.get_by_role("button", name="Chat with us").click()
    frame = page.frame_locator("iframe")
    await expect(frame.locator("#state")).to_have_attribute("data-state", "on")
    return frame


async def test_a_blocked_frame_keeps_its_conversation_in_the_site_around_it(
    tmp_path: Path, tabs: OpenTab
) -> None:
    async with (
        brand_site(tmp_path) as (console, site),
        tabs(expected=("favicon", "404")) as context,
    ):
        page = await context.new_page()
        await page.add_init_script(BLOCKED)
        frame = await open_chat_on(page, site)
        await frame.locator("#text").fill("Where is my order?")
        await frame.locator("#text").press("Enter")
        await expect(frame.locator(".bubble.in")).to_contain_text("Delivered")
        await frame.locator("#text").fill("half typed")
        await expect(frame.locator("#notice")).to_be_hidden()
        frame = await open_chat_on(page, site)  # a reload
        await expect(frame.locator(".bubble.in")).to_contain_text("Where is my order?")
        await expect(frame.locator("#text")).to_have_value("half typed")
        await answer(console, await conversation(console), "It is on its way")
        await expect(frame.locator(".bubble.out")).to_contain_text("It is on its way")
        await expect(frame.locator("#notice")).to_be_hidden()


@pytest.mark.parametrize(("script", "path"), [(BLOCKED_EVERYWHERE, "/"), (BLOCKED, "/bare")])
async def test_a_frame_whose_conversation_cannot_be_kept_says_so(
    tmp_path: Path, tabs: OpenTab, script: str, path: str
) -> None:
    """The site around it is blocked as well, or has no script of ours to ask."""
    async with (
        brand_site(tmp_path) as (_, site),
        tabs(expected=("favicon", "404")) as context,
    ):
        page = await context.new_page()
        await page.add_init_script(script)
        await page.goto(f"{site}{path}")
        if path == "/":
            await page.get_by_role("button", name="Chat with us").click()
        frame = page.frame_locator("iframe")
        await expect(frame.locator("#notice")).to_contain_text("will be gone")
        await frame.locator("#text").fill("Hello")
        await frame.locator("#text").press("Enter")
        await expect(frame.locator(".bubble.in")).to_contain_text("Delivered")
        await expect(frame.locator("#notice")).to_contain_text("will be gone")


async def test_the_site_gets_nothing_to_keep_where_nothing_is_blocked(
    tmp_path: Path, tabs: OpenTab
) -> None:
    async with (
        brand_site(tmp_path) as (_, site),
        tabs(expected=("favicon", "404")) as context,
    ):
        page = await context.new_page()
        frame = await open_chat_on(page, site)
        await frame.locator("#text").fill("Hello")
        await frame.locator("#text").press("Enter")
        await expect(frame.locator(".bubble.in")).to_contain_text("Delivered")
        assert await page.evaluate("Object.keys(localStorage)") == []
        await page.evaluate(
            "window.postMessage({tingfeng: 'keep', name: 'tingfeng-visitor', value: 'x'})"
        )
        assert await page.evaluate("Object.keys(localStorage)") == []
