"""What staff do: take, reply, resolve, approve, reject, acknowledge, try again."""

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest

from core.bus import ConversationUpdated
from core.events import EventKind, Page
from core.outbox import Reply, ReplyResult, ReplyState
from core.repositories import Store
from core.tickets import Ticket, TicketState
from storage.sqlite.store import SqliteStore
from tests.console.acting import PART, heard, post
from tests.console.house import House, open_house, over
from tests.console.seeds import add_mention, event, reply, ticket

KEY = "0123456789abcdef0123"


async def with_ticket(store: SqliteStore) -> Ticket:
    what = event("1", "面包发霉了")
    await add_mention(store, what, ticket=ticket("T-1", what))
    found = await store.tickets.get("T-1")
    assert found is not None
    return found


class TestReply:
    async def test_goes_into_the_outbox_and_answers_the_ticket(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        before = await with_ticket(house.store)
        changes = house.bus.subscribe()
        status, html, headers = await post(
            browser, "/tickets/T-1/reply", PART, text=" 马上为您退款\r\n谢谢 ", key=KEY
        )
        assert status == 200
        assert headers["X-Tingfeng-Kept"] == "done"
        assert "已交付发送" in html
        (sent,) = await house.store.outbox.claim("weibo", 9, house.clock.now())
        assert sent.text == "马上为您退款\n谢谢"
        assert (sent.by, sent.ticket, sent.mention) == ("staff", "T-1", before.mention)
        assert (sent.target.conversation, sent.target.reply_to) == ("conversation-1", "1")
        after = await house.store.tickets.get("T-1")
        assert after is not None
        assert (after.state, after.owner) == (TicketState.WAITING, "staff")
        assert after.answered_at is not None
        assert house.notified == ["outbox"]
        assert {type(change) for change in heard(changes)} == {Reply, Ticket, ConversationUpdated}

    async def test_the_same_form_twice_is_one_reply(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        await with_ticket(house.store)
        await post(browser, "/tickets/T-1/reply", PART, text="马上", key=KEY)
        status, html, headers = await post(
            browser, "/tickets/T-1/reply", PART, text="另一句", key=KEY
        )
        assert status == 409
        assert headers["X-Tingfeng-Kept"] == ""
        assert "没有重复发送" in html
        assert KEY not in html
        assert len(await house.store.outbox.claim("weibo", 9, house.clock.now())) == 1

    async def test_to_a_private_message_names_no_post(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        what = event("1", "你好", kind=EventKind.MESSAGE, solicited=True)
        await add_mention(house.store, what, ticket=ticket("T-1", what))
        await post(browser, "/tickets/T-1/reply", PART, text="您好", key=KEY)
        (sent,) = await house.store.outbox.claim("weibo", 9, house.clock.now())
        assert (sent.target.reply_to, sent.target.author) == (None, "author-1")
        assert sent.target.solicited

    async def test_of_a_ticket_without_a_mention_goes_to_its_conversation(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        what = event("1", "你好")
        first = reply("bot-1", what, "您好", state=ReplyState.PENDING)
        assert await house.store.outbox.add(first, ticket=ticket("T-9", what))
        await post(browser, "/tickets/T-9/reply", PART, text="您好", key=KEY)
        sent = await house.store.outbox.claim("weibo", 9, house.clock.now())
        assert [r.target.conversation for r in sent] == ["conversation-1", "conversation-1"]

    @pytest.mark.parametrize(
        ("text", "key"),
        [("", KEY), (" \x00 ", KEY), ("长" * 5001, KEY), ("好", "short"), ("好", "")],
    )
    async def test_that_cannot_be_sent_is_explained(
        self, house: House, browser: aiohttp.ClientSession, text: str, key: str
    ) -> None:
        await with_ticket(house.store)
        status, html, headers = await post(browser, "/tickets/T-1/reply", PART, text=text, key=key)
        assert status == 422
        assert 'class="notice bad"' in html
        assert headers["X-Tingfeng-Kept"] == ""
        assert await house.store.outbox.claim("weibo", 9, house.clock.now()) == []

    async def test_works_without_script(self, house: House, browser: aiohttp.ClientSession) -> None:
        await with_ticket(house.store)
        status, _, headers = await post(browser, "/tickets/T-1/reply", text="好", key=KEY)
        assert (status, headers["Location"]) == (303, "/tickets/T-1")
        status, html, _ = await post(browser, "/tickets/T-1/reply", text="好", key=KEY)
        assert status == 409
        assert "<html" in html

    async def test_is_shown_while_it_waits_and_when_it_failed(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        await with_ticket(house.store)
        _, html, _ = await post(browser, "/tickets/T-1/reply", PART, text="马上退款", key=KEY)
        assert "等待发送" in html
        (sent,) = await house.store.outbox.claim("weibo", 9, house.clock.now())
        await house.store.outbox.finish(
            [ReplyResult(key=sent.key, state=ReplyState.REJECTED, reason="gate: frozen")]
        )
        async with browser.get("/tickets/T-1/thread") as answer:
            html = await answer.text()
        assert "⚠ 未发送 · gate: frozen" in html
        assert "马上退款" in html


class TestTicket:
    async def test_is_taken_by_name(self, house: House, browser: aiohttp.ClientSession) -> None:
        await with_ticket(house.store)
        status, _, headers = await post(browser, "/me", name=" 李雯 ")
        assert (status, headers["Location"]) == (303, "/system")
        assert quote("李雯") in headers["Set-Cookie"]
        assert "HttpOnly" in headers["Set-Cookie"]
        status, html, _ = await post(browser, "/tickets/T-1/take", PART)
        assert status == 200
        assert "李雯" in html
        found = await house.store.tickets.get("T-1")
        assert found is not None
        assert found.owner == "李雯"

    async def test_is_resolved(self, house: House, browser: aiohttp.ClientSession) -> None:
        await with_ticket(house.store)
        changes = house.bus.subscribe()
        status, _, headers = await post(browser, "/tickets/T-1/resolve")
        assert (status, headers["Location"]) == (303, "/tickets/T-1")
        found = await house.store.tickets.get("T-1")
        assert found is not None
        assert (found.state, found.owner) == (TicketState.RESOLVED, "staff")
        assert {type(change) for change in heard(changes)} == {Ticket, ConversationUpdated}

    async def test_that_a_colleague_changed_is_shown_anew(self, tmp_path: Path) -> None:
        stale: list[Ticket] = []

        def wrap(store: SqliteStore) -> Store:
            async def read(number: str) -> Ticket | None:
                return stale.pop() if stale else await store.tickets.get(number)

            return over(store, {"tickets.get": read})

        async with (
            open_house(tmp_path, wrap=wrap) as house,
            aiohttp.ClientSession(house.url, headers={"Accept-Language": "zh"}) as browser,
        ):
            before = await with_ticket(house.store)
            await house.store.tickets.save(replace(before, owner="王强"), was=before)
            stale.append(before)
            status, html, _ = await post(browser, "/tickets/T-1/take", PART)
        assert status == 409
        assert "王强" in html
        assert "刚刚有同事改了" in html

    async def test_unknown(self, browser: aiohttp.ClientSession) -> None:
        for act in ("take", "resolve", "reply"):
            status, _, _ = await post(browser, f"/tickets/T-404/{act}", text="x", key=KEY)
            assert status == 404

    async def test_shows_its_conversation(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        what = event("1", "你好", kind=EventKind.MESSAGE, channel="webchat")
        await add_mention(house.store, what, ticket=ticket("T-1", what))
        await post(browser, "/tickets/T-1/reply", PART, text="您好，我是人工", key=KEY)
        for _ in range(100):
            lines = await house.store.conversations.lines("webchat", what.conversation)
            if len(lines) == 2:
                break
            await house.clock.sleep(0.02)
        async with browser.get("/tickets/T-1") as answer:
            html = await answer.text()
        assert re.search(r'class="line in".*?你好', html, re.DOTALL)
        assert re.search(r'class="line out".*?您好，我是人工', html, re.DOTALL)

    async def test_shows_only_the_newest_of_a_very_long_conversation(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        what = event("0", "第0句。", kind=EventKind.MESSAGE)
        await add_mention(house.store, what, ticket=ticket("T-1", what))
        more = (replace(what, id=str(n), text=f"第{n}句。") for n in range(1, 2601))
        await house.store.events.accept("weibo", Page(events=tuple(more)))
        async with browser.get("/tickets/T-1/thread") as answer:
            html = await answer.text()
        assert "第2600句。" in html
        assert "第600句。" not in html
        assert html.count('class="line in"') == 2000
        assert "较早的对话没有显示" in html
