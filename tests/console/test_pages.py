"""What the pages show, and that nothing a stranger wrote is ever interpreted."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import aiohttp
import pytest

from console import timeline
from console.ports import ConsoleStore
from core.health import Health
from core.records import Note, ReplyState, TicketState
from core.standing import Freeze, Silence
from core.types import Action, Author, Decision, EventKind, Page
from storage.sqlite import SqliteStore
from tests.console.house import House, failing, open_house, over
from tests.console.seeds import (
    NOW,
    add_alert,
    add_dead_letters,
    add_incident,
    add_mention,
    event,
    judgement,
    reply,
    ticket,
)

PAGES = (
    "/", "/mentions/1", "/tickets", "/tickets/T-1001", "/drafts", "/incidents",
    "/incidents/INC-101", "/alerts", "/pauses", "/figures", "/system", "/chat",
)  # fmt: skip
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'\u202e\ud83d\x00{{7*7}}"


class Attributes(HTMLParser):
    """Collects what could run: elements, event attributes, styles, addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "script" and not (names.get("src") or "").startswith("/static/"):
            self.found.append(f"script {names}")
        if tag in {"style", "iframe", "object", "embed", "base", "img"}:
            self.found.append(tag)
        for name, value in attrs:
            if name.startswith(("on", "hx-on")) or name == "style":
                self.found.append(f"{tag} {name}")
            if name in {"href", "src", "action"} and (value or "").lower().startswith("javascript"):
                self.found.append(f"{tag} {name}={value}")


def runnable(html: str) -> list[str]:
    parser = Attributes()
    parser.feed(html)
    return parser.found


async def fill(store: SqliteStore, text: str, name: str = "1") -> None:
    """Everything that a page can show, with ``text`` in every free field."""
    what = event(
        name,
        text,
        author=Author(id=f"{text}{name}", name=text),
        url=f"javascript:{text}",
        channel=text,
        posted_at=NOW,
    )
    about = replace(
        judgement(), category=text, intent=text, risk=(text,), evidence=(text, "script")
    )
    number = await store.reserve_ticket_number()
    mention = await add_mention(
        store,
        what,
        judged=replace(about, model=text),
        decision=Decision(action=Action.TICKET, rule=text, reason=text, article=text),
        ticket=ticket(number, what, subject=text, customer=text, category=text, owner=text),
        replies=(
            reply(f"draft{text}", what, text, reason=text),
            reply(f"failed{text}", what, text, state=ReplyState.PENDING, reason=text),
        ),
        flags=(text,),
    )
    note = Note(at=NOW, by=text, what=text, detail=text)
    incident = await add_incident(
        store,
        text,
        title=text,
        brand=text,
        category=text,
        owner=text,
        channels=(text,),
        reasons=(text,),
        statement=text,
        timeline=(note,),
        drill=True,
    )
    await store.assign_incident([mention.seq], incident.id)
    other = incident.id if name == "1" else text
    await add_alert(store, text, title=text, body=text, incident=other, owner=text, brand=text)
    await store.save_freeze(
        Freeze(id=f"category:{text}", scope="category", value=text, reason=text, by=text, at=NOW)
    )
    await store.save_silence(
        Silence(
            id=text,
            brand=text,
            channel=text,
            category=text,
            kind=text,
            incident=text,
            until=datetime(2200, 1, 1, tzinfo=UTC),
            reason=text,
            by=text,
        )
    )


async def text_of(browser: aiohttp.ClientSession, path: str, status: int = 200) -> str:
    async with browser.get(path) as answer:
        assert answer.status == status, path
        return await answer.text()


