"""Replies that X refuses, delays or leaves in doubt."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.connector import Rejected, RetryAt, Sent, Unknown
from core.errors import Refused, Unavailable
from tests.connectors.support import START, running
from tests.connectors.x.bench import Bench, x_bench
from tests.connectors.x.protocol import Trouble, error, flood
from tests.connectors.x.receiving import connector_after
from tests.driven_clock import DrivenClock


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with x_bench(tmp_path) as made:
        yield made


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
    bench.kit.clock = DrivenClock(START)
    result = await bench.searching().send(bench.target(number), "hi", "k")
    assert isinstance(result, RetryAt)
    assert result.at == bench.kit.clock.now() + timedelta(seconds=60)


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
    bench.kit.clock = clock = DrivenClock(START)
    connector = await connector_after(bench, 1)
    bench.server.trouble("timeline", error(500, "x"), error(500, "x"))
    bench.server.trouble("me", error(500, "x"))
    waits = []
    for _ in range(2):
        result = await connector.send(bench.target(number), "hi", "k")
        assert isinstance(result, RetryAt)
        waits.append((result.at - clock.now()).total_seconds())
        clock.leap(waits[-1] + 1)
    assert waits == [5, 10]
    assert isinstance(await bench.searching().send(bench.target(number), "hi", "k"), RetryAt)
    assert isinstance(await connector.send(bench.target(number), "hi", "k"), Sent)


async def test_a_server_that_is_gone_has_not_acted(bench: Bench) -> None:
    number = bench.server.say("@xmart hello")
    connector = await connector_after(bench, 1, base_url=bench.server.url)
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
    connector._sender._in_doubt.clear()
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
    assert "reading back failed" in result.reason


async def test_what_is_remembered_of_answers_has_an_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.x.send._MOST_REMEMBERED", 2)
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
    async with running(second, bench.kit.intake):
        await bench.kit.intake.until(60)
        results = [
            await second.send(bench.target(number), f"to {number}", "k") for number in numbers
        ]
    assert [type(result) for result in results] == [Rejected] * 30 + [Sent] * 30
    answered = [reply["reply"] for reply in bench.server.replies]
    assert answered == [{"in_reply_to_tweet_id": number} for number in numbers]
