"""Actions of staff: take, reply, resolve, approve, reject, acknowledge, try again."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest

from core.model.events import EventKind, Page
from core.model.outbox import Reply, ReplyResult, ReplyState
from core.model.tickets import Ticket, TicketState
from core.repositories import Store
from core.runtime.bus import ConversationUpdated
from storage.sqlite.store import SqliteStore
from tests.console.running import RunningConsole, open_console, over
from tests.console.seeds import add_mention, event, reply, ticket
from tests.console.staff_forms import DETAIL, post, published
from tests.driven_clock import WATCHDOG_SECONDS

KEY = "0123456789abcdef0123"


async def with_ticket(store: SqliteStore) -> Ticket:
    what = event("1", "面包发霉了")
    await add_mention(store, what, ticket=ticket("T-1", what))
    found = await store.tickets.get("T-1")
    assert found is not None
    return found


class TestReply:
    async def test_is_put_into_the_outbox_and_answers_the_ticket(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        before = await with_ticket(console.store)
        changes = console.bus.subscribe()
        status, html, headers = await post(
            browser, "/tickets/T-1/reply", DETAIL, text=" 马上为您退款\r\n谢谢 ", key=KEY
        )
        assert status == 200
        assert headers["X-Tingfeng-Kept"] == "done"
        assert "已交付发送" in html
        (sent,) = await console.store.outbox.claim("weibo", 9, console.clock.now())
        assert sent.text == "马上为您退款\n谢谢"
        assert (sent.by, sent.ticket, sent.mention) == ("staff", "T-1", before.mention)
        assert (sent.target.conversation, sent.target.reply_to) == ("conversation-1", "1")
        after = await console.store.tickets.get("T-1")
        assert after is not None
        assert (after.state, after.owner) == (TicketState.WAITING, "staff")
        assert after.answered_at is not None
        assert console.notified == ["outbox"]
        assert {type(change) for change in published(changes)} == {
            Reply,
            Ticket,
            ConversationUpdated,
        }

    async def test_sent_twice_with_one_key_is_one_reply(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await with_ticket(console.store)
        await post(browser, "/tickets/T-1/reply", DETAIL, text="马上", key=KEY)
        status, html, headers = await post(
            browser, "/tickets/T-1/reply", DETAIL, text="另一句", key=KEY
        )
        assert status == 409
        assert headers["X-Tingfeng-Kept"] == ""
        assert "没有重复发送" in html
        assert KEY not in html
        assert len(await console.store.outbox.claim("weibo", 9, console.clock.now())) == 1

    async def test_to_a_private_message_has_no_post_as_target(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        what = event("1", "你好", kind=EventKind.MESSAGE, solicited=True)
        await add_mention(console.store, what, ticket=ticket("T-1", what))
        await post(browser, "/tickets/T-1/reply", DETAIL, text="您好", key=KEY)
        (sent,) = await console.store.outbox.claim("weibo", 9, console.clock.now())
        assert (sent.target.reply_to, sent.target.author) == (None, "author-1")
        assert sent.target.solicited

    async def test_for_a_ticket_without_a_mention_targets_its_conversation(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        what = event("1", "你好")
        first = reply("bot-1", what, "您好", state=ReplyState.PENDING)
        assert await console.store.outbox.add(first, ticket=ticket("T-9", what))
        await post(browser, "/tickets/T-9/reply", DETAIL, text="您好", key=KEY)
        sent = await console.store.outbox.claim("weibo", 9, console.clock.now())
        assert [r.target.conversation for r in sent] == ["conversation-1", "conversation-1"]

    @pytest.mark.parametrize(
        ("text", "key"),
        [("", KEY), (" \x00 ", KEY), ("长" * 5001, KEY), ("好", "short"), ("好", "")],
    )
    async def test_that_is_empty_or_too_long_is_refused_with_a_reason(
        self, console: RunningConsole, browser: aiohttp.ClientSession, text: str, key: str
    ) -> None:
        await with_ticket(console.store)
        status, html, headers = await post(
            browser, "/tickets/T-1/reply", DETAIL, text=text, key=key
        )
        assert status == 422
        assert 'class="notice bad"' in html
        assert headers["X-Tingfeng-Kept"] == ""
        assert await console.store.outbox.claim("weibo", 9, console.clock.now()) == []

    async def test_works_without_scripts(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await with_ticket(console.store)
        status, _, headers = await post(browser, "/tickets/T-1/reply", text="好", key=KEY)
        assert (status, headers["Location"]) == (303, "/tickets/T-1")
        status, html, _ = await post(browser, "/tickets/T-1/reply", text="好", key=KEY)
        assert status == 409
        assert "<html" in html

    async def test_is_shown_while_pending_and_after_a_failure(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await with_ticket(console.store)
        _, html, _ = await post(browser, "/tickets/T-1/reply", DETAIL, text="马上退款", key=KEY)
        assert "等待发送" in html
        (sent,) = await console.store.outbox.claim("weibo", 9, console.clock.now())
        await console.store.outbox.finish(
            [ReplyResult(key=sent.key, state=ReplyState.REJECTED, reason="gate: frozen: 发霉")]
        )
        async with browser.get("/tickets/T-1/thread") as answer:
            html = await answer.text()
        assert "⚠ 未发送 · 自动回复已暂停：发霉" in html
        assert "马上退款" in html


class TestTicket:
    async def test_can_be_taken_under_a_name(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await with_ticket(console.store)
        status, _, headers = await post(browser, "/me", name=" 李雯 ")
        assert (status, headers["Location"]) == (303, "/system")
        assert quote("李雯") in headers["Set-Cookie"]
        assert "HttpOnly" in headers["Set-Cookie"]
        status, html, _ = await post(browser, "/tickets/T-1/take", DETAIL)
        assert status == 200
        assert "李雯" in html
        found = await console.store.tickets.get("T-1")
        assert found is not None
        assert found.owner == "李雯"

    async def test_can_be_resolved(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await with_ticket(console.store)
        changes = console.bus.subscribe()
        status, _, headers = await post(browser, "/tickets/T-1/resolve")
        assert (status, headers["Location"]) == (303, "/tickets/T-1")
        found = await console.store.tickets.get("T-1")
        assert found is not None
        assert (found.state, found.owner) == (TicketState.RESOLVED, "staff")
        assert {type(change) for change in published(changes)} == {Ticket, ConversationUpdated}

    async def test_changed_by_a_colleague_is_a_conflict_and_shown_afresh(
        self, tmp_path: Path
    ) -> None:
        stale: list[Ticket] = []

        def wrap(store: SqliteStore) -> Store:
            async def read(number: str) -> Ticket | None:
                return stale.pop() if stale else await store.tickets.get(number)

            return over(store, {"tickets.get": read})

        async with (
            open_console(tmp_path, wrap=wrap) as console,
            aiohttp.ClientSession(console.url, headers={"Accept-Language": "zh"}) as browser,
        ):
            before = await with_ticket(console.store)
            await console.store.tickets.save(replace(before, owner="王强"), was=before)
            stale.append(before)
            status, html, _ = await post(browser, "/tickets/T-1/take", DETAIL)
        assert status == 409
        assert "王强" in html
        assert "刚刚有同事改了" in html

    async def test_with_an_unknown_number_is_not_found(
        self, browser: aiohttp.ClientSession
    ) -> None:
        for act in ("take", "resolve", "reply"):
            status, _, _ = await post(browser, f"/tickets/T-404/{act}", text="x", key=KEY)
            assert status == 404

    async def test_shows_the_lines_of_its_conversation(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        what = event("1", "你好", kind=EventKind.MESSAGE, channel="webchat")
        await add_mention(console.store, what, ticket=ticket("T-1", what))
        changes = console.bus.subscribe()
        await post(browser, "/tickets/T-1/reply", DETAIL, text="您好，我是人工", key=KEY)
        async with asyncio.timeout(WATCHDOG_SECONDS):
            async for _ in changes:
                lines = await console.store.conversations.lines("webchat", what.conversation)
                if len(lines) == 2:
                    break
        async with browser.get("/tickets/T-1") as answer:
            html = await answer.text()
        assert re.search(r'class="line in".*?你好', html, re.DOTALL)
        assert re.search(r'class="line out".*?您好，我是人工', html, re.DOTALL)

    async def test_shows_only_the_newest_lines_of_a_very_long_conversation(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        what = event("0", "第0句。", kind=EventKind.MESSAGE)
        await add_mention(console.store, what, ticket=ticket("T-1", what))
        more = (replace(what, id=str(n), text=f"第{n}句。") for n in range(1, 2601))
        await console.store.events.accept("weibo", Page(events=tuple(more)))
        async with browser.get("/tickets/T-1/thread") as answer:
            html = await answer.text()
        assert "第2600句。" in html
        assert "第600句。" not in html
        assert html.count('class="line in"') == 2000
        assert "较早的对话没有显示" in html
