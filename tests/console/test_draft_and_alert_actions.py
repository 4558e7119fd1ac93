"""Drafts, alerts and dead letters: what staff do with them."""

import re

import aiohttp
import pytest

from core.model.alerts import Alert
from core.model.outbox import Reply
from tests.console.running import RunningConsole
from tests.console.seeds import add_alert, add_dead_letters, add_mention, event, reply
from tests.console.staff_forms import DETAIL, post, published


class TestDraft:
    async def add(self, console: RunningConsole) -> None:
        what = event("1", "面包发霉了")
        await add_mention(console.store, what, replies=(reply("d-1", what, "抱歉"),))

    async def test_is_sent_with_its_new_text_when_approved(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await self.add(console)
        changes = console.bus.subscribe()
        status, html, headers = await post(
            browser, "/drafts", DETAIL, key="d-1", text="非常抱歉", do="approve"
        )
        assert (status, headers["X-Tingfeng-Kept"]) == (200, "done")
        assert "已批准" in html
        (sent,) = await console.store.outbox.claim("weibo", 9, console.clock.now())
        assert (sent.text, sent.key) == ("非常抱歉", "d-1")
        assert console.notified == ["outbox"]
        assert {type(change) for change in published(changes)} == {Reply}

    async def test_is_cancelled_when_rejected(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await self.add(console)
        status, html, _ = await post(browser, "/drafts", DETAIL, key="d-1", text="", do="reject")
        assert status == 200
        assert "不会发送" in html
        assert await console.store.outbox.drafts() == []
        assert await console.store.outbox.claim("weibo", 9, console.clock.now()) == []

    async def test_can_be_settled_only_once(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await self.add(console)
        await post(browser, "/drafts", DETAIL, key="d-1", text="好", do="approve")
        status, html, _ = await post(browser, "/drafts", DETAIL, key="d-1", text="好", do="reject")
        assert status == 409
        assert "已被处理" in html
        assert len(await console.store.outbox.claim("weibo", 9, console.clock.now())) == 1

    async def test_with_an_unknown_key_is_a_conflict(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        status, _, _ = await post(browser, "/drafts", DETAIL, key="none", text="x", do="approve")
        assert status in {409, 503}
        assert console.notified == []

    @pytest.mark.parametrize("text", ["", "长" * 5001])
    async def test_without_a_valid_text_cannot_be_approved(
        self, console: RunningConsole, browser: aiohttp.ClientSession, text: str
    ) -> None:
        await self.add(console)
        for headers in (DETAIL, {}):
            status, html, _ = await post(
                browser, "/drafts", headers, key="d-1", text=text, do="approve"
            )
            assert status == 422
            assert 'class="notice bad"' in html
        assert len(await console.store.outbox.drafts()) == 1

    async def test_works_without_scripts(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await self.add(console)
        status, _, headers = await post(browser, "/drafts", key="d-1", text="好", do="approve")
        assert (status, headers["Location"]) == (303, "/drafts")

    async def test_refuses_an_unknown_action(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await self.add(console)
        status, _, _ = await post(browser, "/drafts", key="d-1", text="好", do="delete")
        assert status == 400

    async def test_without_a_mention_is_listed(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        what = event("1", "面包发霉了")
        assert await console.store.outbox.add(reply("d-2", what, "您好啊"))
        async with browser.get("/drafts") as answer:
            assert "您好啊" in await answer.text()


class TestAlert:
    async def test_can_be_acknowledged(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await add_alert(console.store, "a-1")
        changes = console.bus.subscribe()
        status, _, headers = await post(browser, "/alerts", key="a-1")
        assert (status, headers["Location"]) == (303, "/alerts")
        (found,) = await console.store.alerts.recent()
        assert (found.state, found.owner) == ("acknowledged", "staff")
        assert [type(change) for change in published(changes)] == [Alert]
        part = {"HX-Request": "true", "HX-Target": "alerts"}
        status, html, _ = await post(browser, "/alerts", part, key="a-1")
        assert status == 409
        assert "已有人处理" in html

    async def test_acknowledged_by_htmx_returns_the_list(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await add_alert(console.store, "a-1")
        part = {"HX-Request": "true", "HX-Target": "alerts"}
        status, html, _ = await post(browser, "/alerts", part, key="a-1")
        assert status == 200
        assert "处理中" in html
        assert "<html" not in html

    async def test_the_most_severe_is_the_banner_of_every_page(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await add_alert(console.store, "a-2", severity="P2", title="次要")
        await add_alert(console.store, "a-1", severity="P1", title="面包发霉")
        async with browser.get("/system") as answer:
            html = await answer.text()
        banner = html[html.index('id="banner"') : html.index("<main")]
        assert "面包发霉" in banner
        assert "次要" not in banner
        assert "另有 1 条" in banner


class TestDeadLetter:
    async def test_that_is_an_event_is_processed_again(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await add_dead_letters(console.store)
        async with browser.get("/system") as answer:
            html = await answer.text()
        assert "坏掉的" in html
        assert "not JSON" in html
        (number,) = re.findall(r'name="id" value="(\d+)"', html)
        status, _, headers = await post(browser, "/system/replay", id=number)
        assert (status, headers["Location"]) == (303, "/system")
        assert (await console.store.events.counts()).pending == 1
        assert console.notified[-1] == "outbox"

    @pytest.mark.parametrize(("number", "expected"), [("999", 409), ("x", 400), ("", 409)])
    async def test_that_is_no_event_is_refused_with_a_reason(
        self, browser: aiohttp.ClientSession, number: str, expected: int
    ) -> None:
        part = {"HX-Request": "true", "HX-Target": "system"}
        status, html, _ = await post(browser, "/system/replay", part, id=number)
        assert status == expected
        assert "Traceback" not in html


class TestForms:
    async def test_other_content_types_are_refused(self, browser: aiohttp.ClientSession) -> None:
        async with browser.post("/alerts", json={"key": "x"}) as answer:
            assert answer.status == 415
        async with browser.post("/alerts", data={"key": "x" * 70_000}) as answer:
            assert answer.status == 413
        many = "&".join(f"f{n}=1" for n in range(60))
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        async with browser.post("/alerts", data=many, headers=headers) as answer:
            assert answer.status == 400
        async with browser.post("/alerts", data=b"\xff\x00%zz=%ff", headers=headers) as answer:
            assert answer.status in {409, 503}
