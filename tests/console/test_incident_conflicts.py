"""Concurrent changes of an incident, merging and splitting."""

import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from operator import attrgetter
from pathlib import Path

import aiohttp

from core.errors import Conflict
from core.model.alerts import Alert
from core.repositories import Store
from storage.sqlite.store import SqliteStore
from tests.console.running import RunningConsole, open_console, over
from tests.console.seeds import NOW, add_alert, add_incident, add_incident_posts
from tests.console.staff_forms import act, read_incident


@dataclass
class Grouping:
    """Notes what staff say belongs together."""

    by_meaning = False
    store: SqliteStore
    merged: list[tuple[str, str, str]] = field(default_factory=list)

    async def merge(self, kept_id: str, gone_id: str, by: str) -> object:
        if gone_id == "INC-102":
            raise Conflict("changed")
        if kept_id == "INC-103":
            raise ValueError("they are about different brands")
        self.merged.append((kept_id, gone_id, by))
        return None

    async def split(self, seqs: Sequence[int], by: str) -> str:
        if 99_999 in seqs:
            raise KeyError("not remembered")
        made = await add_incident(self.store, f"split {seqs}", title=f"{len(seqs)} by {by}")
        await self.store.incidents.assign(seqs, made.id)
        return made.id


class TestColleagues:
    """Somebody else is faster."""

    async def test_changes_made_first_are_kept(self, tmp_path: Path) -> None:
        faster = {"incidents.save": 2, "alerts.save": 1, "alerts.acknowledge": 1}

        def wrap(store: SqliteStore) -> Store:
            def slowed(name: str) -> Callable[..., Awaitable[object]]:
                async def call(*given: object, **named: object) -> object:
                    if faster[name]:
                        faster[name] -= 1
                        raise Conflict("changed")
                    return await attrgetter(name)(store)(*given, **named)

                return call

            return over(store, {name: slowed(name) for name in faster})

        async with (
            open_console(tmp_path, wrap=wrap) as console,
            aiohttp.ClientSession(base_url=console.url) as browser,
        ):
            incident = await add_incident(console.store)
            for key in ("a", "b"):
                await add_alert(console.store, key, incident=incident.id)
            await act(browser, incident.id, do="own")
            states = sorted(alert.state for alert in await console.store.alerts.recent())
            assert states == ["acknowledged", "firing"], "one was taken by the colleague"
            assert (await read_incident(console)).owner == "staff"
            await act(browser, incident.id, do="resolve")
            assert {alert.state for alert in await console.store.alerts.recent()} == {"resolved"}
            faster["incidents.save"] = 99
            await act(browser, incident.id, 409, do="reopen")

    async def test_a_conflicting_snooze_is_retried(self, tmp_path: Path) -> None:
        left = [Conflict("changed")]

        def wrap(store: SqliteStore) -> Store:
            async def save(alert: Alert, *, receivers: Sequence[str] = ()) -> Alert:
                if left:
                    raise left.pop()
                return await store.alerts.save(alert, receivers=receivers)

            return over(store, {"alerts.save": save})

        async with (
            open_console(tmp_path, wrap=wrap) as console,
            aiohttp.ClientSession(base_url=console.url) as browser,
        ):
            await add_alert(console.store, "a")
            form = {"key": "a", "do": "snooze"}
            async with browser.post("/alerts", data=form, allow_redirects=False) as answer:
                assert answer.status == 303
            [alert] = await console.store.alerts.recent()
            assert alert.snoozed_until is not None
            left += [Conflict("changed")] * 9
            async with browser.post("/alerts", data=form) as answer:
                assert answer.status == 409


