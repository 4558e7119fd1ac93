"""Replies to Reddit whose fate is unknown: found, not repeated."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from core.connector import RetryAt, Sent, Unknown
from core.errors import Refused, Unavailable
from core.model.outbox import Target
from tests.connectors.reddit.bench import Bench, reddit_bench, under
from tests.connectors.reddit.server import Trouble

COMMENT = "api/comment"


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with reddit_bench(tmp_path) as made:
        yield made


def seconds(bench: Bench, result: object) -> float:
    """Seconds until the reply is tried again."""
    assert isinstance(result, RetryAt), result
    now: datetime = bench.kit.clock.now()
    return (result.at - now).total_seconds()


@pytest.mark.parametrize(
    "how", ["act and cut", "act and hang", "act and answer"], ids=["reset", "half open", "500"]
)
async def test_a_reply_in_doubt_is_not_repeated_and_is_found(bench: Bench, how: str) -> None:
    trouble = Trouble(status=500, body="<html>", how="act and cut")
    if how == "act and hang":
        trouble = Trouble(how="act and hang")
    elif how == "act and answer":
        trouble = Trouble(status=500, body="<html>", how="act and answer")
    bench.server.trouble(COMMENT, trouble)
    connector = bench.connector(timeout_seconds=0.3)
    target = under("t1_a")
    assert isinstance(await connector.send(target, "text ", "k"), Unknown)
    assert len(bench.server.asked(COMMENT)) == 1
    found = await connector.find_sent(target, "text ", "k")
    assert found == bench.server.posted[0]["name"]
    assert await connector.find_sent(under("t1_b"), "text", "k") is None
    assert await connector.find_sent(target, "other", "k") is None


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(how="cut"),
        Trouble(status=500),
        Trouble(status=502),
        Trouble(body="{not json"),
        Trouble(body={"jquery": []}),
        Trouble(body={"json": {"errors": [], "data": {"things": []}}}),
        Trouble(body={"json": {"errors": [], "data": {"things": [{"data": {"id": 7}}]}}}),
        Trouble(status=204, body=""),
    ],
)
async def test_what_leaves_open_whether_it_was_taken_is_unknown(
    bench: Bench, trouble: Trouble
) -> None:
    bench.server.trouble(COMMENT, trouble)
    connector = bench.connector()
    assert isinstance(await connector.send(under("t1_a"), "x", "k"), Unknown)
    assert len(bench.server.asked(COMMENT)) == 1
    assert await connector.find_sent(under("t1_a"), "x", "k") is None


async def test_an_overloaded_server_that_took_nothing_gets_it_once_later(bench: Bench) -> None:
    bench.server.trouble(COMMENT, Trouble(status=503, headers={"retry-after": "45"}))
    connector = bench.connector()
    assert seconds(bench, await connector.send(under("t1_a"), "x", "k")) == pytest.approx(45, abs=2)
    assert not bench.server.posted
    assert isinstance(await connector.send(under("t1_a"), "x", "k"), Sent)
    assert bench.server.texts == ["x"]


async def test_an_overloaded_server_that_took_it_all_the_same_is_believed(bench: Bench) -> None:
    bench.server.trouble(COMMENT, Trouble(status=503, how="act and answer"))
    connector = bench.connector()
    result = await connector.send(under("t1_a"), "x", "k")
    assert result == Sent(native_id=str(bench.server.posted[0]["name"]))


async def test_before_a_repeat_it_is_looked_whether_the_overload_took_it(bench: Bench) -> None:
    connector = bench.connector()
    assert isinstance(await connector.send(under("t1_z"), "first", "k0"), Sent)
    bench.server.trouble(COMMENT, Trouble(status=503, how="act and answer"))
    bench.server.trouble("user/shop_bot/comments", Trouble(status=503), Trouble(status=503))
    assert seconds(bench, await connector.send(under("t1_a"), "x", "k")) > 20
    assert seconds(bench, await connector.send(under("t1_a"), "x", "k")) > 4
    assert isinstance(await connector.send(under("t1_a"), "x", "k"), Sent)
    assert bench.server.texts == ["first", "x"]


async def test_a_new_process_does_not_repeat_what_an_earlier_one_has_sent(bench: Bench) -> None:
    first = await bench.connector().send(under("t1_a"), "x", "k")
    assert await bench.connector().send(under("t1_a"), "x", "k") == first
    assert bench.server.texts == ["x"]


async def test_an_account_without_the_scope_to_read_itself_can_still_reply(bench: Bench) -> None:
    bench.server.trouble("user/shop_bot/comments", Trouble(status=403))
    assert isinstance(await bench.connector().send(under("t1_a"), "x", "k"), Sent)


async def test_an_expired_token_costs_no_reply_and_makes_no_second_one(bench: Bench) -> None:
    connector = bench.connector()
    await connector.send(under("t1_a"), "x", "k1")
    bench.server.trouble(COMMENT, Trouble(status=401))
    assert isinstance(await connector.send(under("t1_b"), "y", "k2"), Sent)
    assert bench.server.texts == ["x", "y"]


async def test_while_signing_in_fails_nothing_was_sent(bench: Bench) -> None:
    wrong = bench.connector(password="wrong")
    assert seconds(bench, await wrong.send(under("t1_a"), "x", "k")) == pytest.approx(300, abs=2)
    bench.server.trouble("api/v1/access_token", Trouble(status=500), Trouble(how="cut"))
    connector = bench.connector()
    assert seconds(bench, await connector.send(under("t1_a"), "x", "k")) == pytest.approx(5, abs=2)
    assert seconds(bench, await connector.send(under("t1_a"), "x", "k")) > 3
    assert not bench.server.asked(COMMENT)
    await connector.send(under("t1_a"), "x", "k")
    bench.server.trouble(COMMENT, Trouble(status=401), Trouble(status=500))
    assert isinstance(await connector.send(under("t1_c"), "z", "k3"), Unknown)
    refused = Trouble(status=401)
    bench.server.trouble(COMMENT, refused, refused)
    assert seconds(bench, await connector.send(under("t1_b"), "y", "k2")) > 250


async def test_a_server_out_of_reach_is_tried_ever_less_often(bench: Bench) -> None:
    connector = bench.connector(base_url="http://127.0.0.1:9", www_url=bench.server.url)
    waits = []
    for _ in range(3):
        waits.append(seconds(bench, await connector.send(under("t1_a"), "x", "k")))
        shared = seconds(bench, await connector.send(under("t1_b"), "y", "l"))
        assert shared <= waits[-1], "replies that fail together do not lengthen the pause"
        await bench.kit.clock.sleep(40)
    assert waits == pytest.approx([5, 10, 20], abs=2)


async def test_a_message_to_another_is_not_taken_for_this_one(bench: Bench) -> None:
    connector = bench.connector()
    await connector.send(Target(channel="reddit", conversation="u/li_lei"), "text", "k1")
    target = Target(channel="reddit", conversation="u/xiao_wang")
    assert await connector.find_sent(target, "text", "k2") is None


async def test_what_cannot_be_read_back_is_said(bench: Bench) -> None:
    connector = bench.connector()
    bench.server.trouble("user/shop_bot/comments", Trouble(status=500))
    with pytest.raises(Unavailable):
        await connector.find_sent(under("t1_a"), "x", "k")
    assert await connector.find_sent(Target(channel="reddit", conversation="?"), "x", "k") is None
    with pytest.raises(Refused):
        await bench.connector(password="wrong").find_sent(under("t1_a"), "x", "k")
    bench.server.trouble(COMMENT, Trouble(status=429, headers={"retry-after": "600"}))
    await connector.send(under("t1_b"), "x", "k")
    with pytest.raises(Unavailable, match="rate limited"):
        await connector.find_sent(under("t1_b"), "x", "k")
