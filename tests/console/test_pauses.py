"""Pauses and silences are laid down and lifted from their page."""

import aiohttp
import pytest

from core.model.pauses import Pause
from core.taxonomy import CATEGORIES
from tests.console.running import RunningConsole
from tests.console.seeds import NOW, add_alert
from tests.console.test_live import receive


async def act(browser: aiohttp.ClientSession, status: int = 200, **form: str) -> str:
    headers = {"HX-Request": "true", "HX-Target": "pauses"}
    async with browser.post("/pauses", data=form, headers=headers) as answer:
        assert answer.status == status
        return await answer.text()


async def test_every_category_but_other_can_be_paused(browser: aiohttp.ClientSession) -> None:
    async with browser.get("/pauses") as answer:
        html = await answer.text()
    for name in CATEGORIES:
        assert (f'<option value="{name}"' in html) == (name != "other")


@pytest.mark.parametrize(
    ("scope", "value", "name"),
    [
        ("all", "ignored", "all"),
        ("brand", "fresh", "brand:fresh"),
        ("channel", "weibo", "channel:weibo"),
        ("category", "freshness", "category:freshness"),
        ("incident", "INC-1", "incident:INC-1"),
    ],
)
async def test_each_scope_can_be_paused_and_resumed(
    console: RunningConsole, browser: aiohttp.ClientSession, scope: str, value: str, name: str
) -> None:
    html = await act(browser, do="pause", scope=scope, value=value, reason="发霉")
    assert "发霉" in html
    [pause] = await console.store.pauses.all()
    assert (pause.id, pause.scope, pause.reason, pause.by) == (name, scope, "发霉", "staff")
    assert "没有暂停" in await act(browser, do="lift", id=name)
    assert await console.store.pauses.all() == []


async def test_an_invalid_pause_is_refused(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    await act(browser, 422, do="pause", scope="world", value="x")
    await act(browser, 422, do="pause", scope="brand", value=" ")
    await act(browser, 422, do="silence", hours="7")
    await act(browser, 400, do="dance")
    await act(browser, do="lift", id="nothing")
    assert await console.store.pauses.all() == []
    assert await console.store.alerts.mutes() == []


async def test_a_mute_shows_its_scope(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    html = await act(
        browser, do="silence", brand="fresh", channel="", kind="silence", hours="24", reason="维护"
    )
    assert "绿篮超市 · 渠道无声" in html
    [silence] = await console.store.alerts.mutes()
    assert (silence.brand, silence.channel, silence.kind, silence.category) == (
        "fresh", None, "silence", None
    )  # fmt: skip
    await act(browser, do="unsilence", id=silence.id)
    assert await console.store.alerts.mutes() == []


async def test_without_scripts_the_form_leads_back(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    form = {"do": "pause", "scope": "all"}
    async with browser.post("/pauses", data=form, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/pauses")
    await console.store.pauses.save(
        Pause(id="x", scope="channel", value="a", reason="r", by="bot", at=NOW)
    )
    for number in range(5):
        await console.store.pauses.save(
            Pause(id=f"y{number}", scope="brand", value=f"b{number}", reason="", by="x", at=NOW)
        )
    async with browser.get("/pauses") as answer:
        html = await answer.text()
    assert "自动客服" in html
    assert "另有 3 条" in html


async def test_every_tab_is_notified_of_a_pause(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    await act(browser, do="pause", scope="channel", value="x")
    async with browser.ws_connect("/live") as socket:
        await receive(socket, "hello")
        await act(browser, do="pause", scope="all", reason="发霉")
        message = await receive(socket, "changes")
    assert message["topics"] == ["pauses"]
    assert "自动回复已暂停" in str(message["banner"])


class TestAlerts:
    async def test_are_snoozed_and_resolved(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await add_alert(console.store, "a", notices=3)
        headers = {"HX-Request": "true", "HX-Target": "alerts"}

        async def post(do: str, status: int = 200) -> str:
            form = {"key": "a", "do": do}
            async with browser.post("/alerts", data=form, headers=headers) as answer:
                assert answer.status == status
                return await answer.text()

        html = await post("snooze")
        assert "暂缓至" in html
        assert "已通知 3 次" in html
        [alert] = await console.store.alerts.recent()
        assert alert.snoozed_until is not None
        assert alert.state == "firing"
        await post("resolve")
        [alert] = await console.store.alerts.recent()
        assert (alert.state, alert.owner) == ("resolved", "staff")
        await post("resolve", 409)
        await post("dance", 400)


async def test_the_name_of_the_form_in_version_0_1_still_pauses(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    await act(browser, do="freeze", scope="all")
    assert [pause.scope for pause in await console.store.pauses.all()] == ["all"]
