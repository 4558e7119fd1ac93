"""Replies on X: to whom, how often, and the truth about what became of each."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.connector import ReadsBack, Rejected, Sends, Sent
from core.model.outbox import Target
from tests.connectors.x.bench import Bench, x_bench
from tests.connectors.x.protocol import Trouble
from tests.connectors.x.receiving import connector_after


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with x_bench(tmp_path) as made:
        yield made


async def test_a_summons_is_answered_under_its_post(bench: Bench) -> None:
    number = bench.server.say("@xmart where is my bread?")
    connector = await connector_after(bench, 1)
    assert isinstance(connector, Sends)
    assert isinstance(connector, ReadsBack)
    result = await connector.send(bench.target(number), "在路上 😀", "k")
    (reply,) = bench.server.replies
    assert reply == {"text": "在路上 😀", "reply": {"in_reply_to_tweet_id": number}}
    assert isinstance(result, Sent)
    assert bench.server.posts[int(result.native_id)]["author_id"] == "42"
    assert not bench.server.asked("lookup")


@pytest.mark.parametrize("known", [True, False])
async def test_who_did_not_summon_us_gets_no_automated_reply_whatever_is_said(
    bench: Bench, known: bool
) -> None:
    number = bench.server.say("超市 is bad", mention=False)
    connector = await connector_after(bench, 1) if known else bench.searching()
    for solicited in (False, True):
        target = bench.target(number, solicited=solicited)
        result = await connector.send(target, "sorry", "k")
        assert isinstance(result, Rejected)
        assert "by hand" in result.reason
    assert not bench.server.asked("create")


async def test_an_unsolicited_target_is_refused_though_the_author_named_us(bench: Bench) -> None:
    number = bench.server.say("@xmart hello")
    result = await bench.searching().send(bench.target(number, solicited=False), "hi", "k")
    assert isinstance(result, Rejected)
    assert not bench.server.calls or not bench.server.asked("create")


async def test_a_quote_of_the_brand_is_a_summons(bench: Bench) -> None:
    ours = bench.server.own("our news")
    references = [{"type": "quoted", "id": ours}]
    number = bench.server.say("look at this", mention=False, referenced_tweets=references)
    assert isinstance(await bench.searching().send(bench.target(number), "hi", "k"), Sent)
    other = bench.server.say("someone's", mention=False)
    references = [{"type": "quoted", "id": other}]
    number = bench.server.say("look at that", mention=False, referenced_tweets=references)
    assert isinstance(await bench.searching().send(bench.target(number), "ho", "k"), Rejected)


async def test_after_an_edit_the_latest_version_counts(bench: Bench) -> None:
    number = bench.server.say("@xmart hello")
    newest = bench.server.edit(number, "hello all")
    bench.server.posts[int(newest)]["entities"] = {}
    connector = await connector_after(bench, 2)
    assert isinstance(await connector.send(bench.target(number), "hi", "k"), Rejected)


async def test_posts_are_remembered_only_so_far(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.x.seen._MOST", 2)
    numbers = [bench.server.say(f"@xmart {n}") for n in range(3)]
    connector = await connector_after(bench, 3)
    for n, number in enumerate(numbers):
        assert isinstance(await connector.send(bench.target(number), f"text {n}", "k"), Sent)
    assert [call.query["ids"] for call in bench.server.asked("lookup")] == numbers[:1]


async def test_a_second_reply_to_the_same_post_is_refused(bench: Bench) -> None:
    number = bench.server.say("@xmart hello")
    connector = bench.searching()
    assert isinstance(await connector.send(bench.target(number), "one", "k1"), Sent)
    for again in (connector, bench.searching()):
        result = await again.send(bench.target(number), "two", "k2")
        assert isinstance(result, Rejected)
        assert "has been answered" in result.reason
    assert len(bench.server.replies) == 1


async def test_two_replies_at_once_are_one(bench: Bench) -> None:
    number = bench.server.say("@xmart hello")
    connector = bench.searching()
    results = await asyncio.gather(
        *(connector.send(bench.target(number), f"text {n}", f"k{n}") for n in range(3))
    )
    assert sorted(type(result).__name__ for result in results) == ["Rejected", "Rejected", "Sent"]
    assert len(bench.server.replies) == 1


async def test_what_a_person_has_answered_by_hand_is_not_answered_again(bench: Bench) -> None:
    number = bench.server.say("@xmart hello")
    for n in range(250):
        bench.server.own(f"news {n}")
    bench.server.own("by hand", reply_to=number)
    bench.server.page = 40
    result = await bench.searching().send(bench.target(number), "hi", "k")
    assert isinstance(result, Rejected)
    assert not bench.server.replies


async def test_the_own_timeline_is_read_once_for_newer_posts(bench: Bench) -> None:
    numbers = [bench.server.say(f"@xmart {n}") for n in range(3)]
    connector = bench.searching()
    for n, number in enumerate(numbers):
        assert isinstance(await connector.send(bench.target(number), f"text {n}", "k"), Sent)
    assert len(bench.server.asked("timeline")) == 1
    older = numbers[0]
    assert isinstance(await connector.send(bench.target(older), "more", "k"), Rejected)


async def test_a_post_that_is_gone_is_not_answered(bench: Bench) -> None:
    number = bench.server.say("@xmart hello")
    bench.server.deleted.add(int(number))
    result = await bench.searching().send(bench.target(number), "hi", "k")
    assert result == Rejected(reason="the post was deleted or is no longer public")
    bench.server.trouble("lookup", Trouble(body={}))
    result = await bench.searching().send(bench.target(number), "hi", "k")
    assert isinstance(result, Rejected)


@pytest.mark.parametrize("reply_to", [None, "", "abc", "t3_x", "1" * 30, "-5", "１２"])
async def test_what_is_no_post_of_x_is_refused(bench: Bench, reply_to: str | None) -> None:
    target = Target(channel="x", conversation="1:7", reply_to=reply_to)
    result = await bench.searching().send(target, "hi", "k")
    assert isinstance(result, Rejected)
    assert await bench.searching().find_sent(target, "hi", "k") is None
    assert not bench.server.asked("create")


@pytest.mark.parametrize("text", ["", " \n", "\x00", "\ufeff", "中" * 141, "x" * 281, "x" * 99_999])
async def test_texts_x_would_not_take_are_refused_here(bench: Bench, text: str) -> None:
    number = bench.server.say("@xmart hello")
    assert isinstance(await bench.searching().send(bench.target(number), text, "k"), Rejected)
    assert {call.name for call in bench.server.calls} <= {"me"}


async def test_the_longest_text_is_sent_clean(bench: Bench) -> None:
    number = bench.server.say("@xmart hello")
    text = "中" * 127 + " \x00\ud800 https://xmart.example/a/very/long/address/indeed?with=more"
    assert isinstance(await bench.searching().send(bench.target(number), text, "k"), Sent)
    assert "\x00" not in str(bench.server.replies[0]["text"])
    assert "?" in str(bench.server.replies[0]["text"])