class TestRegrouping:
    async def test_staff_merge_and_split(self, tmp_path: Path) -> None:
        async with open_console(tmp_path, regroups=Grouping) as console:
            incident = await add_incident(console.store)
            await add_incident(console.store, "k2", title="另一件")
            seqs = await add_incident_posts(console.store, incident)
            async with aiohttp.ClientSession(base_url=console.url) as browser:
                async with browser.get("/incidents/INC-101") as answer:
                    html = await answer.text()
                assert f'name="seq-{seqs[-1]}"' in html
                assert "INC-102 另一件" in html
                await act(browser, "INC-101", do="merge", into=" inc-102 ")
                assert isinstance(console.regroups, Grouping)
                assert console.regroups.merged == [("INC-102", "INC-101", "staff")]
                await act(browser, "INC-101", 422, do="merge", into="INC-101")
                await act(browser, "INC-102", 409, do="merge", into="INC-101")
                chosen = {f"seq-{seqs[0]}": "1", f"seq-{seqs[1]}": "1", "seq-x": "1"}
                await act(browser, "INC-101", do="split", **chosen)
                await act(browser, "INC-101", 422, do="merge", into="INC-103")
                await act(browser, "INC-101", 422, do="split", **{"seq-99999": "1"})
            made = await read_incident(console, "INC-103")
            assert made.title == "2 by staff"
            found = await console.store.incidents.mentions("INC-103")
            assert [one.mention.seq for one in found] == seqs[:2]


class TestPages:
    async def test_the_board_lists_the_most_severe_first(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await add_incident(console.store, "a", severity="P3", title="小事")
        await add_incident(console.store, "b", severity="P1", title="大事")
        await add_incident(console.store, "c", severity="P1", state="resolved", title="旧事")
        await add_incident(console.store, "d", severity="P1", mentions=99, title="最大的事")
        gone = {"state": "resolved", "merged_into": "INC-102"}
        await add_incident(console.store, "e", title="并掉的事", **gone)
        async with browser.get("/incidents") as answer:
            html = await answer.text()
        order = [html.index(title) for title in ("最大的事", "大事</span>", "小事", "旧事")]
        assert order == sorted(order)
        assert "并掉的事" not in html
        assert 'data-source="/incidents/INC-104/curve"' in html
        headers = {"HX-Request": "true", "HX-Target": "board"}
        async with browser.get("/incidents", headers=headers) as answer:
            assert "<html" not in await answer.text()

    async def test_a_forecast_of_reposts_is_labelled(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        viral = await add_incident(console.store, severity="P1", forecast_of="reposts")
        await add_incident(console.store, "b", severity="P1", forecast=77.0)
        for path in ("/incidents", f"/incidents/{viral.id}"):
            async with browser.get(path) as answer:
                html = await answer.text()
            assert re.search(r"\b120(</strong>)? 次转发", html), path
            assert not re.search(r"\b77(</strong>)? 次转发", html)

    async def test_the_speed_counts_the_last_hour(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        incident = await add_incident(console.store, last_at=NOW - timedelta(minutes=10))
        await add_incident_posts(console.store, incident, 9)
        async with browser.get("/incidents") as answer:
            html = await answer.text()
        assert re.search(r"▲ 7\s*</td>", html)

    async def test_the_curve_is_served_as_json(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        incident = await add_incident(console.store, mentions=6)
        await add_incident_posts(console.store, incident)
        async with browser.get(f"/incidents/{incident.id}/curve") as answer:
            told = json.loads(await answer.text())
        assert told["counts"][-1] == 6
        assert len(told["times"]) == len(told["counts"])
        assert told["horizons"][-1]["count"] == 120.0
        async with browser.get("/incidents/INC-999/curve") as answer:
            assert answer.status == 404

    async def test_the_banner_leads_to_the_incident(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        incident = await add_incident(console.store, owner="王敏")
        await add_alert(console.store, "a", incident=incident.id)
        async with browser.get("/") as answer:
            html = await answer.text()
        assert 'class="banner P1" href="/incidents/INC-101"' in html
        assert re.search(r" 12 · \S+ 120 ", html), "how far it is, and how far it will go"
