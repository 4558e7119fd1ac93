"""Reddit: what a check tells, and how a connector closes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.reddit.client import RedditClient
from connectors.reddit.connector import Reddit
from connectors.reddit.cursor import RedditCursor, edits, removals
from connectors.reddit.events import RedditListing
from core.connector import ChecksCredentials, ReportsHealth
from core.errors import Refused, Unavailable
from tests.connectors.reddit.bench import Bench, fail, reddit_bench, until
from tests.connectors.reddit.server import USER, Trouble
from tests.connectors.support import drain

NEW = "r/shop/new"


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with reddit_bench(tmp_path) as made:
        yield made


async def test_it_can_be_checked_and_tells_of_its_health(bench: Bench) -> None:
    connector = bench.connector(subreddits=["shop", "other"])
    assert isinstance(connector, ChecksCredentials)
    assert isinstance(connector, ReportsHealth)
    bench.server.rate = {"x-ratelimit-remaining": "596.0", "x-ratelimit-reset": "300"}
    bench.server.trouble("r/other/new", Trouble(status=403, body={"reason": "private"}))
    facts = await connector.check()
    assert facts[0] == "account: u/shop_bot"
    assert facts[1] == "scopes: *"
    assert "r/shop/comments: may be read" in facts
    assert "r/other/new: may not be read (HTTP 403: private)" in facts
    assert facts[-1] == "requests left in this window: 596"
    assert not bench.server.posted
    assert not bench.kit.intake.pages


async def test_a_check_says_what_is_wrong(bench: Bench) -> None:
    with pytest.raises(Refused):
        await bench.connector(password="wrong").check()
    bench.server.trouble(NEW, Trouble(status=500))
    with pytest.raises(Unavailable):
        await bench.connector().check()
    bench.server.trouble("api/v1/me", Trouble(body={"name": 7}))
    with pytest.raises(Unavailable, match="does not name"):
        await bench.connector().check()


async def test_an_account_that_may_not_ask_its_name_goes_by_the_one_it_was_given(
    bench: Bench,
) -> None:
    bench.server.trouble("api/v1/me", Trouble(status=403))
    bench.server.comment("our own", author=USER)
    name = bench.server.comment("text")
    await drain(bench.connector(), bench.kit.intake, pages=1)
    assert bench.ids == [name]


async def test_a_server_that_is_not_there_is_tried_again(bench: Bench) -> None:
    error = await fail(bench, bench.connector(base_url="http://127.0.0.1:9"))
    assert isinstance(error, Unavailable)


async def test_after_closing_nothing_is_asked(bench: Bench) -> None:
    connector = bench.connector()
    await connector.close()
    with pytest.raises(Unavailable, match="closed"):
        await connector.fetch_engagement(["t1_x"])
    assert not bench.server.calls


async def test_closing_during_a_recheck_ends_the_reading(bench: Bench) -> None:
    bench.server.comment("text")
    bench.server.trouble("api/info", Trouble(how="hang"))
    connector = bench.connector(recheck_seconds=4)
    task = asyncio.create_task(drain(connector, bench.kit.intake))
    await until(lambda: bench.server.asked("api/info"))
    await connector.close()
    async with asyncio.timeout(20):
        await task


async def test_closing_before_anything_is_known_ends_the_reading(bench: Bench) -> None:
    bench.server.trouble("api/v1/me", Trouble(how="hang"))
    connector = bench.connector()
    task = asyncio.create_task(drain(connector, bench.kit.intake))
    await until(lambda: bench.server.asked("api/v1/me"))
    queued = asyncio.create_task(connector.check())
    await asyncio.sleep(0.01)
    await connector.close()
    async with asyncio.timeout(20):
        await task
    bench.server.stopping.set()
    with pytest.raises(Unavailable):
        await queued


async def test_an_error_during_a_recheck_is_an_error_of_reading(bench: Bench) -> None:
    bench.server.comment("text")
    bench.server.trouble("api/info", Trouble(status=500))
    assert isinstance(await fail(bench, bench.connector(recheck_seconds=4)), Unavailable)


def test_who_is_watched_no_more_is_neither_edited_nor_lost() -> None:
    state = RedditCursor(watch={})
    nothing = RedditListing(items=(), unreadable=(), after=None)
    assert removals(["t1_x"], nothing, state) == []
    assert edits(nothing, state) == []


async def test_there_is_one_thread_and_it_is_not_the_loops(bench: Bench) -> None:
    connector: Reddit = bench.connector()
    client: RedditClient = connector._client
    import threading

    def here(_praw: object) -> str:
        return threading.current_thread().name

    names = {await client._call(here) for _ in range(5)}
    assert names == {"reddit_0"}
    assert threading.current_thread().name not in names
