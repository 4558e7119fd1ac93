"""Replies on X: to whom, how often, and the truth about what became of each."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.x import X
from core.errors import Refused, Unavailable
from core.ports import ReadsBack, Rejected, RetryAt, Sends, Sent, Unknown
from core.records import Target
from tests.connectors.support import START, running
from tests.connectors.x_bench import Bench, x_bench
from tests.connectors.x_server import Trouble, error, flood


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with x_bench(tmp_path) as made:
        yield made


async def heard(bench: Bench, events: int, **settings: object) -> X:
    """A connector that has delivered so many events."""
    connector = bench.searching(**settings)
    async with asyncio.timeout(10):
        source = connector.pages(None)
        async for page in source:
            await bench.kit.shelf.accept("x", page)
            if len(bench.kit.shelf.events) >= events:
                task = asyncio.ensure_future(anext(source))
                await asyncio.sleep(0.05)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                break
    return connector


async def test_a_summons_is_answered_under_its_post(bench: Bench) -> None:
    number = bench.server.say("@xmart where is my bread?")
    connector = await heard(bench, 1)
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
    connector = await heard(bench, 1) if known else bench.searching()
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
    connector = await heard(bench, 2)
    assert isinstance(await connector.send(bench.target(number), "hi", "k"), Rejected)


async def test_posts_are_remembered_only_so_far(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.x_known._MOST", 2)
    numbers = [bench.server.say(f"@xmart {n}") for n in range(3)]
    connector = await heard(bench, 3)
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
        assert "answered already" in result.reason
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
    assert result == Rejected(reason="the post is gone")
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


async def test_a_429_is_told_to_the_second_and_holds_all_replies(bench: Bench) -> None:
    first, second = (bench.server.say(f"@xmart {n}") for n in range(2))
    reset = int(START.timestamp()) + 5000
    bench.server.trouble("create", flood(reset))
    connector = bench.searching()
    at = datetime.fromtimestamp(reset, UTC)
    for number in (first, second):
        result = await connector.send(bench.target(number), "hi", "k")
        assert isinstance(result, RetryAt)
        assert result.at == at
    assert len(bench.server.asked("create")) == 1
    assert dict(connector.detail())["sending_held_until"] == at.isoformat()


async def test_the_days_limit_counts_where_it_is_used_up(bench: Bench) -> None:
    number = bench.server.say("@xmart hello")
    now = int(START.timestamp())
    headers = {
        "x-user-limit-24hour-remaining": "0",
        "x-user-limit-24hour-reset": str(now + 80_000),
        "x-app-limit-24hour-remaining": "5",
        "x-app-limit-24hour-reset": str(now + 90_000),
    }
    bench.server.trouble("create", flood(now + 900, **headers))
    result = await bench.searching().send(bench.target(number), "hi", "k")
    assert isinstance(result, RetryAt)
    assert result.at.timestamp() == now + 80_000


@pytest.mark.parametrize("reset", ["soon", "9" * 30, "-5", ""])
async def test_an_odd_reset_means_a_minute(bench: Bench, reset: str) -> None:
    number = bench.server.say("@xmart hello")
    body: dict[str, object] = {"detail": "Too Many Requests"}
    trouble = Trouble(status=429, body=body, headers={"x-rate-limit-reset": reset})
    bench.server.trouble("create", trouble)
    before = bench.kit.clock.now()
    result = await bench.searching().send(bench.target(number), "hi", "k")
    assert isinstance(result, RetryAt)
    assert 60 <= (result.at - before).total_seconds() < 100


@pytest.mark.parametrize(
    ("trouble", "kind", "text"),
    [
        (error(400, "bad"), Rejected, "bad"),
        (error(400, "bad", errors=[{"message": "worse\n\x00"}]), Rejected, "bad (worse)"),
        (Trouble(status=400, body={"errors": ["x"], "title": "Odd"}), Rejected, "400 Odd"),
        (Trouble(status=400, body="[]"), Rejected, "no reason given"),
        (error(403, "You are not permitted to reply"), Rejected, "not permitted"),
        (error(500, "x"), Unknown, "500"),
        (error(503, "x"), Unknown, "503"),
        (Trouble(status=201, body="?"), Unknown, "cannot be read"),
        (Trouble(status=201, body={"data": {"id": "x"}}), Unknown, "no id"),
        (Trouble(status=201, body={}), Unknown, "no id"),
        (Trouble(how="cut"), Unknown, "Disconnected"),
        (Trouble(how="act and cut"), Unknown, "Disconnected"),
        (Trouble(how="act and answer", status=502, body="<html>"), Unknown, "502"),
        (error(401, "Unauthorized"), RetryAt, "401"),
        (error(402, "no credits"), RetryAt, "402"),
    ],
    ids=str,
)
async def test_every_failure_to_send_has_its_meaning(
    bench: Bench, trouble: Trouble, kind: type[object], text: str
) -> None:
    number = bench.server.say("@xmart hello")
    bench.server.trouble("create", trouble)
    result = await bench.searching().send(bench.target(number), "hi", "k")
    assert isinstance(result, kind)
    assert isinstance(result, Rejected | RetryAt | Unknown)
    assert text in result.reason
    assert len(bench.server.asked("create")) == 1


async def test_a_send_that_hangs_is_unknown(bench: Bench) -> None:
    number = bench.server.say("@xmart hello")
    bench.server.trouble("create", Trouble(how="act and hang"))
    result = await bench.searching(send_seconds=1).send(bench.target(number), "hi", "k")
    assert isinstance(result, Unknown)


async def test_who_has_blocked_the_brand_ends_the_conversation(bench: Bench) -> None:
    number = bench.server.say("@xmart hello")
    bench.server.trouble("create", error(403, "You have been blocked from replying"))
    result = await bench.searching().send(bench.target(number), "hi", "k")
    assert isinstance(result, Rejected)
    assert result.ends_conversation


async def test_what_cannot_be_reached_is_tried_later_and_ever_later(bench: Bench) -> None:
    number = bench.server.say("@xmart hello")
    connector = await heard(bench, 1)
    bench.server.trouble("timeline", error(500, "x"), error(500, "x"))
    bench.server.trouble("me", error(500, "x"))
    waits = []
    for _ in range(2):
        before = bench.kit.clock.now()
        result = await connector.send(bench.target(number), "hi", "k")
        assert isinstance(result, RetryAt)
        waits.append((result.at - before).total_seconds())
        await bench.kit.clock.sleep(waits[-1] + 1)
    assert 5 <= waits[0] < 10 <= waits[1]
    assert isinstance(await bench.searching().send(bench.target(number), "hi", "k"), RetryAt)
    assert isinstance(await connector.send(bench.target(number), "hi", "k"), Sent)


async def test_a_server_that_is_gone_has_not_acted(bench: Bench) -> None:
    number = bench.server.say("@xmart hello")
    connector = await heard(bench, 1, base_url=bench.server.url)
    connector._api.account._base = "http://127.0.0.1:1"
    assert isinstance(await connector.send(bench.target(number), "hi", "k"), RetryAt)


async def test_a_doubtful_reply_is_found_by_reading_back(bench: Bench) -> None:
    number = bench.server.say("@xmart hello")
    bench.server.trouble("create", Trouble(how="act and cut"))
    connector = bench.searching()
    text = "见 https://xmart.example/bread  & <more>"
    assert isinstance(await connector.send(bench.target(number), text, "k"), Unknown)
    found = await connector.find_sent(bench.target(number), text, "k")
    assert found is not None
    assert bench.server.posts[int(found)]["author_id"] == "42"
    assert await bench.searching().find_sent(bench.target(number), text, "k") == found
    assert await connector.find_sent(bench.target(number), "another", "k") is None


async def test_after_a_doubtful_reply_another_one_looks_first(bench: Bench) -> None:
    number = bench.server.say("@xmart hello")
    bench.server.trouble("create", Trouble(how="act and cut"))
    connector = bench.searching()
    assert isinstance(await connector.send(bench.target(number), "one", "k1"), Unknown)
    assert isinstance(await connector.send(bench.target(number), "two", "k2"), Rejected)
    assert len(bench.server.replies) == 1


async def test_a_reply_x_never_took_is_not_found(bench: Bench) -> None:
    number = bench.server.say("@xmart hello")
    bench.server.trouble("create", Trouble(how="cut"))
    connector = bench.searching()
    assert isinstance(await connector.send(bench.target(number), "one", "k1"), Unknown)
    assert await connector.find_sent(bench.target(number), "one", "k1") is None
    assert isinstance(await connector.send(bench.target(number), "one", "k1"), Sent)


async def test_reading_back_says_when_it_cannot(bench: Bench) -> None:
    number = bench.server.say("@xmart hello")
    bench.server.trouble("timeline", error(500, "x"), error(401, "x"))
    with pytest.raises(Unavailable):
        await bench.searching().find_sent(bench.target(number), "one", "k1")
    with pytest.raises(Refused):
        await bench.searching().find_sent(bench.target(number), "one", "k1")


async def test_a_duplicate_is_sent_if_it_is_the_answer_to_this_post(bench: Bench) -> None:
    first, second = (bench.server.say(f"@xmart {n}") for n in range(2))
    bench.server.trouble("create", Trouble(how="act and cut"))
    connector = bench.searching()
    assert isinstance(await connector.send(bench.target(first), "same", "k"), Unknown)
    duplicate = error(403, "You are not allowed to create a Tweet with duplicate content.")
    connector._sender._doubtful.clear()
    bench.server.trouble("create", duplicate)
    result = await connector.send(bench.target(first), "same", "k")
    assert isinstance(result, Sent)
    bench.server.trouble("create", duplicate)
    result = await connector.send(bench.target(second), "same", "k")
    assert isinstance(result, Rejected)
    assert "duplicate" in result.reason


async def test_a_duplicate_that_cannot_be_looked_for_is_unknown(bench: Bench) -> None:
    number = bench.server.say("@xmart hello")
    connector = bench.searching()
    bench.server.trouble("create", error(403, "duplicate content"))
    bench.server.trouble("timeline", Trouble(status=200, body={}), error(500, "x"))
    result = await connector.send(bench.target(number), "hi", "k")
    assert isinstance(result, Unknown)
    assert "could not be looked for" in result.reason


async def test_what_is_remembered_of_answers_has_an_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.x_send._MOST", 2)
    numbers = [bench.server.say(f"@xmart {n}") for n in range(4)]
    connector = bench.searching()
    for n, number in enumerate(numbers):
        assert isinstance(await connector.send(bench.target(number), f"text {n}", "k"), Sent)
    assert len(connector._sender._answered) == 2
    assert isinstance(await connector.send(bench.target(numbers[0]), "more", "k"), Rejected)
    assert len(bench.server.replies) == 4


async def test_sixty_events_are_answered_once_each_over_a_kill(bench: Bench) -> None:
    numbers = [bench.server.say(f"@xmart {n}") for n in range(60)]
    first = bench.searching()
    for number in numbers[:30]:
        assert isinstance(await first.send(bench.target(number), f"to {number}", "k"), Sent)
    await first.close()
    second = bench.searching()
    async with running(second, bench.kit.shelf):
        await bench.kit.shelf.until(60)
        results = [
            await second.send(bench.target(number), f"to {number}", "k") for number in numbers
        ]
    assert [type(result) for result in results] == [Rejected] * 30 + [Sent] * 30
    answered = [reply["reply"] for reply in bench.server.replies]
    assert answered == [{"in_reply_to_tweet_id": number} for number in numbers]
