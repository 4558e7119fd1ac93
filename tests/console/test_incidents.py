"""The crisis board and the page of an incident: what they know, and what staff do there."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from console.curve import curve_of
from console.facts import carriers_of, facts_of
from console.ports import ConsoleStore
from console.summary import summarise
from core.errors import Conflict
from core.queries import Handled
from core.records import Alert, Incident
from core.standing import Freeze
from core.types import Author, EventKind
from storage.sqlite import SqliteStore
from tests.console.house import House, open_house, over
from tests.console.seeds import NOW, add_alert, add_incident, add_mention, event, judgement, ticket

MOTHER = Author(id="m", name="妈妈小林", followers=300)


async def spread(store: SqliteStore, incident: Incident, posts: int = 6) -> list[int]:
    """A post by a mother, passed on and told in other words; all of the incident."""
    texts = (
        "禾家的吐司发霉了，孩子差点吃下去",
        "太可怕了//@妈妈小林: 禾家的吐司发霉了，孩子差点吃下去",
        "禾家的吐司真的发霉了，太恶心",
        "同样的吐司发霉了，店员态度恶劣不理人",
        "Hejia bread is mouldy, never again!",
    )
    seqs = []
    for number in range(posts):
        what = event(
            f"p{number}",
            texts[number % len(texts)],
            author=MOTHER if number == 0 else Author(id=f"a{number}", name=f"顾客{number}"),
            posted_at=NOW - timedelta(minutes=10 * (posts - number)),
            kind=EventKind.REPOST if number % 5 == 1 else EventKind.POST,
            reply_to="p0" if number == 2 else None,
        )
        judged = judgement(
            "negative" if number else "neutral", language="en" if number == 4 else "zh"
        )
        owed = ticket(await store.reserve_ticket_number(), what) if number == 0 else None
        seqs.append((await add_mention(store, what, judged=judged, ticket=owed)).seq)
    await store.assign_incident(seqs, incident.id)
    return seqs


def replace_at(one: Handled, at: datetime) -> Handled:
    event = replace(one.mention.event, posted_at=at)
    return replace(one, mention=replace(one.mention, event=event))


async def handled(house: House, incident: Incident) -> Sequence[Handled]:
    return await house.store.incident_mentions(incident.id)


class TestFacts:
    async def test_are_counted_from_the_posts(self, house: House) -> None:
        incident = await add_incident(house.store)
        seqs = await spread(house.store, incident)
        facts = facts_of(await handled(house, incident), newest=2)
        assert facts.first is not None
        assert facts.first.mention.seq == seqs[0]
        assert [one.mention.seq for one in facts.newest] == seqs[:-3:-1]
        assert facts.languages == (("zh", 5), ("en", 1))
        assert facts.channels == (("weibo", 6),)
        assert facts.negative == pytest.approx(5 / 6)
        assert facts.an_hour == 6
        assert facts.tickets == ("T-1001",)

    async def test_of_nothing_are_nothing(self, house: House) -> None:
        incident = await add_incident(house.store)
        facts = facts_of(())
        assert (facts.first, facts.newest, facts.carriers, facts.summary) == (None, (), (), ())
        assert (facts.negative, facts.an_hour) == (0.0, 0)
        assert curve_of(incident, (), NOW).times == ()

    async def test_who_is_passed_on_carries_it(self, house: House) -> None:
        incident = await add_incident(house.store)
        await spread(house.store, incident)
        carriers = carriers_of([one.mention for one in await handled(house, incident)])
        first = carriers[0]
        assert (first.author, first.posts, first.carried) == (MOTHER, 1, 2)
        assert [one.carried for one in carriers[1:]] == [0] * 5, "nobody carries themselves"

    async def test_the_curve_counts_up_and_leads_to_the_forecast(self, house: House) -> None:
        incident = await add_incident(house.store, mentions=6)
        await spread(house.store, incident)
        posts = await handled(house, incident)
        curve = curve_of(incident, posts, NOW)
        assert curve.counts[0] == 1
        assert curve.counts[-1] == 6
        assert list(curve.counts) == sorted(curve.counts)
        assert curve.times[-1] == NOW
        assert (curve.ahead[0].at, curve.ahead[0].count) == (NOW, 6.0)
        assert curve.ahead[-1].at == NOW + timedelta(hours=3), "three times as long as it lasted"
        assert [one.hours for one in curve.horizons] == [1, 3, 6, 24, None]
        end = curve.horizons[-1]
        assert end.at == posts[0].mention.event.posted_at + timedelta(days=7)
        assert (end.count, end.low, end.high) == (120.0, 80.0, 200.0)
        for line in (curve.ahead, curve.horizons):
            assert all(one.low <= one.count <= one.high for one in line)
            assert [one.count for one in line] == sorted(one.count for one in line)
        gained = [one.count - 6 for one in curve.horizons]
        assert 0.1 < gained[0] / gained[-1] < 0.5, "much comes early: it is no straight line"
        more = curve_of(replace(incident, mentions=9), posts, NOW)
        assert more.counts[-1] == 9, "what is not listed any more counts all the same"
        assert more.ahead[0].count == 9

    async def test_what_is_over_or_unknown_has_no_future(self, house: House) -> None:
        incident = await add_incident(house.store, mentions=6)
        await spread(house.store, incident)
        posts = await handled(house, incident)
        for one in (replace(incident, state="resolved"), replace(incident, forecast=None)):
            past = curve_of(one, posts, NOW)
            assert past.counts[-1] == 6
            assert (past.ahead, past.horizons) == ((), ())
        late = curve_of(incident, [*posts, replace_at(posts[-1], NOW + timedelta(days=8))], NOW)
        assert late.horizons == (), "the week is over"

    async def test_the_forecast_is_never_less_than_what_is_there(self, house: House) -> None:
        incident = await add_incident(house.store, mentions=500)
        await spread(house.store, incident)
        posts = await handled(house, incident)
        bare = replace(incident, low=None, high=None)
        for one in (incident, bare):
            for point in curve_of(one, posts, NOW).horizons:
                assert point.low == point.count == point.high == 500
        wide = replace(incident, mentions=6, low=None, high=None)
        assert {one.low == one.count == one.high for one in curve_of(wide, posts, NOW).ahead} == {
            True
        }


class TestSummary:
    async def test_every_sentence_cites_posts_that_say_so(self, house: House) -> None:
        incident = await add_incident(house.store)
        seqs = await spread(house.store, incident, 20)
        mentions = [one.mention for one in await handled(house, incident)]
        found = summarise(mentions)
        assert 2 <= len(found) <= 3
        texts = {one.seq: one.masked_text for one in mentions}
        for said in found:
            assert said.text in texts[said.posts[0]]
            assert set(said.posts) <= set(seqs)
            assert said.people >= 1
        assert "发霉" in found[0].text
        assert found[0].people >= 4

    async def test_of_hostile_text_is_bounded(self, house: House) -> None:
        mentions = [
            await add_mention(house.store, event(str(n), text))
            for n, text in enumerate(("", "\x00\ud83d" * 3000, "。" * 5000, "a" * 100_000, "短"))
        ]
        assert summarise(mentions) == ()


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
        await self.store.assign_incident(seqs, made.id)
        return made.id


async def act(browser: aiohttp.ClientSession, name: str, status: int = 200, /, **form: str) -> str:
    headers = {"HX-Request": "true", "HX-Target": "incident"}
    async with browser.post(f"/incidents/{name}", data=form, headers=headers) as answer:
        assert answer.status == status
        return await answer.text()


async def read(house: House, name: str = "INC-101") -> Incident:
    found = await house.store.incident(name)
    assert found is not None
    return found


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
        states = {alert.key: (alert.state, alert.owner) for alert in await house.store.alerts()}
        assert states == {"mine": ("acknowledged", "王敏"), "other": ("firing", None)}

    async def test_acknowledging_alone_and_ending_and_reopening(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        incident = await add_incident(house.store)
        await add_alert(house.store, "mine", incident=incident.id)
        await house.store.save_freeze(
            Freeze(
                id="incident:INC-101",
                scope="incident",
                value="INC-101",
                reason="",
                by="bot",
                at=NOW,
            )
        )
        await act(browser, incident.id, do="acknowledge")
        [alert] = await house.store.alerts()
        assert alert.state == "acknowledged"
        assert (await read(house)).owner is None
        await act(browser, incident.id, do="resolve")
        [alert] = await house.store.alerts()
        assert alert.state == "resolved"
        assert (await read(house)).state == "resolved"
        assert await house.store.freezes() == []
        await act(browser, incident.id, do="reopen")
        assert (await read(house)).state == "open"
        notes = [note.what for note in (await read(house)).timeline]
        assert notes == ["opened", "acknowledged", "resolved", "reopened"]

    async def test_automatic_replies_are_paused_and_go_on(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        await add_incident(house.store)
        assert "自动回复已暂停" in await act(browser, "INC-101", do="freeze")
        [freeze] = await house.store.freezes()
        assert (freeze.id, freeze.scope, freeze.value) == (
            "incident:INC-101", "incident", "INC-101"
        )  # fmt: skip
        async with browser.get("/") as answer:
            assert "自动回复已暂停" in await answer.text(), "every page says so"
        await act(browser, "INC-101", do="lift")
        assert await house.store.freezes() == []

    async def test_alerts_are_silenced_for_a_time(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        await add_incident(house.store)
        assert "静默至" in await act(browser, "INC-101", do="silence", hours="4")
        [silence] = await house.store.silences()
        left = silence.until - house.clock.now()
        assert timedelta(hours=3.9) < left <= timedelta(hours=4)
        assert silence.incident == "INC-101"
        await act(browser, "INC-101", do="unsilence")
        assert await house.store.silences() == []

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


class TestColleagues:
    """Somebody else is faster."""

    async def test_what_they_did_first_is_kept(self, tmp_path: Path) -> None:
        faster = {"compare_and_set_incident": 2, "change_alert": 1, "acknowledge_alert": 1}

        def wrap(store: SqliteStore) -> ConsoleStore:
            def slowed(name: str) -> Callable[..., Awaitable[object]]:
                async def call(*given: object, **named: object) -> object:
                    if faster[name]:
                        faster[name] -= 1
                        raise Conflict("changed")
                    return await getattr(store, name)(*given, **named)

                return call

            return over(store, **{name: slowed(name) for name in faster})

        async with (
            open_house(tmp_path, wrap=wrap) as house,
            aiohttp.ClientSession(base_url=house.url) as browser,
        ):
            incident = await add_incident(house.store)
            for key in ("a", "b"):
                await add_alert(house.store, key, incident=incident.id)
            await act(browser, incident.id, do="own")
            states = sorted(alert.state for alert in await house.store.alerts())
            assert states == ["acknowledged", "firing"], "one was taken by the colleague"
            assert (await read(house)).owner == "staff"
            await act(browser, incident.id, do="resolve")
            assert {alert.state for alert in await house.store.alerts()} == {"resolved"}
            faster["compare_and_set_incident"] = 99
            await act(browser, incident.id, 409, do="reopen")

    async def test_an_alert_snoozed_by_two_at_once_is_snoozed(self, tmp_path: Path) -> None:
        left = [Conflict("changed")]

        def wrap(store: SqliteStore) -> ConsoleStore:
            async def change_alert(alert: Alert, *, receivers: Sequence[str] = ()) -> Alert:
                if left:
                    raise left.pop()
                return await store.change_alert(alert, receivers=receivers)

            return over(store, change_alert=change_alert)

        async with (
            open_house(tmp_path, wrap=wrap) as house,
            aiohttp.ClientSession(base_url=house.url) as browser,
        ):
            await add_alert(house.store, "a")
            form = {"key": "a", "do": "snooze"}
            async with browser.post("/alerts", data=form, allow_redirects=False) as answer:
                assert answer.status == 303
            [alert] = await house.store.alerts()
            assert alert.snoozed_until is not None
            left += [Conflict("changed")] * 9
            async with browser.post("/alerts", data=form) as answer:
                assert answer.status == 409


class TestRegrouping:
    async def test_staff_merge_and_split(self, tmp_path: Path) -> None:
        async with open_house(tmp_path, regroups=Grouping) as house:
            incident = await add_incident(house.store)
            await add_incident(house.store, "k2", title="另一件")
            seqs = await spread(house.store, incident)
            async with aiohttp.ClientSession(base_url=house.url) as browser:
                async with browser.get("/incidents/INC-101") as answer:
                    html = await answer.text()
                assert f'name="seq-{seqs[-1]}"' in html
                assert "INC-102 另一件" in html
                await act(browser, "INC-101", do="merge", into=" inc-102 ")
                assert isinstance(house.regroups, Grouping)
                assert house.regroups.merged == [("INC-102", "INC-101", "staff")]
                await act(browser, "INC-101", 422, do="merge", into="INC-101")
                await act(browser, "INC-102", 409, do="merge", into="INC-101")
                chosen = {f"seq-{seqs[0]}": "1", f"seq-{seqs[1]}": "1", "seq-x": "1"}
                await act(browser, "INC-101", do="split", **chosen)
                await act(browser, "INC-101", 422, do="merge", into="INC-103")
                await act(browser, "INC-101", 422, do="split", **{"seq-99999": "1"})
            made = await read(house, "INC-103")
            assert made.title == "2 by staff"
            found = await house.store.incident_mentions("INC-103")
            assert [one.mention.seq for one in found] == seqs[:2]


class TestPages:
    async def test_the_board_has_the_gravest_first(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        await add_incident(house.store, "a", severity="P3", title="小事")
        await add_incident(house.store, "b", severity="P1", title="大事")
        await add_incident(house.store, "c", severity="P1", state="resolved", title="旧事")
        await add_incident(house.store, "d", severity="P1", mentions=99, title="最大的事")
        gone = {"state": "resolved", "merged_into": "INC-102"}
        await add_incident(house.store, "e", title="并掉的事", **gone)
        async with browser.get("/incidents") as answer:
            html = await answer.text()
        order = [html.index(title) for title in ("最大的事", "大事</span>", "小事", "旧事")]
        assert order == sorted(order)
        assert "并掉的事" not in html
        assert 'data-source="/incidents/INC-104/curve"' in html
        headers = {"HX-Request": "true", "HX-Target": "board"}
        async with browser.get("/incidents", headers=headers) as answer:
            assert "<html" not in await answer.text()

    async def test_the_speed_is_that_of_its_last_hour(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        incident = await add_incident(house.store, last_at=NOW - timedelta(minutes=10))
        await spread(house.store, incident, 9)
        async with browser.get("/incidents") as answer:
            html = await answer.text()
        assert re.search(r"▲ 7\s*</td>", html)

    async def test_the_numbers_of_the_curve(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        incident = await add_incident(house.store, mentions=6)
        await spread(house.store, incident)
        async with browser.get(f"/incidents/{incident.id}/curve") as answer:
            told = json.loads(await answer.text())
        assert told["counts"][-1] == 6
        assert len(told["times"]) == len(told["counts"])
        assert told["horizons"][-1]["count"] == 120.0
        async with browser.get("/incidents/INC-999/curve") as answer:
            assert answer.status == 404

    async def test_the_banner_leads_to_the_incident(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        incident = await add_incident(house.store, owner="王敏")
        await add_alert(house.store, "a", incident=incident.id)
        async with browser.get("/") as answer:
            html = await answer.text()
        assert 'class="banner P1" href="/incidents/INC-101"' in html
        assert re.search(r" 12 · \S+ 120 ", html), "how far it is, and how far it will go"
