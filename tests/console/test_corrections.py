"""Staff say what a mention really is; the judge learns from it."""

from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest

from core.errors import Conflict
from core.model.mentions import Correction
from core.taxonomy import CATEGORIES
from tests.console.running import RunningConsole, open_console, over
from tests.console.seeds import add_mention, event, judgement

PART = {"HX-Request": "true", "HX-Target": "detail"}


async def correct(
    browser: aiohttp.ClientSession, seq: int, headers: dict[str, str] | None = None, **form: str
) -> tuple[int, str]:
    async with browser.post(
        f"/mentions/{seq}/correct", data=form, headers=headers, allow_redirects=False
    ) as answer:
        return answer.status, await answer.text()


async def shown(browser: aiohttp.ClientSession, seq: int, **headers: str) -> str:
    async with browser.get(f"/mentions/{seq}", headers=headers) as answer:
        assert answer.status == 200
        return await answer.text()


async def kept(console: RunningConsole) -> list[Correction]:
    return [one.correction for one in await console.store.corrections.recent()]


async def test_staff_may_choose_every_category(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    mention = await add_mention(console.store, event("1", "真行啊你们"))
    html = await shown(browser, mention.seq)
    for name in CATEGORIES:
        assert f'<option value="{name}"' in html


async def test_a_correction_is_stored_with_its_author_and_shown(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    mention = await add_mention(console.store, event("1", "真行啊你们"))
    browser.cookie_jar.update_cookies({"tf_name": quote("小林")})
    status, html = await correct(
        browser,
        mention.seq,
        PART,
        sentiment="positive",
        complaint="no",
        category="staff",
        intent="question",
    )
    assert status == 200
    assert "已记下" in html
    (found,) = await kept(console)
    assert (found.sentiment, found.complaint) == ("positive", False)
    assert (found.category, found.intent) == ("staff", "question")
    assert found.by == "小林"
    again = await shown(browser, mention.seq)
    assert "小林 已纠正 · 正面 · 不是投诉 · 员工 · 咨询" in " ".join(again.split())
    assert "<html" in again
    assert 'value="positive" selected' in again


async def test_it_works_without_scripts_and_in_english(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    mention = await add_mention(console.store, event("1", "fine"))
    status, _ = await correct(browser, mention.seq, sentiment="neutral", complaint="", category="")
    assert status == 303
    (found,) = await kept(console)
    assert (found.sentiment, found.complaint, found.category) == ("neutral", None, None)
    html = await shown(browser, mention.seq, **{"Accept-Language": "en"})
    assert "Corrected by" in html
    assert "Correct the judgement" in html


async def test_the_latest_correction_wins_also_when_it_agrees(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    mention = await add_mention(console.store, event("1", "面包"))
    await correct(browser, mention.seq, PART, sentiment="neutral", complaint="yes")
    status, html = await correct(browser, mention.seq, PART)
    assert status == 200
    (found,) = await kept(console)
    assert (found.sentiment, found.complaint, found.category) == (None, None, None)
    assert "判断无误" in html


@pytest.mark.parametrize(
    "form",
    [{"sentiment": "angry"}, {"complaint": "maybe"}, {"category": "<b>"}, {"intent": "bakery"}],
)
async def test_an_unknown_value_is_refused(
    console: RunningConsole, browser: aiohttp.ClientSession, form: dict[str, str]
) -> None:
    mention = await add_mention(console.store, event("1", "面包"))
    status, _ = await correct(browser, mention.seq, PART, **form)
    assert status == 400
    assert await kept(console) == []


async def test_an_unknown_mention_is_not_found(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    status, _ = await correct(browser, 999, sentiment="neutral")
    assert status == 404
    assert await kept(console) == []


async def test_a_foreign_site_cannot_correct(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    mention = await add_mention(console.store, event("1", "面包"))
    status, _ = await correct(
        browser, mention.seq, {"Origin": "https://evil.example"}, sentiment="neutral"
    )
    assert status == 403
    assert await kept(console) == []


async def test_a_mention_erased_meanwhile_is_a_conflict(tmp_path: Path) -> None:
    async def gone(_: Correction) -> None:
        raise Conflict("there is no such mention")

    async with (
        open_console(
            tmp_path, wrap=lambda store: over(store, {"corrections.save": gone})
        ) as console,
        aiohttp.ClientSession(base_url=console.url) as browser,
    ):
        mention = await add_mention(console.store, event("1", "面包"))
        for headers in (PART, None):
            status, html = await correct(browser, mention.seq, headers, sentiment="neutral")
            assert status == 409
            assert "已被删除" in html or "is gone" in html


async def test_abuse_and_spam_are_shown_where_they_are_likely(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    rude = await add_mention(
        console.store, event("1", "滚"), judged=judgement(offensive=0.93, spam=0.71)
    )
    calm = await add_mention(console.store, event("2", "好"), judged=judgement(offensive=0.1))
    assert "93%" in await shown(browser, rude.seq)
    assert "垃圾信息可能性" in await shown(browser, rude.seq)
    assert "辱骂可能性" not in await shown(browser, calm.seq)
