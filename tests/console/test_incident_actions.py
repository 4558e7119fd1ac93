"""Actions of staff on an incident, and their colleagues' view of them."""

import asyncio
from datetime import timedelta

import aiohttp

from core.model.pauses import Pause
from tests.console.running import RunningConsole
from tests.console.seeds import NOW, add_alert, add_incident
from tests.console.staff_forms import act, read_incident


class TestActs:
    async def test_taking_an_incident_acknowledges_its_alerts(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        incident = await add_incident(console.store)
        await add_alert(console.store, "mine", incident=incident.id)
        await add_alert(console.store, "other", incident="INC-999")
        browser.cookie_jar.update_cookies({"tf_name": "%E7%8E%8B%E6%95%8F"})
        html = await act(browser, incident.id, do="own")
        assert "王敏" in html
        owned = await read_incident(console)
        assert owned.owner == "王敏"
        assert [note.what for note in owned.timeline] == ["opened", "owned"]
        states = {
            alert.key: (alert.state, alert.owner) for alert in await console.store.alerts.recent()
        }
        assert states == {"mine": ("acknowledged", "王敏"), "other": ("firing", None)}

    async def test_acknowledge_resolve_and_reopen(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        incident = await add_incident(console.store)
        await add_alert(console.store, "mine", incident=incident.id)
        await console.store.pauses.save(
            Pause(
                id="incident:INC-101",
                scope="incident",
                value="INC-101",
                reason="",
                by="bot",
                at=NOW,
            )
        )
        await act(browser, incident.id, do="acknowledge")
        [alert] = await console.store.alerts.recent()
        assert alert.state == "acknowledged"
        assert (await read_incident(console)).owner is None
        await act(browser, incident.id, do="resolve")
        [alert] = await console.store.alerts.recent()
        assert alert.state == "resolved"
        assert (await read_incident(console)).state == "resolved"
        assert await console.store.pauses.all() == []
        await act(browser, incident.id, do="reopen")
        assert (await read_incident(console)).state == "open"
        notes = [note.what for note in (await read_incident(console)).timeline]
        assert notes == ["opened", "acknowledged", "resolved", "reopened"]

    async def test_automatic_replies_are_paused_and_resumed(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await add_incident(console.store)
        assert "自动回复已暂停" in await act(browser, "INC-101", do="pause")
        [pause] = await console.store.pauses.all()
        assert (pause.id, pause.scope, pause.value) == (
            "incident:INC-101", "incident", "INC-101"
        )  # fmt: skip
        async with browser.get("/") as answer:
            assert "自动回复已暂停" in await answer.text(), "every page says so"
        await act(browser, "INC-101", do="lift")
        assert await console.store.pauses.all() == []

    async def test_alerts_are_muted_for_some_hours(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await add_incident(console.store)
        assert "静默至" in await act(browser, "INC-101", do="silence", hours="4")
        [silence] = await console.store.alerts.mutes()
        left = silence.until - console.clock.now()
        assert timedelta(hours=3.9) < left <= timedelta(hours=4)
        assert silence.incident == "INC-101"
        await act(browser, "INC-101", do="unsilence")
        assert await console.store.alerts.mutes() == []

    async def test_a_statement_is_stored_and_does_not_overwrite_a_colleagues(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        incident = await add_incident(console.store)
        first = {"do": "statement", "version": str(incident.version)}
        html = await act(browser, "INC-101", text="正在核实", was="", **first)
        assert "口径已保存" in html
        await act(browser, "INC-101", do="own")
        await act(browser, "INC-101", text="已下架", was="正在核实", **first)
        assert (await read_incident(console)).statement == "已下架", (
            "others changed something else meanwhile"
        )
        html = await act(browser, "INC-101", 409, text="无可奉告", was="正在核实", **first)
        assert "已下架" in html
        assert (await read_incident(console)).statement == "已下架"
        await act(browser, "INC-101", 422, text="长" * 6000, was="已下架", **first)

    async def test_concurrent_actions_lose_no_timeline_entry(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await add_incident(console.store)
        await asyncio.gather(*(act(browser, "INC-101", do="acknowledge") for _ in range(4)))
        assert len((await read_incident(console)).timeline) == 5

    async def test_invalid_actions_are_refused(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await add_incident(console.store)
        await act(browser, "INC-101", 400, do="explode")
        await act(browser, "INC-999", 404, do="own")
        await act(browser, "INC-101", 422, do="merge", into="INC-102")
        await act(browser, "INC-101", 422, do="split")
        async with browser.post(
            "/incidents/INC-101", data={"do": "own"}, allow_redirects=False
        ) as a:
            assert (a.status, a.headers["Location"]) == (303, "/incidents/INC-101")
