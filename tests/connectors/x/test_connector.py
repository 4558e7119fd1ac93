"""Reading X through a real connection: everything once and in order, whatever happens."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.x.receive import XCursor
from tests.connectors.support import drain, running
from tests.connectors.x.bench import Bench, x_bench
from tests.connectors.x.protocol import Trouble


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with x_bench(tmp_path) as made:
        yield made


async def test_sixty_posts_and_a_kill_in_the_middle_are_stored_once_in_order(bench: Bench) -> None:
    expected = [bench.server.say(f"text {number}") for number in range(60)]
    first = bench.connector()
    await drain(first, bench.kit.intake, pages=1)
    await first.close()
    assert 0 < len(bench.kit.intake.events) < 60
    stored = XCursor.decode(bench.kit.intake.cursors["x"])
    assert str(stored.since) == bench.kit.intake.ids[-1]
    second = bench.connector()
    async with running(second, bench.kit.intake):
        await bench.kit.intake.until(60)
    assert bench.kit.intake.ids == expected


async def test_the_search_goes_on_behind_the_last_post(bench: Bench) -> None:
    bench.server.say("one")
    last = bench.server.say("two")
    async with running(bench.searching(poll_seconds=1), bench.kit.intake):
        await bench.until("search", 2)
    first, second = bench.server.asked("search")[:2]
    assert "since_id" not in first.query
    assert second.query["since_id"] == last
    assert first.query["query"] == "(超市)"
    assert first.query["expansions"] == "author_id,referenced_tweets.id"
    assert "edit_history_tweet_ids" in first.query["tweet.fields"]


async def test_repeated_pages_out_of_order_are_put_in_order(bench: Bench) -> None:
    bench.server.page = 10
    bench.server.shuffle = True
    expected = [bench.server.say(f"text {number}") for number in range(35)]
    async with running(bench.searching(), bench.kit.intake):
        await bench.kit.intake.until(35)
    assert bench.kit.intake.ids == expected


async def test_a_server_that_gives_the_same_page_for_ever_is_left(bench: Bench) -> None:
    number = bench.server.say("x", mention=False)
    post = bench.server.posts[int(number)]
    body: dict[str, object] = {"data": [post], "meta": {"next_token": "again"}}
    bench.server.trouble("search", *[Trouble(body=body)] * 50)
    async with running(bench.searching(), bench.kit.intake):
        await bench.kit.intake.until(1)
    assert len(bench.server.asked("search")) == 2


async def test_rules_are_packed_into_as_few_searches_as_fit(bench: Bench) -> None:
    rules = ["a" * 60, "b" * 60, "c" * 60]
    async with running(bench.searching(rules=rules, query_length=140), bench.kit.intake):
        await bench.until("search", 2)
    asked = [call.query["query"] for call in bench.server.asked("search")]
    assert asked == [f"({'a' * 60}) OR ({'b' * 60})", f"({'c' * 60})"]


async def test_without_rules_only_mentions_are_read(bench: Bench) -> None:
    expected = bench.server.say("@xmart hello")
    bench.server.say("about others", mention=False)
    async with running(bench.searching(rules=[], poll_seconds=1), bench.kit.intake):
        await bench.until("mentions", 2)
    assert bench.kit.intake.ids == [expected]
    assert not bench.server.asked("search")


async def test_our_own_posts_are_no_events_and_not_asked_for_again(bench: Bench) -> None:
    own = bench.server.own("超市 news")
    async with running(bench.searching(poll_seconds=1), bench.kit.intake):
        await bench.until("search", 2)
    assert not bench.kit.intake.events
    assert bench.server.asked("search")[1].query["since_id"] == own


async def test_a_post_that_cannot_be_read_is_kept_aside(bench: Bench) -> None:
    odd = bench.server.say("odd", author_id=None)
    good = bench.server.say("good")
    async with running(bench.searching(), bench.kit.intake):
        await bench.kit.intake.until(1, rejects=1)
    assert bench.kit.intake.ids == [good]
    (reject,) = bench.kit.intake.rejects.values()
    assert reject.id == f"post:{odd}"
    assert "author_id" in reject.reason
    assert json.loads(reject.raw)["text"] == "odd"


async def test_only_what_cannot_be_read_is_kept_aside_too(bench: Bench) -> None:
    bench.server.say("odd", author_id="x", live=False)
    async with running(bench.searching(), bench.kit.intake):
        await bench.kit.intake.until(0, rejects=1)
