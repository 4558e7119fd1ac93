"""Alerts, incidents and pauses in the language of the reader."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import aiohttp
import pytest

from core.localized import LocalizedText
from core.model.incidents import TimelineEntry
from core.model.pauses import Pause
from storage.sqlite.store import SqliteStore
from tests.console.running import RunningConsole, open_console
from tests.console.seeds import NOW, add_alert, add_incident

TITLES = (
    LocalizedText(
        language="zh", title="weibo 上的负面声量远高于平时", body="一小时内不同作者 9 位"
    ),
    LocalizedText(
        language="en", title="Far more negative posts than usual", body="9 authors an hour"
    ),
)
ALERT_TEXTS = (
    LocalizedText(language="zh", title="禾家：声量异常", body="共 30 条"),
    LocalizedText(language="en", title="Hejia: unusual volume", body="30 posts"),
)
PAGES = ("/incidents", "/incidents/INC-101", "/alerts", "/pauses")
CHINESE = re.compile(r"[\u3400-\u9fff]+")


async def fill(store: SqliteStore) -> None:
    """An incident with its alert and its pause, as the detectors store them."""
    incident = await add_incident(
        store, title=TITLES[0].title, reasons=(TITLES[0].body,), wordings=TITLES, brand="hejia"
    )
    await add_alert(
        store,
        "incident:INC-101",
        title=ALERT_TEXTS[0].title,
        body=ALERT_TEXTS[0].body,
        wordings=ALERT_TEXTS,
        incident=incident.id,
        brand="hejia",
    )
    await store.pauses.save(
        Pause(
            id="incident:INC-101",
            scope="incident",
            value="INC-101",
            reason="P1 禾家：声量异常",
            by="bot",
            at=NOW,
            wordings=tuple(
                LocalizedText(language=one.language, title=one.title) for one in ALERT_TEXTS
            ),
        )
    )


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[RunningConsole]:
    async with open_console(tmp_path) as opened:
        await fill(opened.store)
        yield opened


async def text_of(console: RunningConsole, path: str, lang: str) -> str:
    async with (
        aiohttp.ClientSession() as browser,
        browser.get(f"{console.url}{path}?lang={lang}") as answer,
    ):
        assert answer.status == 200
        page = await answer.text()
    body = page[page.index("<body") :]
    attributes = " ".join(re.findall(r'(?:aria-label|placeholder|title)="([^"]*)"', body))
    return unescape(re.sub(r"<[^>]+>", " ", body)) + " " + unescape(attributes)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_in_one_language(console: RunningConsole, path: str) -> None:
    english = await text_of(console, path, "en")
    ours = {"中文", "绿篮超市"}  # the link to the other language, and the brand
    assert set(CHINESE.findall(english)) <= ours, path
    assert "INC-101 Far more negative posts than usual · Posts 12" in english, "the banner"
    chinese = await text_of(console, path, "zh")
    assert "INC-101 weibo 上的负面声量远高于平时 · 帖子 12" in chinese
    assert not re.search("unusual|authors|posts", chinese), path


async def test_reasons_and_evidence_are_in_the_readers_language(
    console: RunningConsole,
) -> None:
    assert "9 authors an hour" in await text_of(console, "/incidents/INC-101", "en")
    assert "一小时内不同作者 9 位" in await text_of(console, "/incidents/INC-101", "zh")
    assert "30 posts" in await text_of(console, "/alerts", "en")
    assert "共 30 条" in await text_of(console, "/alerts", "zh")


async def test_text_stored_in_one_language_is_still_shown(console: RunningConsole) -> None:
    await add_incident(console.store, "old", title="旧的标题", reasons=("旧的原因",))
    await add_alert(console.store, "old", title="旧的告警", body="旧的内容", incident=None)
    alerts = await text_of(console, "/alerts", "en")
    assert "旧的告警" in alerts
    assert "旧的内容" in alerts
    assert "旧的标题" in await text_of(console, "/incidents", "en")
    assert "旧的原因" in await text_of(console, "/incidents/INC-102", "en")


async def test_a_pause_by_staff_is_worded_in_both_languages(console: RunningConsole) -> None:
    async with (
        aiohttp.ClientSession() as browser,
        browser.post(f"{console.url}/incidents/INC-101", data={"do": "pause"}) as answer,
    ):
        assert answer.status == 200
    [pause] = await console.store.pauses.all()
    assert pause.localized("en") == "INC-101 Far more negative posts than usual"
    assert pause.localized("zh") == pause.reason == "INC-101 weibo 上的负面声量远高于平时"


async def test_a_merged_alert_names_the_incident_and_its_owner(
    console: RunningConsole,
) -> None:
    await add_incident(console.store, "gone", owner="李明", merged_into="INC-101", state="resolved")
    whole = await add_incident(
        console.store,
        "whole",
        owner="王芳",
        timeline=(TimelineEntry(at=NOW, by="bot", what="merged", detail="INC-102"),),
    )
    await add_alert(
        console.store,
        "incident:INC-102",
        incident="INC-102",
        state="resolved",
        owner="李明",
        part_of=whole.id,
        wordings=ALERT_TEXTS,
    )
    assert f"now part of  {whole.id}  (Owner  王芳" in re.sub(
        "[\n\r]", "", await text_of(console, "/alerts", "en")
    )
    await add_alert(console.store, "lost", incident=None, part_of="INC-999", state="resolved")
    assert "现并入  INC-999" in await text_of(console, "/alerts", "zh")


async def test_an_acknowledged_crisis_stays_on_the_banner_with_its_owner(
    console: RunningConsole,
) -> None:
    await console.store.alerts.acknowledge("incident:INC-101", by="王芳")
    assert re.search(r"Owner\s+王芳", await text_of(console, "/tickets", "en"))
    await add_alert(console.store, "new", severity="P3", title="新的", incident=None)
    assert "新的" in await text_of(console, "/tickets", "en"), "a firing alert comes first"


async def test_evidence_of_a_resolved_alert_is_folded_and_quotes_are_marked(
    console: RunningConsole,
) -> None:
    body = "9 authors\n[weibo] Mouldy bread"
    words = (LocalizedText(language="en", title="Mould", body=body),)
    await add_alert(console.store, "over", state="resolved", incident=None, wordings=words)
    async with (
        aiohttp.ClientSession() as browser,
        browser.get(f"{console.url}/alerts?lang=en") as answer,
    ):
        page = await answer.text()
    [folded] = re.findall(r"<details>.*?</details>", page, re.DOTALL)
    assert re.search(r'quoted" dir="auto">\[weibo\] Mouldy bread', folded)
    assert 'quoted" dir="auto">9 authors' not in folded
    assert "30 posts" not in folded


async def test_a_p4_incident_is_not_shown_as_unclaimed(
    console: RunningConsole,
) -> None:
    await add_incident(console.store, "quiet", severity="P4", title="Trolleys")
    page = await text_of(console, "/incidents", "en")
    row = page[page.index("Trolleys") :]
    assert "unclaimed" not in row
    assert "unclaimed" in page
