"""X: what a check tells, how a connector closes, and what settings it takes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.x.receive import XCursor
from connectors.x.settings import XSettings
from core.connector import ChecksCredentials, ReportsHealth
from core.errors import Refused, Unavailable
from tests.connectors.support import START, drain, running
from tests.connectors.x.bench import SECRETS, Bench, x_bench
from tests.connectors.x.protocol import KEYS, TOKEN, Trouble


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with x_bench(tmp_path) as made:
        yield made


async def test_a_check_tries_both_credentials(bench: Bench) -> None:
    connector = bench.connector(rules=["a", "b"])
    assert isinstance(connector, ChecksCredentials)
    bench.server.rules["1"] = {"id": "1", "value": "old"}
    assert await connector.check() == (
        "account: @xmart (42)",
        "access of the account's keys: read-write",
        "rules on the stream: 1 now, 3 wanted",
        "posts that may be read in a month: 20000",
        'other accounts of the brand are named in brands.accounts = ["x:ID"]',
        "programs that do not say that they are: bots",
    )
    assert {call.name for call in bench.server.calls} == {"me", "rules"}
    with pytest.raises(Refused):
        await bench.connector(bearer_token="wrong").check()
    with pytest.raises(Refused):
        await bench.connector(access_token_secret="wrong").check()
    bench.server.trouble("me", Trouble(body={"data": {"id": "42"}}))
    with pytest.raises(Unavailable, match="does not name the account"):
        await bench.connector().check()


async def test_it_tells_staff_how_it_is(bench: Bench) -> None:
    connector = bench.connector()
    assert isinstance(connector, ReportsHealth)
    assert dict(connector.detail()) == {
        "mode": "stream",
        "stream": "not connected",
        "read_this_month": "0 of 20000 posts, $0.00 of $100.00",
        "pace": "normal",
    }
    bench.server.limits = {"x-rate-limit-limit": "450", "x-rate-limit-remaining": "449"}
    connector = bench.searching()
    bench.server.say("x")
    async with running(connector, bench.kit.intake):
        await bench.kit.intake.until(1)
        await bench.until("search", 1)
        await asyncio.sleep(0.02)
        facts = dict(connector.detail())
    assert facts["account"] == "@xmart"
    assert facts["read_this_month"] == "1 of 20000 posts, $0.01 of $100.00"
    assert facts["rate_limit"].endswith(": 449 of 450")
    assert facts["last_contact"].startswith("2026-03-01T08:")
    assert facts["next_search"] > facts["last_contact"]
    assert int(facts["lag_seconds"]) < 60
    assert "stream" not in facts


async def test_with_a_bearer_token_alone_the_account_is_asked_with_it(bench: Bench) -> None:
    bare = dict.fromkeys(KEYS)
    caught = await bench.fail(bench.searching(**bare))
    assert "all four keys" not in str(caught)
    (call,) = bench.server.calls
    assert call.headers["Authorization"] == f"Bearer {TOKEN}"


async def test_closed_before_it_is_read_it_asks_for_nothing(bench: Bench) -> None:
    connector = bench.connector()
    await connector.close()
    await drain(connector, bench.kit.intake)
    assert not bench.server.calls
    with pytest.raises(Unavailable, match="closed"):
        await connector.check()


async def test_closing_while_it_waits_for_an_answer_ends_it(bench: Bench) -> None:
    bench.server.trouble("search", Trouble(how="hang"))
    connector = bench.searching()
    async with running(connector, bench.kit.intake) as task:
        await bench.until("search", 1)
        await connector.close()
        async with asyncio.timeout(20):
            await task


@pytest.mark.parametrize(
    "cursor", [None, "", "x", "[]", "7", '{"since": "x", "read": -1, "month": 3}', "[" * 99_999]
)
def test_any_cursor_can_be_read(cursor: str | None) -> None:
    assert XCursor.decode(cursor) == XCursor()


def test_a_cursor_comes_back_as_it_was() -> None:
    mark = XCursor(since=2**62, contact=START, month="2026-03", read=7)
    assert XCursor.decode(mark.encode()) == mark
    assert XCursor.decode(XCursor().encode()) == XCursor()


@pytest.mark.parametrize(
    "settings",
    [
        {"bearer_token": ""},
        {"bearer_token": "with space"},
        {"bearer_token": "é"},
        {"consumer_key": None},
        {"access_token": None},
        {"mode": "webhook", **dict.fromkeys(KEYS)},
        {"mode": "carrier pigeon"},
        {"base_url": "ftp://x"},
        {"rules": [" "]},
        {"rules": ["x" * 1025]},
        {"budget_posts": 0},
        {"colour": "red"},
    ],
)
def test_wrong_settings_are_found_before_the_start(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"validation error") as caught:
        XSettings.model_validate({"bearer_token": TOKEN, **KEYS} | settings)
    assert not [secret for secret in SECRETS if secret in str(caught.value)]


def test_the_keys_of_the_account_may_be_missing_altogether() -> None:
    assert XSettings(bearer_token="x").access_token is None  # type: ignore[arg-type]  # pydantic
