"""Replies to comments, submissions and messages: each at most once, and an honest outcome."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from core.connector import Rejected, RetryAt, Sent
from core.model.outbox import Target
from tests.connectors.reddit.bench import Bench, reddit_bench, under
from tests.connectors.reddit.server import Trouble, errors

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


@pytest.mark.parametrize("name", ["t1_abc", "t3_abc", "t4_abc"])
async def test_comments_submissions_and_messages_are_answered(bench: Bench, name: str) -> None:
    result = await bench.connector().send(under(name), "对不起 sorry\n\n*markdown*", "k")
    (made,) = bench.server.posted
    assert result == Sent(native_id=str(made["name"]))
    assert made["parent_id"] == name
    assert bench.server.texts == ["对不起 sorry\n\n*markdown*"]


async def test_without_a_thing_to_answer_the_submission_is_answered(bench: Bench) -> None:
    target = Target(channel="reddit", conversation="t3_abc/xiao_wang")
    assert isinstance(await bench.connector().send(target, "text", "k"), Sent)
    assert bench.server.posted[0]["parent_id"] == "t3_abc"


@pytest.mark.parametrize(
    ("conversation", "to"), [("u/xiao_wang", "xiao_wang"), ("r/shop", "/r/shop")]
)
async def test_without_a_message_to_answer_a_new_one_is_written(
    bench: Bench, conversation: str, to: str
) -> None:
    target = Target(channel="reddit", conversation=conversation)
    connector = bench.connector()
    result = await connector.send(target, "first line\nmore", "k")
    (made,) = bench.server.posted
    assert result == Sent(native_id=str(made["name"]))
    call = bench.server.asked("api/compose")[0]
    assert call.fields["to"] == to
    assert call.fields["subject"] == "first line"
    assert await connector.find_sent(target, "first line\nmore", "k") == made["name"]


async def test_a_new_message_that_cannot_be_read_back_is_sent_all_the_same(bench: Bench) -> None:
    bench.server.trouble("message/sent", Trouble(status=500))
    target = Target(channel="reddit", conversation="u/xiao_wang")
    assert await bench.connector().send(target, "text", "k") == Sent(native_id="k")


@pytest.mark.parametrize(
    ("target", "text", "reason"),
    [
        (under("t1_a"), " \n\x00", "empty"),
        (under("t1_a"), "x" * 10_001, "10001 characters"),
        (Target(channel="reddit", conversation="42"), "x", "not a conversation on Reddit"),
    ],
)
async def test_what_cannot_be_sent_is_not_tried(
    bench: Bench, target: Target, text: str, reason: str
) -> None:
    result = await bench.connector().send(target, text, "k")
    assert isinstance(result, Rejected)
    assert reason in result.reason
    assert not bench.server.calls


async def test_as_much_as_reddit_takes_is_sent_without_what_it_cannot_carry(bench: Bench) -> None:
    connector = bench.connector()
    assert isinstance(await connector.send(under("t1_a"), "长" * 10_000, "k1"), Sent)
    assert isinstance(await connector.send(under("t1_b"), "a\x00b\ud800", "k2"), Sent)
    assert bench.server.texts[1] == "ab?"


@pytest.mark.parametrize(
    ("trouble", "wait"),
    [
        (
            errors(("RATELIMIT", "Take a break for 3 minutes before trying again.", "ratelimit")),
            180,
        ),
        (errors(("RATELIMIT", "try again in 53 seconds.", "ratelimit")), 53),
        (errors(("RATELIMIT", "try again in 202 milliseconds.", "ratelimit")), 1),
        (errors(("RATELIMIT", "try again in 2 minutes.", ""), ratelimit=131.5), 131.5),
        (errors(("RATELIMIT", "多休息一下", "ratelimit")), 60),
        (Trouble(status=429, headers={"retry-after": "77"}), 77),
        (Trouble(status=429, headers={"x-ratelimit-reset": "33"}), 33),
        (Trouble(status=429, body="<html>"), 60),
    ],
)
async def test_a_pause_is_kept_by_all_replies(bench: Bench, trouble: Trouble, wait: float) -> None:
    connector = bench.connector()
    bench.server.trouble(COMMENT, trouble)
    assert seconds(bench, await connector.send(under("t1_a"), "x", "k1")) == pytest.approx(
        wait, abs=1
    )
    assert seconds(bench, await connector.send(under("t1_b"), "y", "k2")) > 0
    assert len(bench.server.asked(COMMENT)) == 1
    assert "replies_held_seconds" in dict(connector.detail())
    await bench.kit.clock.sleep(wait)
    assert isinstance(await connector.send(under("t1_a"), "x", "k1"), Sent)
    assert bench.server.texts == ["x"]


async def test_reading_goes_on_while_replies_wait(bench: Bench) -> None:
    connector = bench.connector()
    bench.server.trouble("api/compose", errors(("RATELIMIT", "try again in 9 minutes.", "")))
    target = Target(channel="reddit", conversation="u/xiao_wang")
    assert isinstance(await connector.send(target, "x", "k"), RetryAt)
    name = bench.server.comment("text")
    page = await asyncio.wait_for(anext(connector.pages(None)), 2)
    assert [event.id for event in page.events] == [name]


async def test_an_empty_budget_holds_replies_until_its_reset(bench: Bench) -> None:
    connector = bench.connector()
    await connector.send(under("t1_a"), "x", "k1")
    bench.server.rate = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "120"}
    await connector.send(under("t1_b"), "y", "k2")
    wait = seconds(bench, await connector.send(under("t1_c"), "z", "k3"))
    assert wait == pytest.approx(120, abs=8)
    assert bench.server.texts == ["x", "y"]


async def test_whose_pause_is_long_before_anything_was_looked_at(bench: Bench) -> None:
    bench.server.rate = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "120"}
    wait = seconds(bench, await bench.connector().send(under("t1_a"), "x", "k"))
    assert wait == pytest.approx(120, abs=8)
    assert not bench.server.posted


@pytest.mark.parametrize(
    ("trouble", "reason", "ends"),
    [
        (errors(("THREAD_LOCKED", "Comments are locked.", "parent")), "THREAD_LOCKED", False),
        (errors(("DELETED_COMMENT", "that comment was deleted", "parent")), "DELETED", False),
        (errors(("TOO_OLD", "that's a piece of history now", "parent")), "TOO_OLD", False),
        (errors(("USER_BLOCKED_MESSAGE", "can't send", "to")), "USER_BLOCKED", True),
        (errors(("NOT_WHITELISTED_BY_USER_MESSAGE", "", "to")), "NOT_WHITELISTED", True),
        (Trouble(body={"json": {"errors": "odd"}}), "odd", False),
        (Trouble(body={"json": {"errors": [[]]}}), "", False),
        (Trouble(status=403, body={"reason": "USER_BLOCKED", "message": "Forbidden"}), "403", True),
        (Trouble(status=403, body="<html>"), "HTTP 403", False),
        (
            Trouble(status=403, headers={"www-authenticate": 'error="insufficient_scope"'}),
            "lacks the scope",
            False,
        ),
        (Trouble(status=400, body={"explanation": "bad thing_id"}), "bad thing_id", False),
        (Trouble(status=404), "404", False),
        (Trouble(status=413), "413", False),
    ],
)
async def test_what_reddit_will_never_take_is_rejected(
    bench: Bench, trouble: Trouble, reason: str, ends: bool
) -> None:
    bench.server.trouble(COMMENT, trouble)
    result = await bench.connector().send(under("t1_a"), "x", "k")
    assert isinstance(result, Rejected)
    assert reason in result.reason
    assert result.ends_conversation is ends
    assert len(bench.server.asked(COMMENT)) == 1
