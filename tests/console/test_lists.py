"""Inbox, tickets and figures: what the console lists."""

import re
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest

from console.pages import figures
from core.model.events import EventKind, Page
from core.model.tickets import TicketState
from tests.console.pages import text_of
from tests.console.running import RunningConsole
from tests.console.seeds import (
    NOW,
    add_dead_letters,
    add_mention,
    event,
    judgement,
    ticket,
)


class TestInbox:
    async def test_filters_narrow_the_list(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await add_mention(console.store, event("1", "草莓很新鲜"), judged=judgement("positive"))
        await add_mention(console.store, event("2", "面包发霉", channel="x"))
        for query, shown, hidden in (
            ("sentiment=negative", "面包发霉", "草莓很新鲜"),
            ("sentiment=positive&brand=fresh", "草莓很新鲜", "面包发霉"),
            ("channel=x", "面包发霉", "草莓很新鲜"),
            ("text=%E8%8D%89%E8%8E%93", "草莓很新鲜", "面包发霉"),
            ("category=freshness&channel=weibo", "草莓很新鲜", "面包发霉"),
        ):
            html = await text_of(browser, f"/?{query}")
            assert shown in html, query
            assert hidden not in html, query
        assert "没有符合条件" in await text_of(browser, "/?brand=other")

    async def test_pages_are_stable_while_mentions_arrive(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        for number in range(60):
            await add_mention(console.store, event(f"n{number}", f"第{number}条。"))
        first = await text_of(browser, "/?sentiment=negative")
        (more,) = set(re.findall(r'href="(/\?[^"]*before=\d+)"', first))
        assert "sentiment=negative" in more
        await add_mention(console.store, event("late", "后来的"))
        async with browser.get(
            more.replace("&amp;", "&"), headers={"HX-Request": "true", "HX-Target": "more"}
        ) as answer:
            second = await answer.text()
        assert "<html" not in second
        seen = [re.findall(r'id="m-(\d+)"', html) for html in (first, second)]
        assert len(seen[0]) == 40
        assert sorted(map(int, seen[0] + seen[1])) == list(range(1, 61))

    async def test_a_mention_explains_its_judgement(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        about = replace(judgement(), evidence=("发霉", "不在文中"), risk=("food_poisoning",))
        await add_mention(console.store, event("1", "面包发霉了"), judged=about)
        html = await text_of(browser, "/mentions/1")
        assert "<mark>发霉</mark>" in html
        assert "不在文中" in html
        assert "文中提到食物中毒，须由人工答复。" in html
        assert "食物中毒" in html
        assert 'href="https://weibo.example/1"' in html

    async def test_htmx_gets_only_the_part_it_asks_for(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await add_mention(console.store, event("1", "面包"))
        part = {"HX-Request": "true", "HX-Target": "detail"}
        async with browser.get("/mentions/1", headers=part) as answer:
            assert "<html" not in await answer.text()
        back = part | {"HX-History-Restore-Request": "true"}
        async with browser.get("/mentions/1", headers=back) as answer:
            assert "<html" in await answer.text()

    @pytest.mark.parametrize("seq", ["2", "x", "99999999999999999999", "%00", "-1"])
    async def test_an_unknown_mention_is_an_error_without_a_traceback(
        self, console: RunningConsole, browser: aiohttp.ClientSession, seq: str
    ) -> None:
        await add_mention(console.store, event("1", "面包"))
        async with browser.get(f"/mentions/{seq}") as answer:
            assert answer.status in {400, 404}
            assert "Traceback" not in await answer.text()

    @pytest.mark.parametrize(
        "query", ["sentiment=bad", "before=x", "before=" + "9" * 30, "since=2025-01-01", "since=x"]
    )
    async def test_an_invalid_filter_is_named(
        self, browser: aiohttp.ClientSession, query: str
    ) -> None:
        html = await text_of(browser, f"/?{query}", 400)
        assert query.partition("=")[0] in html

    async def test_a_very_long_text_is_cut_with_its_length(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await add_mention(console.store, event("1", "长" * 300_000))
        html = await text_of(browser, "/mentions/1")
        assert len(html) < 60_000
        assert "300,000" in html

    async def test_a_deleted_post_is_marked_or_gone(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        post = event("1", "面包")
        await add_mention(console.store, post)
        gone = replace(post, kind=EventKind.DELETE, revision=1)
        await console.store.events.accept("weibo", Page(events=(gone,)))
        (item,) = await console.store.events.claim(1)
        await console.store.events.withdraw(item)
        async with browser.get("/mentions/1") as answer:
            assert answer.status in {200, 404}
            if answer.status == 200:
                assert "作者已删除" in await answer.text()


class TestTickets:
    async def test_deadlines_are_shown_in_words_and_by_class(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        now = console.clock.now()
        for number, (minutes, answered) in enumerate(
            ((-5, False), (5, False), (90, False), (90, True))
        ):
            what = event(str(number), f"第{number}件")
            await add_mention(
                console.store,
                what,
                ticket=ticket(
                    f"T-{number}",
                    what,
                    due_at=now + timedelta(minutes=minutes, seconds=30),
                    answered_at=now if answered else None,
                ),
            )
        html = await text_of(browser, "/tickets")
        for level, words in (
            ("late", "逾期 04:"),
            ("soon", "剩 05:"),
            ("calm", "剩 1:30:"),
            ("answered", "已首次回复"),
        ):
            assert re.search(rf'class="sla {level}".*?{words}', html, re.DOTALL), level

    async def test_tickets_are_filtered_and_paged(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        for number in range(55):
            what = event(str(number), f"第{number}件。")
            await add_mention(
                console.store,
                what,
                ticket=ticket(
                    f"T-{1000 + number}",
                    what,
                    state=TicketState.RESOLVED if number == 54 else TicketState.OPEN,
                    owner="李雯" if number < 2 else None,
                ),
            )
        first = await text_of(browser, "/tickets")
        (more,) = set(re.findall(r'href="(/tickets\?[^"]*after=[^"]*)"', first))
        second = await text_of(browser, more.replace("&amp;", "&"))
        numbers = [re.findall(r'<li id="t-(T-\d+)"', html) for html in (first, second)]
        assert len(numbers[0]) == 50
        assert len(set(numbers[0] + numbers[1])) == 54
        both = await text_of(browser, "/tickets?pages=2")
        assert len(re.findall(r'<li id="t-(T-\d+)"', both)) == 54
        assert "T-1054" in await text_of(browser, "/tickets?state=resolved")
        mine = await text_of(browser, "/tickets?owner=%E6%9D%8E%E9%9B%AF")
        assert re.findall(r'<li id="t-(T-\d+)"', mine) == ["T-1000", "T-1001"]
        await text_of(browser, "/tickets?state=other", 400)

    async def test_the_post_is_shown_above_the_reply_box(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        what = event("1", "面包发霉了")
        await add_mention(
            console.store,
            what,
            judged=replace(judgement(), evidence=("发霉",)),
            ticket=ticket("T-1", what),
        )
        assert "<mark>发霉</mark>" in await text_of(browser, "/tickets/T-1")
        await text_of(browser, "/tickets/T-2", 404)


class TestFigures:
    async def test_outcomes_sum_to_the_events_received(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await add_mention(console.store, event("1", "面包"))
        await add_dead_letters(console.store)
        html = await text_of(browser, "/figures")
        numbers = [int(n) for n in re.findall(r'<td class="num">(\d+)</td>', html)]
        assert numbers[-1] == sum(numbers[:4]) == (await console.store.events.counts()).received

    async def test_the_timeline_counts_every_mention_once(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        now = console.clock.now()
        for minutes in (1, 2, 59, 300, 1400, 60 * 24 * 3):
            at = now - timedelta(minutes=minutes)
            await add_mention(console.store, event(str(minutes), "面包", posted_at=at))
        for hours, expected in ((1, {2, 3}), (6, {4}), (24, {5}), (168, {6})):
            async with browser.get(f"/figures/timeline?hours={hours}") as answer:
                found = await answer.json()
            assert sum(found["negative"]) in expected, hours
            assert len(found["negative"]) * found["bar_seconds"] == hours * 3600
        await text_of(browser, "/figures/timeline?hours=5", 400)

    async def test_the_timeline_reads_page_by_page_and_reports_a_cut(
        self,
        console: RunningConsole,
        browser: aiohttp.ClientSession,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(figures, "MENTIONS_AT_ONCE", 2)
        now = console.clock.now()
        for number in range(5):
            await add_mention(console.store, event(str(number), "面包", posted_at=now))
        for most, counted, cut in ((100, 5, False), (4, 4, True)):
            monkeypatch.setattr(figures, "MAX_MENTIONS", most)
            async with browser.get("/figures/timeline") as answer:
                found = await answer.json()
            assert (sum(found["negative"]), found["cut"]) == (counted, cut)

    async def test_the_timeline_ends_at_the_newest_mention(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await add_mention(console.store, event("1", "面包", posted_at=NOW - timedelta(days=100)))
        async with browser.get("/figures/timeline") as answer:
            assert sum((await answer.json())["negative"]) == 1

    async def test_htmx_parts_are_fragments(self, browser: aiohttp.ClientSession) -> None:
        for path, part in (
            ("/figures", "figures"),
            ("/figures", "way"),
            ("/system", "system"),
            ("/alerts", "alerts"),
            ("/drafts", "drafts"),
            ("/tickets", "tickets"),
            ("/", "mentions"),
        ):
            headers = {"HX-Request": "true", "HX-Target": part}
            async with browser.get(path, headers=headers) as answer:
                assert "<html" not in await answer.text(), path