class TestEveryPage:
    @pytest.mark.parametrize("lang", ["zh", "en"])
    async def test_opens_in_both_languages(
        self, house: House, browser: aiohttp.ClientSession, lang: str
    ) -> None:
        await fill(house.store, "发霉")
        await add_dead_letters(house.store)
        house.health.append(Health(name="weibo", status="retrying", since=NOW, reason="503"))
        for path in PAGES:
            html = await text_of(browser, f"{path}?lang={lang}")
            assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in html, path
            assert runnable(html) == [], path

    async def test_shows_what_strangers_wrote_and_runs_nothing(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        await fill(house.store, EVIL)
        house.health.append(
            Health(name="weibo", status="refused", since=NOW, reason=EVIL, detail=((EVIL, EVIL),))
        )
        for path in PAGES[:-1]:
            html = await text_of(browser, path)
            assert runnable(html) == [], path
            assert "&lt;script&gt;alert(1)" in html or path == "/figures", path
            assert (
                "49" not in re.sub(r"\d{2}:\d{2}|v=\w+|value=\"\S+\"", "", html)
                or "{{7*7}}" in html
            )

    async def test_tells_the_browser_to_run_only_our_files(
        self, browser: aiohttp.ClientSession
    ) -> None:
        for path in ("/", "/nope", "/health", "/static/base.css", "/api/health"):
            async with browser.get(path) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "script-src 'self'" in policy
                assert "unsafe" not in policy
                assert "frame-ancestors 'none'" in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "same-origin"

    async def test_is_not_kept_by_the_browser_but_static_files_are(
        self, browser: aiohttp.ClientSession
    ) -> None:
        html = await text_of(browser, "/")
        (style,) = re.findall(r'href="(/static/console.css\?v=\w+)"', html)
        for path, caching in (
            ("/", "no-store"),
            (style, "immutable"),
            ("/static/console.css", "no-cache"),
            ("/chat.js", "max-age=300"),
        ):
            async with browser.get(path) as answer:
                assert caching in answer.headers["Cache-Control"], path

    async def test_only_the_chat_may_be_framed_and_only_where_allowed(self, tmp_path: Path) -> None:
        origins = ("https://www.Example.com/",)
        async with (
            open_house(tmp_path, chat_origins=origins) as house,
            aiohttp.ClientSession(house.url) as browser,
            browser.get("/chat") as chat,
            browser.get("/") as page,
        ):
            allowed = chat.headers["Content-Security-Policy"]
            assert allowed.endswith("frame-ancestors 'self' https://www.example.com")
            assert "X-Frame-Options" not in chat.headers
            assert page.headers["X-Frame-Options"] == "DENY"


class TestLanguage:
    async def test_a_choice_is_kept(self, browser: aiohttp.ClientSession) -> None:
        assert "收件箱" in await text_of(browser, "/")
        assert "Inbox" in await text_of(browser, "/?lang=en")
        assert "Inbox" in await text_of(browser, "/")

    async def test_an_unknown_language_changes_nothing(
        self, browser: aiohttp.ClientSession
    ) -> None:
        assert "收件箱" in await text_of(browser, "/?lang=xx")
        async with browser.get("/?lang=xx") as answer:
            assert "tf_lang" not in answer.cookies


class TestInbox:
    async def test_filters(self, house: House, browser: aiohttp.ClientSession) -> None:
        await add_mention(house.store, event("1", "草莓很新鲜"), judged=judgement("positive"))
        await add_mention(house.store, event("2", "面包发霉", channel="x"))
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

    async def test_pages_are_stable_while_more_comes_in(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        for number in range(60):
            await add_mention(house.store, event(f"n{number}", f"第{number}条。"))
        first = await text_of(browser, "/?sentiment=negative")
        (more,) = set(re.findall(r'href="(/\?[^"]*before=\d+)"', first))
        assert "sentiment=negative" in more
        await add_mention(house.store, event("late", "后来的"))
        async with browser.get(
            more.replace("&amp;", "&"), headers={"HX-Request": "true", "HX-Target": "more"}
        ) as answer:
            second = await answer.text()
        assert "<html" not in second
        seen = [re.findall(r'id="m-(\d+)"', html) for html in (first, second)]
        assert len(seen[0]) == 40
        assert sorted(map(int, seen[0] + seen[1])) == list(range(1, 61))

    async def test_one_mention_says_why(self, house: House, browser: aiohttp.ClientSession) -> None:
        about = replace(judgement(), evidence=("发霉", "不在文中"), risk=("food_poisoning",))
        await add_mention(house.store, event("1", "面包发霉了"), judged=about)
        html = await text_of(browser, "/mentions/1")
        assert "<mark>发霉</mark>" in html
        assert "不在文中" in html
        assert "文中提到食物中毒，须由人工答复。" in html
        assert "食物中毒" in html
        assert 'href="https://weibo.example/1"' in html

    async def test_only_the_part_that_is_asked_for(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        await add_mention(house.store, event("1", "面包"))
        part = {"HX-Request": "true", "HX-Target": "detail"}
        async with browser.get("/mentions/1", headers=part) as answer:
            assert "<html" not in await answer.text()
        back = part | {"HX-History-Restore-Request": "true"}
        async with browser.get("/mentions/1", headers=back) as answer:
            assert "<html" in await answer.text()

    @pytest.mark.parametrize("seq", ["2", "x", "99999999999999999999", "%00", "-1"])
    async def test_an_unknown_mention(
        self, house: House, browser: aiohttp.ClientSession, seq: str
    ) -> None:
        await add_mention(house.store, event("1", "面包"))
        async with browser.get(f"/mentions/{seq}") as answer:
            assert answer.status in {400, 404}
            assert "Traceback" not in await answer.text()

    @pytest.mark.parametrize(
        "query", ["sentiment=bad", "before=x", "before=" + "9" * 30, "since=2025-01-01", "since=x"]
    )
    async def test_a_wrong_filter_is_explained(
        self, browser: aiohttp.ClientSession, query: str
    ) -> None:
        html = await text_of(browser, f"/?{query}", 400)
        assert query.partition("=")[0] in html

    async def test_a_very_long_text_is_cut_and_says_so(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        await add_mention(house.store, event("1", "长" * 300_000))
        html = await text_of(browser, "/mentions/1")
        assert len(html) < 60_000
        assert "300,000" in html

    async def test_a_deleted_post_is_shown_as_such(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        post = event("1", "面包")
        await add_mention(house.store, post)
        gone = replace(post, kind=EventKind.DELETE, revision=1)
        await house.store.accept("weibo", Page(events=(gone,)))
        (item,) = await house.store.claim_events(1)
        await house.store.withdraw(item)
        async with browser.get("/mentions/1") as answer:
            assert answer.status in {200, 404}
            if answer.status == 200:
                assert "作者已删除" in await answer.text()


class TestTickets:
    async def test_the_deadline_is_told_in_words_and_sign(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        now = house.clock.now()
        for number, (minutes, answered) in enumerate(
            ((-5, False), (5, False), (90, False), (90, True))
        ):
            what = event(str(number), f"第{number}件")
            await add_mention(
                house.store,
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

    async def test_filters_and_pages(self, house: House, browser: aiohttp.ClientSession) -> None:
        for number in range(55):
            what = event(str(number), f"第{number}件。")
            await add_mention(
                house.store,
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

    async def test_the_post_stands_over_the_reply_box(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        what = event("1", "面包发霉了")
        await add_mention(
            house.store,
            what,
            judged=replace(judgement(), evidence=("发霉",)),
            ticket=ticket("T-1", what),
        )
        assert "<mark>发霉</mark>" in await text_of(browser, "/tickets/T-1")
        await text_of(browser, "/tickets/T-2", 404)


class TestFigures:
    async def test_the_sums_add_up(self, house: House, browser: aiohttp.ClientSession) -> None:
        await add_mention(house.store, event("1", "面包"))
        await add_dead_letters(house.store)
        html = await text_of(browser, "/figures")
        numbers = [int(n) for n in re.findall(r'<td class="num">(\d+)</td>', html)]
        assert numbers[-1] == sum(numbers[:4]) == (await house.store.counts()).received

    async def test_the_chart_counts_every_mention_once(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        now = house.clock.now()
        for minutes in (1, 2, 59, 300, 1400, 60 * 24 * 3):
            at = now - timedelta(minutes=minutes)
            await add_mention(house.store, event(str(minutes), "面包", posted_at=at))
        for hours, expected in ((1, {2, 3}), (6, {4}), (24, {5}), (168, {6})):
            async with browser.get(f"/figures/timeline?hours={hours}") as answer:
                found = await answer.json()
            assert sum(found["negative"]) in expected, hours
            assert len(found["negative"]) * found["bar_seconds"] == hours * 3600
        await text_of(browser, "/figures/timeline?hours=5", 400)

    async def test_the_chart_reads_page_by_page_and_says_where_it_stopped(
        self,
        house: House,
        browser: aiohttp.ClientSession,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(timeline, "AT_ONCE", 2)
        now = house.clock.now()
        for number in range(5):
            await add_mention(house.store, event(str(number), "面包", posted_at=now))
        for most, counted, cut in ((100, 5, False), (4, 4, True)):
            monkeypatch.setattr(timeline, "MOST_MENTIONS", most)
            async with browser.get("/figures/timeline") as answer:
                found = await answer.json()
            assert (sum(found["negative"]), found["cut"]) == (counted, cut)

    async def test_old_mentions_are_shown_where_there_are_no_new_ones(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        await add_mention(house.store, event("1", "面包", posted_at=NOW - timedelta(days=100)))
        async with browser.get("/figures/timeline") as answer:
            assert sum((await answer.json())["negative"]) == 1

    async def test_parts(self, browser: aiohttp.ClientSession) -> None:
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


class TestWhenTheStoreFails:
    async def test_a_page_says_so(self, tmp_path: Path) -> None:
        async with (
            open_house(tmp_path, wrap=failing("mentions", "figures", "counts")) as house,
            aiohttp.ClientSession(house.url) as browser,
        ):
            for path in ("/", "/figures", "/api/mentions", "/metrics"):
                html = await text_of(browser, path, 503)
                assert "Traceback" not in html
            async with browser.get("/health") as answer:
                assert answer.status == 503
                assert (await answer.json())["status"] == "failing"

    async def test_a_page_opens_without_its_head(self, tmp_path: Path) -> None:
        async with (
            open_house(tmp_path, wrap=failing("figures")) as house,
            aiohttp.ClientSession(house.url) as browser,
        ):
            assert "暂时无法读取数据" in await text_of(browser, "/")

    @pytest.mark.parametrize("path", ["/", "/api/mentions"])
    async def test_a_bug_is_no_traceback(self, tmp_path: Path, path: str) -> None:
        async def mistake(*_: object, **__: object) -> None:
            raise ZeroDivisionError

        def wrap(store: SqliteStore) -> ConsoleStore:
            return over(store, mentions=mistake)

        async with (
            open_house(tmp_path, wrap=wrap) as house,
            aiohttp.ClientSession(house.url) as browser,
            browser.get(path) as answer,
        ):
            assert answer.status == 500
            assert "Traceback" not in await answer.text()
            assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


class TestUnknownAddresses:
    async def test_are_told_in_words(self, browser: aiohttp.ClientSession) -> None:
        assert "没有这个页面" in await text_of(browser, "/nope", 404)
        async with browser.delete("/tickets", headers={"Origin": str(browser._base_url)}) as answer:
            assert answer.status in {403, 405}

    async def test_no_file_outside_static_is_served(self, browser: aiohttp.ClientSession) -> None:
        for path in (
            "/static/../app.py",
            "/static/%2e%2e/app.py",
            "/static/..%2fapp.py",
            "/static/",
        ):
            async with browser.get(path) as answer:
                assert answer.status == 404, path
