"""X's filtered stream: its rules, its backoff, and nothing lost between two connections."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.x.receive import XCursor
from core.errors import Refused, Unavailable
from tests.connectors.support import running
from tests.connectors.x.bench import Bench, x_bench
from tests.connectors.x.protocol import Trouble, error, flood
from tests.driven_clock import WATCHDOG_SECONDS


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with x_bench(tmp_path) as made:
        yield made


async def connected(bench: Bench, calls: int = 1) -> None:
    """Wait until a stream stands and everything before it is caught up."""
    await bench.until("stream", calls)
    await bench.until("search", calls)
    async with asyncio.timeout(WATCHDOG_SECONDS):
        while not bench.server.streams:
            await asyncio.sleep(0.002)


async def test_the_rules_on_the_platform_become_ours(bench: Bench) -> None:
    bench.server.rules = {
        "1": {"id": "1", "value": "old"},
        "2": {"id": "2", "value": "超市"},
        "3": {"id": "3", "value": "超市"},
    }
    async with running(bench.connector(rules=["超市", "chips", "chips"]), bench.kit.intake):
        await connected(bench)
    assert sorted(str(r["value"]) for r in bench.server.rules.values()) == [
        "@xmart",
        "chips",
        "超市",
    ]
    assert "2" in bench.server.rules
    changes = [call.body for call in bench.server.asked("change_rules")]
    assert changes[0] == {"delete": {"ids": ["1", "3"]}}
    assert len(changes) == 2
    again = bench.connector(rules=["超市", "chips"])
    async with running(again, bench.kit.intake):
        await connected(bench, 2)
    assert len(bench.server.asked("change_rules")) == 2


async def test_a_rule_x_does_not_take_is_named(bench: Bench) -> None:
    caught = await bench.fail(bench.connector(rules=["((bad"]))
    assert isinstance(caught, Refused)
    assert "((bad" in str(caught)
    assert "Correct it" in caught.remedy


async def test_a_rule_somebody_else_has_added_meanwhile_is_no_error(bench: Bench) -> None:
    body: dict[str, object] = {"errors": [{"title": "DuplicateRule", "value": "@xmart"}]}
    bench.server.trouble("change_rules", Trouble(status=201, body=body))
    async with running(bench.connector(), bench.kit.intake):
        await connected(bench)


async def test_what_the_stream_brings_is_delivered(bench: Bench) -> None:
    connector = bench.connector()
    async with running(connector, bench.kit.intake):
        await connected(bench)
        numbers = [bench.server.say(f"text {number}") for number in range(3)]
        await bench.kit.intake.until(3)
        assert dict(connector.detail())["stream"] == "connected"
    assert bench.kit.intake.ids == numbers
    assert XCursor.decode(bench.kit.intake.cursors["x"]).since == int(numbers[-1])
    (call,) = bench.server.asked("stream")
    assert call.query["expansions"] == "author_id,referenced_tweets.id"
    assert len(bench.server.asked("search")) == 1


async def test_what_comes_while_it_catches_up_comes_after_it(bench: Bench) -> None:
    old = [bench.server.say(f"old {number}") for number in range(120)]
    source = bench.connector().pages(None)
    page = await anext(source)
    new = bench.server.say("new")
    while len(bench.kit.intake.events) < 121:
        await bench.kit.intake.accept("x", page)
        page = await anext(source) if len(bench.kit.intake.events) < 121 else page
    assert bench.kit.intake.ids == [*old, new]


async def test_a_dropped_connection_is_made_anew_at_once_and_caught_up(bench: Bench) -> None:
    connector = bench.connector()
    async with running(connector, bench.kit.intake):
        await connected(bench)
        before = bench.server.say("before")
        await bench.kit.intake.until(1)
        bench.server.drop_streams()
        missed = bench.server.say("missed", live=False)
        await bench.kit.intake.until(2)
        await connected(bench, 2)
        after = bench.server.say("after")
        await bench.kit.intake.until(3)
    assert bench.kit.intake.ids == [before, missed, after]
    assert len(bench.server.asked("stream")) == 2


async def test_a_silent_connection_is_left(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.x.client.STREAM_TIMEOUT", 0.2)
    bench.server.trouble("stream", Trouble(how="act and hang"))
    async with running(bench.connector(), bench.kit.intake):
        await connected(bench, 2)
        number = bench.server.say("after the silence")
        await bench.kit.intake.until(1)
    assert bench.kit.intake.ids == [number]


async def test_keep_alives_keep_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.x.client.STREAM_TIMEOUT", 0.2)
    async with running(bench.connector(), bench.kit.intake):
        await connected(bench)
        await asyncio.sleep(0.6)
        bench.server.say("still there")
        await bench.kit.intake.until(1)
    assert len(bench.server.asked("stream")) == 1


@pytest.mark.parametrize(
    ("trouble", "wait"),
    [
        (Trouble(how="cut"), 0.0),
        (error(500, "x"), 5.0),
        (error(503, "x"), 5.0),
        (flood(), 60.0),
    ],
    ids=str,
)
async def test_while_the_stream_cannot_be_had_the_search_delivers(
    bench: Bench, trouble: Trouble, wait: float
) -> None:
    number = bench.server.say("x")
    bench.server.trouble("stream", trouble, trouble)
    connector = bench.connector()
    caught = await bench.fail(connector)
    assert isinstance(caught, Unavailable)
    assert caught.retry_after == wait
    assert bench.kit.intake.ids == [number]
    facts = dict(connector.detail())
    assert facts["stream"] != "connected"
    bench.server.troubles.clear()
    async with running(connector, bench.kit.intake):
        await connected(bench)
        bench.server.say("y")
        await bench.kit.intake.until(2)


async def test_the_search_does_not_run_with_every_try_of_the_stream(bench: Bench) -> None:
    bench.server.trouble("stream", *[error(500, "x")] * 2)
    connector = bench.connector(poll_seconds=1000)
    waits = [await bench.fail(connector) for _ in range(2)]
    assert [getattr(wait, "retry_after", None) for wait in waits] == [5.0, 10.0]
    assert len(bench.server.asked("search")) == 1


async def test_a_429_of_the_stream_is_waited_for_until_the_reset(bench: Bench) -> None:
    reset = int((bench.kit.clock.now() + timedelta(seconds=900)).timestamp())
    bench.server.trouble("stream", flood(reset))
    caught = await bench.fail(bench.connector())
    assert isinstance(caught, Unavailable)
    assert caught.retry_after is not None
    assert 800 < caught.retry_after <= 900


async def test_a_refused_token_stops_it(bench: Bench) -> None:
    bench.server.trouble("stream", error(401, "Unauthorized"), error(402, "no credits"))
    assert isinstance(await bench.fail(bench.connector()), Refused)
    caught = await bench.fail(bench.connector())
    assert isinstance(caught, Unavailable)
    assert caught.retry_after == 900


@pytest.mark.parametrize("status", [403, 404])
async def test_without_a_stream_in_the_plan_the_search_goes_on_alone(
    bench: Bench, status: int
) -> None:
    bench.server.trouble("stream", error(status, "client-forbidden"))
    connector = bench.connector(poll_seconds=1)
    async with running(connector, bench.kit.intake):
        await bench.until("search", 2)
        number = bench.server.say("x")
        await bench.kit.intake.until(1)
        assert "client-forbidden" in dict(connector.detail())["stream"]
    assert bench.kit.intake.ids == [number]
    assert len(bench.server.asked("stream")) == 1


async def test_an_error_while_it_catches_up_ends_the_connection(bench: Bench) -> None:
    bench.server.trouble("search", error(500, "x"))
    assert isinstance(await bench.fail(bench.connector()), Unavailable)
    async with asyncio.timeout(WATCHDOG_SECONDS):
        while bench.server.streams:
            await asyncio.sleep(0.01)
