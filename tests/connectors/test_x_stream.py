"""X's filtered stream: its rules, its backoff, and nothing lost between two connections."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.x_cursor import Mark
from connectors.x_errors import ApiError, Fault
from connectors.x_stream import Backoff
from core.errors import Refused, Unavailable
from tests.connectors.support import START, HurriedClock, drain, running
from tests.connectors.x_bench import Bench, x_bench
from tests.connectors.x_server import Trouble, error, flood


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with x_bench(tmp_path) as made:
        yield made


async def connected(bench: Bench, calls: int = 1) -> None:
    """Wait until a stream stands and everything before it is caught up."""
    await bench.until("stream", calls)
    await bench.until("search", calls)
    async with asyncio.timeout(5):
        while not bench.server.streams:
            await asyncio.sleep(0.002)


async def test_the_rules_on_the_platform_become_ours(bench: Bench) -> None:
    bench.server.rules = {
        "1": {"id": "1", "value": "old"},
        "2": {"id": "2", "value": "超市"},
        "3": {"id": "3", "value": "超市"},
    }
    async with running(bench.connector(rules=["超市", "chips", "chips"]), bench.kit.shelf):
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
    async with running(again, bench.kit.shelf):
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
    async with running(bench.connector(), bench.kit.shelf):
        await connected(bench)


async def test_what_the_stream_brings_is_delivered(bench: Bench) -> None:
    connector = bench.connector()
    async with running(connector, bench.kit.shelf):
        await connected(bench)
        numbers = [bench.server.say(f"text {number}") for number in range(3)]
        await bench.kit.shelf.until(3)
        assert dict(connector.detail())["stream"] == "connected"
    assert bench.kit.shelf.ids == numbers
    assert Mark.read_from(bench.kit.shelf.cursors["x"]).since == int(numbers[-1])
    (call,) = bench.server.asked("stream")
    assert call.query["expansions"] == "author_id,referenced_tweets.id"
    assert len(bench.server.asked("search")) == 1


async def test_what_comes_while_it_catches_up_comes_after_it(bench: Bench) -> None:
    old = [bench.server.say(f"old {number}") for number in range(120)]
    source = bench.connector().pages(None)
    page = await anext(source)
    new = bench.server.say("new")
    while len(bench.kit.shelf.events) < 121:
        await bench.kit.shelf.accept("x", page)
        page = await anext(source) if len(bench.kit.shelf.events) < 121 else page
    assert bench.kit.shelf.ids == [*old, new]


async def test_a_dropped_connection_is_made_anew_at_once_and_caught_up(bench: Bench) -> None:
    connector = bench.connector()
    async with running(connector, bench.kit.shelf):
        await connected(bench)
        before = bench.server.say("before")
        await bench.kit.shelf.until(1)
        bench.server.drop_streams()
        missed = bench.server.say("missed", live=False)
        await bench.kit.shelf.until(2)
        await connected(bench, 2)
        after = bench.server.say("after")
        await bench.kit.shelf.until(3)
    assert bench.kit.shelf.ids == [before, missed, after]
    assert bench.server.asked("stream")[1].at - bench.server.asked("stream")[0].at < 3


async def test_a_silent_connection_is_left(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.x_api.SILENCE_SECONDS", 0.2)
    bench.server.trouble("stream", Trouble(how="act and hang"))
    async with running(bench.connector(), bench.kit.shelf):
        await connected(bench, 2)
        number = bench.server.say("after the silence")
        await bench.kit.shelf.until(1)
    assert bench.kit.shelf.ids == [number]


async def test_keep_alives_keep_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.x_api.SILENCE_SECONDS", 0.2)
    async with running(bench.connector(), bench.kit.shelf):
        await connected(bench)
        await asyncio.sleep(0.6)
        bench.server.say("still there")
        await bench.kit.shelf.until(1)
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
    assert bench.kit.shelf.ids == [number]
    facts = dict(connector.detail())
    assert facts["stream"] != "connected"
    bench.server.troubles.clear()
    async with running(connector, bench.kit.shelf):
        await connected(bench)
        bench.server.say("y")
        await bench.kit.shelf.until(2)


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
    async with running(connector, bench.kit.shelf):
        await bench.until("search", 2)
        number = bench.server.say("x")
        await bench.kit.shelf.until(1)
        assert "client-forbidden" in dict(connector.detail())["stream"]
    assert bench.kit.shelf.ids == [number]
    assert len(bench.server.asked("stream")) == 1


async def test_an_error_while_it_catches_up_ends_the_connection(bench: Bench) -> None:
    bench.server.trouble("search", error(500, "x"))
    assert isinstance(await bench.fail(bench.connector()), Unavailable)
    async with asyncio.timeout(2):
        while bench.server.streams:
            await asyncio.sleep(0.01)


async def test_what_the_stream_misses_is_swept_up(bench: Bench) -> None:
    async with running(bench.connector(sweep_seconds=2), bench.kit.shelf):
        await connected(bench)
        number = bench.server.say("late", live=False)
        await bench.kit.shelf.until(1)
    assert bench.kit.shelf.ids == [number]


async def test_odd_lines_are_kept_aside_and_complaints_are_shown(bench: Bench) -> None:
    connector = bench.connector()
    async with running(connector, bench.kit.shelf):
        await connected(bench)
        bench.server.push(b"\xff{")
        bench.server.push({"errors": [{"title": "operational-disconnect", "detail": "Going down"}]})
        bench.server.push({"data": {"id": "7", "text": "no author"}})
        bench.server.push({"unknown": True})
        number = bench.server.say("good")
        await bench.kit.shelf.until(1, rejects=2)
        assert dict(connector.detail())["stream"] == "Going down"
    assert bench.kit.shelf.ids == [number]


async def test_a_line_too_long_to_be_a_post_costs_only_the_connection(bench: Bench) -> None:
    async with running(bench.connector(), bench.kit.shelf):
        await connected(bench)
        bench.server.push(b"x" * (5 << 20))
        await connected(bench, 2)
        bench.server.say("after")
        await bench.kit.shelf.until(1)


async def test_notices_of_deletion_withdraw_the_post(bench: Bench) -> None:
    async with running(bench.connector(), bench.kit.shelf):
        await connected(bench)
        first = bench.server.say("v1")
        second = bench.server.edit(first, "v2")
        await bench.kit.shelf.until(2)
        notice: dict[str, object] = {
            "tweet": {"id": second, "author_id": "7"},
            "event_at": "2026-03-01T09:00:00.000Z",
        }
        bench.server.push({"data": {"delete": notice}})
        bench.server.push({"delete": {"tweet": {"id": "999", "author_id": "8"}}})
        await bench.kit.shelf.until(4)
    *_, known, unknown = bench.kit.shelf.events.values()
    assert (known.kind, known.id, known.author.id) == ("delete", first, "7")
    assert known.conversation == list(bench.kit.shelf.events.values())[1].conversation
    assert known.posted_at == START + timedelta(hours=1)
    assert (unknown.kind, unknown.id, unknown.author.id) == ("delete", "999", "8")


async def test_a_first_version_that_comes_after_its_edit_is_not_lost(bench: Bench) -> None:
    async with running(bench.connector(sweep_seconds=2), bench.kit.shelf):
        await connected(bench)
        first = bench.server.say("v1", live=False)
        bench.server.edit(first, "v2")
        await bench.kit.shelf.until(2)
        assert {event.text for event in bench.kit.shelf.events.values()} == {"v1", "v2"}


async def test_more_than_waits_at_once_comes_in_the_end(bench: Bench) -> None:
    source = bench.connector().pages(None)
    first = asyncio.ensure_future(anext(source))
    await connected(bench)
    numbers = [bench.server.say(f"text {number}") for number in range(1200)]
    page = await first
    await asyncio.sleep(0.3)
    while True:
        await bench.kit.shelf.accept("x", page)
        if len(bench.kit.shelf.events) == len(numbers):
            break
        page = await anext(source)
        assert len(page.events) <= 501
    assert bench.kit.shelf.ids == numbers


async def test_closing_while_it_connects_ends_it(bench: Bench) -> None:
    bench.server.trouble("stream", Trouble(how="hang"))
    connector = bench.connector()
    async with running(connector, bench.kit.shelf) as task:
        await bench.until("stream", 1)
        await connector.close()
        async with asyncio.timeout(2):
            await task


async def test_while_nothing_happens_the_cursor_is_stored(bench: Bench) -> None:
    bench.kit.clock = HurriedClock(5000)
    task = asyncio.create_task(drain(bench.connector(), bench.kit.shelf, pages=2))
    async with asyncio.timeout(5):
        await task
    assert not bench.kit.shelf.events
    contact = Mark.read_from(bench.kit.shelf.cursors["x"]).contact
    assert contact is not None


def test_the_backoff_is_as_x_asks() -> None:
    broken = ApiError(Fault.UNCLEAR, "x")
    refused = ApiError(Fault.UNCLEAR, "x", status=503)
    many = ApiError(Fault.WAIT, "x", status=429)
    backoff = Backoff()
    assert [backoff.failed(broken, START) for _ in range(4)] == [0.0, 0.25, 0.5, 0.75]
    assert [backoff.failed(broken, START) for _ in range(100)][-1] == 16.0
    assert [backoff.failed(refused, START) for _ in range(9)] == [
        5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 320.0, 320.0,
    ]  # fmt: skip
    assert [backoff.failed(many, START) for _ in range(3)] == [60.0, 120.0, 240.0]
    told = ApiError(Fault.WAIT, "x", status=429, at=START + timedelta(seconds=7))
    assert backoff.failed(told, START) == 7.0
    backoff.worked()
    assert backoff.failed(broken, START) == 0.0
    assert backoff.failed(refused, START) == 5.0
    assert backoff.failed(many, START) == 60.0
