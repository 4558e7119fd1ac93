"""The console in a real browser: nothing inline, nothing lost, nothing that jumps."""

import re

import pytest
from playwright.async_api import expect

from core.model.health import Health
from tests.browser.conftest import OpenTab
from tests.browser.console_pages import live, open_page
from tests.console.pages import EVIL, fill, page_paths
from tests.console.running import RunningConsole
from tests.console.seeds import (
    add_dead_letters,
    add_mention,
    event,
    judgement,
)

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_every_page_obeys_the_content_policy_in_both_languages(
    console: RunningConsole, tabs: OpenTab
) -> None:
    await fill(console.store, EVIL)
    await add_dead_letters(console.store)
    console.health.append(
        Health(name="weibo", status="retrying", since=console.clock.now(), reason=EVIL)
    )
    for locale in ("zh-CN", "en-US"):
        async with tabs(locale=locale) as context:
            for path in await page_paths(console):
                page = await open_page(context, console, path)
                if path != "/chat":
                    await live(page)
                assert await page.locator("script:not([src])").count() == 0
                await page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1440])
async def test_no_page_is_wider_than_its_window(
    console: RunningConsole, tabs: OpenTab, width: int, scheme: str
) -> None:
    await fill(console.store, "W" * 300)
    await add_dead_letters(console.store)
    async with tabs(
        locale="en-US", viewport={"width": width, "height": 844}, color_scheme=scheme
    ) as context:
        for path in await page_paths(console):
            page = await open_page(context, console, path)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
            banner = page.locator(".banner")
            if path != "/chat":
                await live(page)
                box = await banner.bounding_box()
                assert box is not None
                assert box["height"] == 34, path
            await page.close()


async def test_mentions_stream_in_and_filters_hold(console: RunningConsole, tabs: OpenTab) -> None:
    async with tabs() as context:
        page = await open_page(context, console, "/?sentiment=negative")
        await live(page)
        await expect(page.get_by_text("没有符合条件")).to_be_visible()
        bad = await add_mention(console.store, event("1", "面包发霉了"))
        good = await add_mention(
            console.store, event("2", "草莓很新鲜"), judged=judgement("positive")
        )
        console.bus.publish(bad)
        console.bus.publish(good)
        await expect(page.locator("#mentions .card")).to_have_count(1)
        await expect(page.locator("#mentions")).to_contain_text("面包发霉了")
        await page.get_by_text("正面", exact=True).click()
        await expect(page.locator("#mentions")).to_contain_text("草莓很新鲜")
        assert page.url.endswith("/?sentiment=positive")
        await page.locator("#text").fill("面包")
        await expect(page.locator("#mentions .card")).to_have_count(0)
        await page.get_by_role("group", name="情绪").get_by_text("全部").click()
        await expect(page.locator("#mentions")).to_contain_text("面包发霉了")


async def test_new_mentions_do_not_move_the_list_under_the_pointer(
    console: RunningConsole, tabs: OpenTab
) -> None:
    for number in range(3):
        await add_mention(console.store, event(str(number), f"旧的第{number}条"))
    async with tabs() as context:
        page = await open_page(context, console, "/")
        await live(page)
        first = page.locator("#mentions .card").first
        await first.hover()
        before = await first.bounding_box()
        console.bus.publish(await add_mention(console.store, event("new", "新来的")))
        pill = page.locator("#show-new")
        await expect(pill).to_have_text("有 1 条新内容")
        assert await page.locator("#m-3").bounding_box() == before
        await pill.click()
        await expect(first).to_contain_text("新来的")
        await expect(pill).to_be_hidden()


async def test_a_mention_opens_beside_the_list_and_has_an_address(
    console: RunningConsole, tabs: OpenTab
) -> None:
    for number in range(2):
        await add_mention(console.store, event(str(number), f"第{number}条面包"))
    async with tabs() as context:
        page = await open_page(context, console, "/?sentiment=negative")
        await page.locator("#m-1 a").click()
        await expect(page.locator("#detail")).to_contain_text("第0条面包")
        assert page.url.endswith("/mentions/1?sentiment=negative")
        await expect(page.locator("#m-1 a")).to_have_attribute("aria-current", "true")
        await page.reload()
        await expect(page.locator("#detail")).to_contain_text("第0条面包")
        await page.go_back()
        await expect(page).to_have_url(re.compile(r"/\?sentiment=negative$"))
        await expect(page.locator("#m-2 a")).to_have_attribute("aria-current", "true")
        await live(page)


async def test_on_a_phone_list_and_entry_are_shown_in_turn(
    console: RunningConsole, tabs: OpenTab
) -> None:
    await add_mention(console.store, event("1", "面包发霉了"))
    async with tabs(viewport={"width": 390, "height": 844}) as context:
        page = await open_page(context, console, "/")
        await expect(page.locator("#detail")).to_be_hidden()
        await page.locator("#m-1 a").click()
        await expect(page.locator("#detail")).to_be_visible()
        await expect(page.locator("#mentions")).to_be_hidden()
        await page.get_by_text("返回列表").click()
        await expect(page.locator("#mentions")).to_be_visible()
        await live(page)
        await page.get_by_role("button", name="筛选").click()
        await expect(page.locator("#filters").get_by_text("正面", exact=True)).to_be_visible()
