"""X fails, stalls and refuses: every failure has its meaning, and nothing is lost."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.x.receive import XCursor
from core.errors import ConnectorError, Refused, Unavailable
from tests.connectors.support import START, FastForwardClock, drain, running
from tests.connectors.x.bench import SECRETS, Bench, x_bench
from tests.connectors.x.protocol import Trouble, error, flood, snowflake
from tests.driven_clock import WATCHDOG_SECONDS


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with x_bench(tmp_path) as made:
        yield made


@pytest.mark.parametrize("name", ["me", "search", "mentions"])
@pytest.mark.parametrize(
    ("trouble", "kind", "text"),
    [
        (error(401, "Unauthorized"), Refused, "developer console"),
        (error(402, "no credits"), Unavailable, "Buy credits"),
        (error(403, "client-not-enrolled"), Refused, "access to the X API v2"),
        (error(400, "bad"), Unavailable, "400 bad"),
        (error(500, "Internal"), Unavailable, "500 Internal"),
        (Trouble(status=503, body="<html>"), Unavailable, "503"),
        (Trouble(status=302, headers={"location": "https://x.example"}), Unavailable, "302"),
        (Trouble(body="not JSON"), Unavailable, "cannot be read"),
        (Trouble(body=b"\xff\xfe"), Unavailable, "cannot be read"),
        (Trouble(body="[" * 100_000), Unavailable, "cannot be read"),
        (Trouble(body="[]"), Unavailable, "not a JSON object"),
        (Trouble(body={"data": 7}), Unavailable, "cannot be read"),
        (Trouble(how="cut"), Unavailable, "X:"),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_every_failure_to_read_has_its_meaning_and_loses_nothing(
    bench: Bench, name: str, trouble: Trouble, kind: type[ConnectorError], text: str
) -> None:
    expected = bench.server.say("x")
    bench.server.trouble(name, trouble, trouble)
    caught = await bench.fail()
    assert isinstance(caught, kind)
    assert text in str(caught)
    bench.server.troubles.clear()
    async with running(bench.searching(), bench.kit.intake):
        await bench.kit.intake.until(1)
    assert bench.kit.intake.ids == [expected]


@pytest.mark.parametrize("name", ["me", "search", "mentions", "rules", "change_rules"])
async def test_a_429_is_waited_for_until_the_reset(bench: Bench, name: str) -> None:
    reset = int(START.timestamp()) + 700
    bench.server.trouble(name, flood(reset))
    before = bench.kit.clock.now()
    caught = await bench.fail(bench.connector(mode="webhook"))
    assert isinstance(caught, Unavailable)
    assert caught.retry_after is not None
    left = reset - before.timestamp()
    assert left - 60 < caught.retry_after <= left


async def test_a_429_without_a_reset_leaves_the_wait_to_the_supervisor(bench: Bench) -> None:
    bench.server.trouble("search", flood())
    caught = await bench.fail()
    assert isinstance(caught, Unavailable)
    assert caught.retry_after is None


async def test_a_half_open_connection_ends(bench: Bench) -> None:
    bench.server.trouble("search", Trouble(how="hang"))
    caught = await bench.fail(bench.searching(send_seconds=1))
    assert "Timeout" in str(caught)


async def test_a_dead_server_is_unavailable(bench: Bench) -> None:
    bench.server.url = "http://127.0.0.1:1"
    assert isinstance(await bench.fail(), Unavailable)


async def test_a_base_url_may_have_a_path(bench: Bench) -> None:
    bench.server.say("x")
    bench.server.url += "/prefix/"
    connector = bench.connector(access_token=None, consumer_key=None, access_token_secret=None)
    await connector.close()
    async with running(bench.searching(), bench.kit.intake):
        await bench.until("search", 1)
    assert all(call.acted for call in bench.server.calls)


@pytest.mark.parametrize("kind", ["refused", "reset", "nowhere", "stream"])
async def test_no_secret_is_in_a_log_or_an_error(
    bench: Bench, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    if kind == "refused":
        bench.server.trouble("me", error(401, "Unauthorized"))
    if kind == "reset":
        bench.server.trouble("search", Trouble(how="cut"), Trouble(how="cut"))
    if kind == "nowhere":
        bench.server.url = "http://nowhere.invalid"
    if kind == "stream":
        bench.server.trouble("stream", Trouble(how="cut"), Trouble(how="cut"))
    connector = bench.connector() if kind == "stream" else bench.searching()
    with pytest.raises(ConnectorError) as caught:
        async with asyncio.timeout(WATCHDOG_SECONDS):
            await drain(connector, bench.kit.intake)
    assert bench.server.calls or kind == "nowhere"
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(connector)
    assert not [secret for secret in SECRETS if secret in told]


async def test_more_than_a_week_without_contact_raises_a_gap_alert(bench: Bench) -> None:
    since = snowflake(-8 * 86_400_000)
    contact = START - timedelta(days=8)
    bench.kit.intake.cursors["x"] = XCursor(since=since, contact=contact).encode()
    expected = bench.server.say("after the gap")
    async with running(bench.searching(), bench.kit.intake):
        await bench.kit.intake.until(1)
    assert bench.kit.intake.ids == [expected]
    (alert,) = bench.kit.alarm.alerts.values()
    assert alert.kind == "gap"
    assert "2026-02-21 08:00" in alert.body
    assert "since_id" not in bench.server.asked("search")[0].query
    assert "since_id" in bench.server.asked("mentions")[0].query


async def test_a_quiet_brand_has_no_gap(bench: Bench) -> None:
    since = snowflake(-30 * 86_400_000)
    bench.kit.intake.cursors["x"] = XCursor(since=since, contact=START).encode()
    async with running(bench.searching(), bench.kit.intake):
        await bench.until("search", 1)
    assert not bench.kit.alarm.alerts


async def test_a_search_that_does_not_go_back_so_far_is_made_without_the_id(bench: Bench) -> None:
    bench.kit.intake.cursors["x"] = XCursor(since=5, contact=START).encode()
    bench.server.trouble("mentions", Trouble(body={}))
    expected = bench.server.say("x")
    async with running(bench.searching(), bench.kit.intake):
        await bench.kit.intake.until(1)
    assert bench.kit.intake.ids == [expected]
    asked = [call.query.get("since_id") for call in bench.server.asked("search")]
    assert asked[:2] == ["5", None]


async def test_more_than_may_be_read_at_once_gives_the_newest_and_an_alert(bench: Bench) -> None:
    known = bench.server.say("known")
    bench.kit.intake.cursors["x"] = XCursor(since=int(known), contact=START).encode()
    bench.server.page = 10
    expected = [bench.server.say(f"text {number}") for number in range(60)]
    async with running(bench.searching(catch_up_posts=20), bench.kit.intake):
        await bench.kit.intake.until(20)
    assert bench.kit.intake.ids == expected[-20:]
    (alert,) = bench.kit.alarm.alerts.values()
    assert (alert.kind, alert.severity) == ("gap", "P2")
    assert "20" in alert.body


async def test_the_first_start_reads_only_so_far_and_is_no_gap(bench: Bench) -> None:
    expected = [bench.server.say(f"text {number}") for number in range(60)]
    bench.server.page = 10
    async with running(bench.searching(catch_up_posts=20), bench.kit.intake):
        await bench.kit.intake.until(20)
    assert bench.kit.intake.ids == expected[-20:]
    assert not bench.kit.alarm.alerts


async def test_an_edit_has_the_id_of_the_first_version(bench: Bench) -> None:
    first = bench.server.say("v1")
    async with running(bench.searching(poll_seconds=1), bench.kit.intake):
        await bench.kit.intake.until(1)
        bench.server.edit(first, "v2")
        await bench.kit.intake.until(2)
        bench.server.edit(first, "v3")
        await bench.kit.intake.until(3)
    found = [(e.id, e.revision, e.kind, e.text) for e in bench.kit.intake.events.values()]
    assert found == [
        (first, 0, "post", "v1"),
        (first, 1, "edit", "v2"),
        (first, 2, "edit", "v3"),
    ]


async def test_the_contact_is_stored_while_nothing_happens(bench: Bench) -> None:
    bench.kit.clock = FastForwardClock(5000)
    async with running(bench.searching(poll_seconds=5000), bench.kit.intake):
        async with asyncio.timeout(WATCHDOG_SECONDS):
            while len(bench.kit.intake.pages) < 2:
                await asyncio.sleep(0.01)
    assert not bench.kit.intake.events
    contact = XCursor.decode(bench.kit.intake.pages[1].cursor).contact
    assert contact is not None
    assert contact >= START
