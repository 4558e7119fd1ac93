"""What staff do to an incident, and what colleagues see of it."""

import asyncio
from datetime import timedelta

import aiohttp

from core.pauses import Pause
from tests.console.grouping import act, read
from tests.console.house import House
from tests.console.seeds import NOW, add_alert, add_incident


class TestActs:
    async def test_the_owner_takes_the_alerts_too(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        incident = await add_incident(house.store)
        await add_alert(house.store, "mine", incident=incident.id)
        await add_alert(house.store, "other", incident="INC-999")
        browser.cookie_jar.update_cookies({"tf_name": "%E7%8E%8B%E6%95%8F"})
        html = await act(browser, incident.id, do="own")
        assert "王敏" in html
        owned = await read(house)
        assert owned.owner == "王敏"
        assert [note.what for note in owned.timeline] == ["opened", "owned"]
        states = {
            alert.key: (alert.state, alert.owner) for alert in await house.store.alerts.recent()
        }
        assert states == {"mine": ("acknowledged", "王敏"), "other": ("firing", None)}

    async def test_acknowledging_alone_and_ending_and_reopening(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        incident = await add_incident(house.store)
        await add_alert(house.store, "mine", incident=incident.id)
        await house.store.pauses.save(
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
        [alert] = await house.store.alerts.recent()
        assert alert.state == "acknowledged"
        assert (await read(house)).owner is None
        await act(browser, incident.id, do="resolve")
        [alert] = await house.store.alerts.recent()
        assert alert.state == "resolved"
        assert (await read(house)).state == "resolved"
        assert await house.store.pauses.all() == []
        await act(browser, incident.id, do="reopen")
        assert (await read(house)).state == "open"
        notes = [note.what for note in (await read(house)).timeline]
        assert notes == ["opened", "acknowledged", "resolved", "reopened"]

    async def test_automatic_replies_are_paused_and_go_on(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        await add_incident(house.store)
        assert "自动回复已暂停" in await act(browser, "INC-101", do="freeze")
        [pause] = await house.store.pauses.all()
        assert (pause.id, pause.scope, pause.value) == (
            "incident:INC-101", "incident", "INC-101"
        )  # fmt: skip
        async with browser.get("/") as answer:
            assert "自动回复已暂停" in await answer.text(), "every page says so"
        await act(browser, "INC-101", do="lift")
        assert await house.store.pauses.all() == []

    async def test_alerts_are_silenced_for_a_time(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        await add_incident(house.store)
        assert "静默至" in await act(browser, "INC-101", do="silence", hours="4")
        [silence] = await house.store.alerts.mutes()
        left = silence.until - house.clock.now()
        assert timedelta(hours=3.9) < left <= timedelta(hours=4)
        assert silence.incident == "INC-101"
        await act(browser, "INC-101", do="unsilence")
        assert await house.store.alerts.mutes() == []

    async def test_a_statement_is_kept_and_a_colleague_s_is_not_overwritten(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        incident = await add_incident(house.store)
        first = {"do": "statement", "version": str(incident.version)}
        html = await act(browser, "INC-101", text="正在核实", was="", **first)
        assert "口径已保存" in html
        await act(browser, "INC-101", do="own")
        await act(browser, "INC-101", text="已下架", was="正在核实", **first)
        assert (await read(house)).statement == "已下架", "others changed something else meanwhile"
        html = await act(browser, "INC-101", 409, text="无可奉告", was="正在核实", **first)
        assert "已下架" in html
        assert (await read(house)).statement == "已下架"
        await act(browser, "INC-101", 422, text="长" * 6000, was="已下架", **first)

    async def test_ten_colleagues_at_once_lose_no_note(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        await add_incident(house.store)
        await asyncio.gather(*(act(browser, "INC-101", do="acknowledge") for _ in range(4)))
        assert len((await read(house)).timeline) == 5

    async def test_what_is_none_is_said_so(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        await add_incident(house.store)
        await act(browser, "INC-101", 400, do="explode")
        await act(browser, "INC-999", 404, do="own")
        await act(browser, "INC-101", 422, do="merge", into="INC-102")
        await act(browser, "INC-101", 422, do="split")
        async with browser.post(
            "/incidents/INC-101", data={"do": "own"}, allow_redirects=False
        ) as a:
            assert (a.status, a.headers["Location"]) == (303, "/incidents/INC-101")
