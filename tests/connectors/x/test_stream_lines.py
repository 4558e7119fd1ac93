"""Notices in the stream, and the end of the stream."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.x.errors import XFault, XRequestError
from connectors.x.limits import StreamBackoff
from connectors.x.receive import XCursor
from tests.connectors.support import START, FastForwardClock, drain, running
from tests.connectors.x.bench import Bench, x_bench
from tests.connectors.x.protocol import Trouble
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


async def test_what_the_stream_misses_is_swept_up(bench: Bench) -> None:
    async with running(bench.connector(sweep_seconds=2), bench.kit.intake):
        await connected(bench)
        number = bench.server.say("late", live=False)
        await bench.kit.intake.until(1)
    assert bench.kit.intake.ids == [number]


async def test_odd_lines_are_kept_aside_and_complaints_are_shown(bench: Bench) -> None:
    connector = bench.connector()
    async with running(connector, bench.kit.intake):
        await connected(bench)
        bench.server.push(b"\xff{")
        bench.server.push({"errors": [{"title": "operational-disconnect", "detail": "Going down"}]})
        bench.server.push({"data": {"id": "7", "text": "no author"}})
        bench.server.push({"unknown": True})
        number = bench.server.say("good")
        await bench.kit.intake.until(1, rejects=2)
        assert dict(connector.detail())["stream"] == "Going down"
    assert bench.kit.intake.ids == [number]


async def test_a_line_too_long_to_be_a_post_costs_only_the_connection(bench: Bench) -> None:
    async with running(bench.connector(), bench.kit.intake):
        await connected(bench)
        bench.server.push(b"x" * (5 << 20))
        await connected(bench, 2)
        bench.server.say("after")
        await bench.kit.intake.until(1)


async def test_notices_of_deletion_withdraw_the_post(bench: Bench) -> None:
    async with running(bench.connector(), bench.kit.intake):
        await connected(bench)
        first = bench.server.say("v1")
        second = bench.server.edit(first, "v2")
        await bench.kit.intake.until(2)
        notice: dict[str, object] = {
            "tweet": {"id": second, "author_id": "7"},
            "event_at": "2026-03-01T09:00:00.000Z",
        }
        bench.server.push({"data": {"delete": notice}})
        bench.server.push({"delete": {"tweet": {"id": "999", "author_id": "8"}}})
        await bench.kit.intake.until(4)
    *_, known, unknown = bench.kit.intake.events.values()
    assert (known.kind, known.id, known.author.id) == ("delete", first, "7")
    assert known.conversation == list(bench.kit.intake.events.values())[1].conversation
    assert known.posted_at == START + timedelta(hours=1)
    assert (unknown.kind, unknown.id, unknown.author.id) == ("delete", "999", "8")


async def test_a_first_version_that_comes_after_its_edit_is_not_lost(bench: Bench) -> None:
    async with running(bench.connector(sweep_seconds=2), bench.kit.intake):
        await connected(bench)
        first = bench.server.say("v1", live=False)
        bench.server.edit(first, "v2")
        await bench.kit.intake.until(2)
        assert {event.text for event in bench.kit.intake.events.values()} == {"v1", "v2"}


async def test_more_than_waits_at_once_comes_in_the_end(bench: Bench) -> None:
    source = bench.connector().pages(None)
    first = asyncio.ensure_future(anext(source))
    await connected(bench)
    numbers = [bench.server.say(f"text {number}") for number in range(1200)]
    page = await first
    await asyncio.sleep(0.3)
    while True:
        await bench.kit.intake.accept("x", page)
        if len(bench.kit.intake.events) == len(numbers):
            break
        page = await anext(source)
        assert len(page.events) <= 501
    assert bench.kit.intake.ids == numbers


async def test_closing_while_it_connects_ends_it(bench: Bench) -> None:
    bench.server.trouble("stream", Trouble(how="hang"))
    connector = bench.connector()
    async with running(connector, bench.kit.intake) as task:
        await bench.until("stream", 1)
        await connector.close()
        async with asyncio.timeout(20):
            await task


async def test_while_nothing_happens_the_cursor_is_stored(bench: Bench) -> None:
    bench.kit.clock = FastForwardClock(5000)
    task = asyncio.create_task(drain(bench.connector(), bench.kit.intake, pages=2))
    async with asyncio.timeout(WATCHDOG_SECONDS):
        await task
    assert not bench.kit.intake.events
    contact = XCursor.decode(bench.kit.intake.cursors["x"]).contact
    assert contact is not None


def test_the_backoff_is_as_x_asks() -> None:
    broken = XRequestError(XFault.UNCLEAR, "x")
    refused = XRequestError(XFault.UNCLEAR, "x", status=503)
    many = XRequestError(XFault.WAIT, "x", status=429)
    backoff = StreamBackoff()
    assert [backoff.next_delay(broken, START) for _ in range(4)] == [0.0, 0.25, 0.5, 0.75]
    assert [backoff.next_delay(broken, START) for _ in range(100)][-1] == 16.0
    assert [backoff.next_delay(refused, START) for _ in range(9)] == [
        5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 320.0, 320.0,
    ]  # fmt: skip
    assert [backoff.next_delay(many, START) for _ in range(3)] == [60.0, 120.0, 240.0]
    told = XRequestError(XFault.WAIT, "x", status=429, retry_at=START + timedelta(seconds=7))
    assert backoff.next_delay(told, START) == 7.0
    backoff.reset()
    assert backoff.next_delay(broken, START) == 0.0
    assert backoff.next_delay(refused, START) == 5.0
    assert backoff.next_delay(many, START) == 60.0
