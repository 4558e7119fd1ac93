"""Figures of X's posts read again, and what that tells of edits, deletions and the budget."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.x.limits import ReadBudget, ReadPace
from connectors.x.receive import XCursor
from connectors.x.settings import XSettings
from core.clock import ManualClock
from core.connector import ReadsEngagement
from core.errors import Refused, Unavailable
from core.model.events import Metrics
from tests.connectors.support import START, FastForwardClock, running
from tests.connectors.x.bench import Bench, x_bench
from tests.connectors.x.protocol import Trouble, error, flood

FIGURES = Metrics(likes=1, reposts=2, comments=3, views=5)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with x_bench(tmp_path) as made:
        yield made


async def test_figures_come_in_batches_of_a_hundred(bench: Bench) -> None:
    ids = [bench.server.say(f"text {n}") for n in range(230)]
    connector = bench.searching()
    assert isinstance(connector, ReadsEngagement)
    found = await connector.fetch_engagement([*ids, ids[0], "odd", "007", ""])
    assert found == dict.fromkeys(ids, FIGURES)
    sizes = [len(call.query["ids"].split(",")) for call in bench.server.asked("lookup")]
    assert sizes == [100, 100, 30]
    assert dict(connector.detail())["read_this_month"].startswith("230 of")
    assert await connector.fetch_engagement([]) == {}


async def test_what_is_gone_is_none_and_withdrawn(bench: Bench) -> None:
    kept, lost = bench.server.say("kept"), bench.server.say("lost")
    connector = bench.searching()
    async with running(connector, bench.kit.intake):
        await bench.kit.intake.until(2)
        conversation = list(bench.kit.intake.events.values())[1].conversation
        bench.server.deleted.add(int(lost))
        for _ in range(2):
            found = await connector.fetch_engagement([kept, lost, "123"])
            assert found == {kept: FIGURES, lost: None, "123": None}
    *_, gone, unknown = bench.kit.intake.events.values()
    assert len(bench.kit.intake.events) == 4
    assert (gone.kind, gone.id, gone.text) == ("delete", lost, "")
    assert (gone.author.id, gone.conversation) == ("7", conversation)
    assert unknown.id == "123"


async def test_a_protected_account_is_gone_too_but_a_fault_is_not(bench: Bench) -> None:
    body: dict[str, object] = {
        "errors": [
            {"resource_id": "5", "type": "https://api.x.com/not-authorized-for-resource"},
            {"resource_id": "6", "title": "Service Unavailable", "type": "about:blank"},
            {"resource_id": "99", "title": "Not Found Error"},
            {"resource_id": None, "title": "Not Found Error"},
        ]
    }
    bench.server.trouble("lookup", Trouble(body=body))
    assert await bench.searching().fetch_engagement(["5", "6", "7"]) == {"5": None}


async def test_an_edit_nobody_told_us_of_is_noticed(bench: Bench) -> None:
    number = bench.server.say("v1")
    connector = bench.searching(rules=[])
    newest = bench.server.edit(number, "v2")
    for _ in range(2):
        assert set(await connector.fetch_engagement([number])) == {number}
    (event,) = bench.kit.intake.events.values()
    assert (event.id, event.revision, event.kind, event.text) == (number, 1, "edit", "v2")
    assert [call.query["ids"] for call in bench.server.asked("lookup")] == [number, newest, number]


async def test_an_edit_that_cannot_be_read_does_not_cost_the_figures(bench: Bench) -> None:
    number = bench.server.say("v1")
    bench.server.edit(number, "v2")
    body: dict[str, object] = {"data": [bench.server.posts[int(number)]]}
    bench.server.trouble("lookup", Trouble(body=body), error(500, "x"))
    assert await bench.searching().fetch_engagement([number]) == {number: FIGURES}
    assert not bench.kit.intake.events


async def test_odd_figures_are_none(bench: Bench) -> None:
    odd = {"like_count": "many", "retweet_count": -1, "impression_count": 2.0}
    number = bench.server.say("x", public_metrics=odd)
    found = await bench.searching().fetch_engagement([number])
    assert found == {number: Metrics(views=2)}
    number = bench.server.say("x", public_metrics="odd")
    assert await bench.searching().fetch_engagement([number]) == {number: Metrics()}


async def test_a_failure_is_told_unless_something_was_read(bench: Bench) -> None:
    ids = [bench.server.say(f"text {n}") for n in range(110)]
    connector = bench.searching()
    reset = int((bench.kit.clock.now() + timedelta(seconds=900)).timestamp())
    bench.server.trouble("lookup", flood(reset))
    with pytest.raises(Unavailable) as caught:
        await connector.fetch_engagement(ids)
    assert caught.value.retry_after is not None
    assert 800 < caught.value.retry_after <= 900
    bench.server.trouble("lookup", error(401, "x"))
    with pytest.raises(Refused):
        await connector.fetch_engagement(ids)
    bench.server.trouble("lookup", Trouble(body={"data": [bench.server.posts[int(ids[0])]]}))
    bench.server.trouble("lookup", error(500, "x"))
    assert list(await connector.fetch_engagement(ids)) == [ids[0]]


async def test_a_spent_budget_reads_nothing_and_says_so(bench: Bench) -> None:
    for n in range(30):
        bench.server.say(f"text {n}")
    connector = bench.searching(budget_posts=20, poll_seconds=1)
    async with running(connector, bench.kit.intake):
        await bench.kit.intake.until(30)
        await bench.server_is_quiet()
        asked = len(bench.server.calls)
        assert await connector.fetch_engagement([bench.kit.intake.ids[0]]) == {}
        assert len(bench.server.calls) == asked
        facts = dict(connector.detail())
    assert facts["pace"] == "stopped until next month"
    assert facts["read_this_month"] == "30 of 20 posts, $0.15 of $100.00"
    alert = bench.kit.alarm.alerts["spent:x:2026-03"]
    assert (alert.kind, alert.severity) == ("budget", "P2")
    assert "30 of 20 posts" in alert.body
    assert "2026-04-01 00:00" in alert.body


async def test_the_budget_in_dollars_counts_as_well(bench: Bench) -> None:
    connector = bench.searching(budget_dollars=0.05, dollars_per_post=0.01)
    assert "posts that may be read in a month: 5" in await connector.check()
    free = bench.searching(budget_dollars=0.05, dollars_per_post=0)
    assert dict(free.detail())["read_this_month"] == "0 of 20000 posts"


async def test_reading_slows_down_before_the_budget_is_spent(bench: Bench) -> None:
    for n in range(16):
        bench.server.say(f"text {n}")
    connector = bench.connector(budget_posts=20, poll_seconds=100)
    began = bench.kit.clock.now()
    async with running(connector, bench.kit.intake):
        await bench.kit.intake.until(16)
        await bench.until("search", 2)
        await bench.server_is_quiet()
        facts = dict(connector.detail())
    assert facts["pace"] == "4 times slower"
    assert facts["stream"] == "not connected"
    assert datetime.fromisoformat(facts["next_search"]) - began > timedelta(seconds=399)
    alert = bench.kit.alarm.alerts["slow:x:2026-03"]
    assert alert.severity == "P3"
    assert "16 of 20 posts" in alert.body


async def test_a_restart_keeps_what_was_spent(bench: Bench) -> None:
    for n in range(16):
        bench.server.say(f"text {n}")
    first = bench.searching(budget_posts=20)
    async with running(first, bench.kit.intake):
        await bench.kit.intake.until(16)
    bench.server.deleted |= set(bench.server.posts)
    second = bench.searching(budget_posts=20)
    async with running(second, bench.kit.intake):
        await bench.until("search", 2)
        assert dict(second.detail())["read_this_month"].startswith("16 of 20")
    bench.kit.intake.cursors["x"] = XCursor(
        since=1, contact=START, month="2026-02", read=99
    ).encode()
    third = bench.searching(budget_posts=20, rules=[])
    bench.server.trouble("mentions", Trouble(body={}))
    async with running(third, bench.kit.intake):
        await bench.until("mentions", 3)
        assert dict(third.detail())["read_this_month"].startswith("0 of 20")


async def test_figures_that_were_read_are_kept_without_an_event(bench: Bench) -> None:
    number = bench.server.say("x")
    bench.kit.clock = FastForwardClock(500)
    connector = bench.searching(poll_seconds=30)
    async with running(connector, bench.kit.intake):
        await bench.kit.intake.until(1)
        other = bench.server.say("y", mention=False)
        bench.server.searched.discard(int(other))
        await connector.fetch_engagement([number, other])
        pages = len(bench.kit.intake.pages)
        while len(bench.kit.intake.pages) == pages:
            await bench.server_is_quiet(0.02)
    assert XCursor.decode(bench.kit.intake.cursors["x"]).read == 2


def budget(clock: ManualClock, **settings: object) -> ReadBudget:
    chosen: dict[str, object] = {"bearer_token": "x", "budget_posts": 100}
    return ReadBudget(XSettings.model_validate(chosen | settings), clock)


async def test_the_pace_follows_the_month() -> None:
    clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    money = budget(clock)
    paces = []
    for n in range(101):
        paces.append(money.pace)
        money.spend([str(n)])
    assert paces[:75] == [ReadPace.NORMAL] * 75
    assert paces[75:90] == [ReadPace.SLOW] * 15
    assert paces[90:100] == [ReadPace.SLOWER] * 10
    assert paces[100] is ReadPace.SPENT
    assert money.left == 0
    assert money.renewed_at() == datetime(2026, 4, 1, tzinfo=UTC)
    await clock.advance(31 * 86_400)
    assert (money.pace, money.left, money.month) == (ReadPace.NORMAL, 100, "2026-04")


async def test_who_has_spent_no_more_than_the_month_is_old_is_not_slowed() -> None:
    clock = ManualClock(datetime(2026, 12, 28, tzinfo=UTC))
    money = budget(clock)
    money.spend(str(n) for n in range(80))
    assert money.pace is ReadPace.NORMAL
    assert money.renewed_at() == datetime(2027, 1, 1, tzinfo=UTC)


async def test_a_post_is_paid_for_once_a_day() -> None:
    clock = ManualClock(datetime(2026, 3, 1, 23, 59, tzinfo=UTC))
    money = budget(clock)
    money.spend(["1", "2"])
    money.spend(["2", "1"])
    assert money.read == 2
    await clock.advance(120)
    money.spend(["1"])
    assert money.read == 3


async def test_figures_get_an_even_share_of_what_is_left() -> None:
    clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    money = budget(clock)
    money.restore("2026-03", 76)
    assert money.may_reread()
    money.spend(["a"])
    assert not money.may_reread()
    await clock.advance(86_400)
    assert money.may_reread()


async def test_ids_are_remembered_only_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.x.limits._MOST_DEDUPLICATED", 1)
    money = budget(ManualClock(START))
    money.spend(["1"])
    money.spend(["2"])
    money.spend(["2"])
    assert money.read == 3


async def test_a_budget_for_nothing_is_spent() -> None:
    assert budget(ManualClock(START), budget_dollars=0.001).pace is ReadPace.SPENT
