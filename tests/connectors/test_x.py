"""Reading X through a real connection: everything once and in order, whatever happens."""

import asyncio
import json
import logging
import traceback
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.x_cursor import Mark
from connectors.x_settings import XSettings
from core.abilities import Checks, Tells
from core.errors import ConnectorError, Refused, Unavailable
from tests.connectors.support import START, HurriedClock, drain, running
from tests.connectors.x_bench import SECRETS, Bench, x_bench
from tests.connectors.x_server import KEYS, TOKEN, Trouble, error, flood, snowflake


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with x_bench(tmp_path) as made:
        yield made


async def test_sixty_posts_and_a_kill_in_the_middle_are_stored_once_in_order(bench: Bench) -> None:
    expected = [bench.server.say(f"text {number}") for number in range(60)]
    first = bench.connector()
    await drain(first, bench.kit.shelf, pages=1)
    await first.close()
    assert 0 < len(bench.kit.shelf.events) < 60
    stored = Mark.read_from(bench.kit.shelf.cursors["x"])
    assert str(stored.since) == bench.kit.shelf.ids[-1]
    second = bench.connector()
    async with running(second, bench.kit.shelf):
        await bench.kit.shelf.until(60)
    assert bench.kit.shelf.ids == expected


async def test_the_search_goes_on_behind_the_last_post(bench: Bench) -> None:
    bench.server.say("one")
    last = bench.server.say("two")
    async with running(bench.searching(poll_seconds=1), bench.kit.shelf):
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
    async with running(bench.searching(), bench.kit.shelf):
        await bench.kit.shelf.until(35)
    assert bench.kit.shelf.ids == expected


async def test_a_server_that_gives_the_same_page_for_ever_is_left(bench: Bench) -> None:
    number = bench.server.say("x", mention=False)
    post = bench.server.posts[int(number)]
    body: dict[str, object] = {"data": [post], "meta": {"next_token": "again"}}
    bench.server.trouble("search", *[Trouble(body=body)] * 50)
    async with running(bench.searching(), bench.kit.shelf):
        await bench.kit.shelf.until(1)
    assert len(bench.server.asked("search")) == 2


async def test_rules_are_packed_into_as_few_searches_as_fit(bench: Bench) -> None:
    rules = ["a" * 60, "b" * 60, "c" * 60]
    async with running(bench.searching(rules=rules, query_length=140), bench.kit.shelf):
        await bench.until("search", 2)
    asked = [call.query["query"] for call in bench.server.asked("search")]
    assert asked == [f"({'a' * 60}) OR ({'b' * 60})", f"({'c' * 60})"]


async def test_without_rules_only_mentions_are_read(bench: Bench) -> None:
    expected = bench.server.say("@xmart hello")
    bench.server.say("about others", mention=False)
    async with running(bench.searching(rules=[], poll_seconds=1), bench.kit.shelf):
        await bench.until("mentions", 2)
    assert bench.kit.shelf.ids == [expected]
    assert not bench.server.asked("search")


async def test_our_own_posts_are_no_events_and_not_asked_for_again(bench: Bench) -> None:
    own = bench.server.own("超市 news")
    async with running(bench.searching(poll_seconds=1), bench.kit.shelf):
        await bench.until("search", 2)
    assert not bench.kit.shelf.events
    assert bench.server.asked("search")[1].query["since_id"] == own


async def test_a_post_that_cannot_be_read_is_kept_aside(bench: Bench) -> None:
    odd = bench.server.say("odd", author_id=None)
    good = bench.server.say("good")
    async with running(bench.searching(), bench.kit.shelf):
        await bench.kit.shelf.until(1, rejects=1)
    assert bench.kit.shelf.ids == [good]
    (reject,) = bench.kit.shelf.rejects.values()
    assert reject.id == f"post:{odd}"
    assert "author_id" in reject.reason
    assert json.loads(reject.raw)["text"] == "odd"


async def test_only_what_cannot_be_read_is_kept_aside_too(bench: Bench) -> None:
    bench.server.say("odd", author_id="x", live=False)
    async with running(bench.searching(), bench.kit.shelf):
        await bench.kit.shelf.until(0, rejects=1)


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
        (Trouble(body="[]"), Unavailable, "no object"),
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
    async with running(bench.searching(), bench.kit.shelf):
        await bench.kit.shelf.until(1)
    assert bench.kit.shelf.ids == [expected]


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
    async with running(bench.searching(), bench.kit.shelf):
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
        async with asyncio.timeout(5):
            await drain(connector, bench.kit.shelf)
    assert bench.server.calls or kind == "nowhere"
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(connector)
    assert not [secret for secret in SECRETS if secret in told]


async def test_more_than_a_week_without_contact_raises_a_gap_alert(bench: Bench) -> None:
    since = snowflake(-8 * 86_400_000)
    contact = START - timedelta(days=8)
    bench.kit.shelf.cursors["x"] = Mark(since=since, contact=contact).write()
    expected = bench.server.say("after the gap")
    async with running(bench.searching(), bench.kit.shelf):
        await bench.kit.shelf.until(1)
    assert bench.kit.shelf.ids == [expected]
    (alert,) = bench.kit.bell.alerts.values()
    assert alert.kind == "gap"
    assert "2026-02-21 08:00" in alert.body
    assert "since_id" not in bench.server.asked("search")[0].query
    assert "since_id" in bench.server.asked("mentions")[0].query


async def test_a_quiet_brand_has_no_gap(bench: Bench) -> None:
    since = snowflake(-30 * 86_400_000)
    bench.kit.shelf.cursors["x"] = Mark(since=since, contact=START).write()
    async with running(bench.searching(), bench.kit.shelf):
        await bench.until("search", 1)
    assert not bench.kit.bell.alerts


async def test_a_search_that_does_not_go_back_so_far_is_made_without_the_id(bench: Bench) -> None:
    bench.kit.shelf.cursors["x"] = Mark(since=5, contact=START).write()
    bench.server.trouble("mentions", Trouble(body={}))
    expected = bench.server.say("x")
    async with running(bench.searching(), bench.kit.shelf):
        await bench.kit.shelf.until(1)
    assert bench.kit.shelf.ids == [expected]
    asked = [call.query.get("since_id") for call in bench.server.asked("search")]
    assert asked[:2] == ["5", None]


async def test_more_than_may_be_read_at_once_gives_the_newest_and_an_alert(bench: Bench) -> None:
    known = bench.server.say("known")
    bench.kit.shelf.cursors["x"] = Mark(since=int(known), contact=START).write()
    bench.server.page = 10
    expected = [bench.server.say(f"text {number}") for number in range(60)]
    async with running(bench.searching(catch_up_posts=20), bench.kit.shelf):
        await bench.kit.shelf.until(20)
    assert bench.kit.shelf.ids == expected[-20:]
    (alert,) = bench.kit.bell.alerts.values()
    assert (alert.kind, alert.severity) == ("gap", "P2")
    assert "20" in alert.body


async def test_the_first_start_reads_only_so_far_and_is_no_gap(bench: Bench) -> None:
    expected = [bench.server.say(f"text {number}") for number in range(60)]
    bench.server.page = 10
    async with running(bench.searching(catch_up_posts=20), bench.kit.shelf):
        await bench.kit.shelf.until(20)
    assert bench.kit.shelf.ids == expected[-20:]
    assert not bench.kit.bell.alerts


async def test_an_edit_has_the_id_of_the_first_version(bench: Bench) -> None:
    first = bench.server.say("v1")
    async with running(bench.searching(poll_seconds=1), bench.kit.shelf):
        await bench.kit.shelf.until(1)
        bench.server.edit(first, "v2")
        await bench.kit.shelf.until(2)
        bench.server.edit(first, "v3")
        await bench.kit.shelf.until(3)
    found = [(e.id, e.revision, e.kind, e.text) for e in bench.kit.shelf.events.values()]
    assert found == [
        (first, 0, "post", "v1"),
        (first, 1, "edit", "v2"),
        (first, 2, "edit", "v3"),
    ]


async def test_the_contact_is_stored_while_nothing_happens(bench: Bench) -> None:
    bench.kit.clock = HurriedClock(5000)
    async with running(bench.searching(poll_seconds=5000), bench.kit.shelf):
        async with asyncio.timeout(5):
            while len(bench.kit.shelf.pages) < 2:
                await asyncio.sleep(0.01)
    assert not bench.kit.shelf.events
    contact = Mark.read_from(bench.kit.shelf.pages[1].cursor).contact
    assert contact is not None
    assert contact >= START


async def test_a_check_tries_both_credentials(bench: Bench) -> None:
    connector = bench.connector(rules=["a", "b"])
    assert isinstance(connector, Checks)
    bench.server.rules["1"] = {"id": "1", "value": "old"}
    assert await connector.check() == (
        "account: @xmart (42)",
        "access of the account's keys: read-write",
        "rules on the stream: 1 now, 3 wanted",
        "posts that may be read in a month: 20000",
    )
    assert {call.name for call in bench.server.calls} == {"me", "rules"}
    with pytest.raises(Refused):
        await bench.connector(bearer_token="wrong").check()
    with pytest.raises(Refused):
        await bench.connector(access_token_secret="wrong").check()
    bench.server.trouble("me", Trouble(body={"data": {"id": "42"}}))
    with pytest.raises(Unavailable, match="whose account"):
        await bench.connector().check()


async def test_it_tells_staff_how_it_is(bench: Bench) -> None:
    connector = bench.connector()
    assert isinstance(connector, Tells)
    assert dict(connector.detail()) == {
        "mode": "stream",
        "stream": "not connected",
        "read_this_month": "0 of 20000 posts, $0.00 of $100.00",
        "pace": "normal",
    }
    bench.server.limits = {"x-rate-limit-limit": "450", "x-rate-limit-remaining": "449"}
    connector = bench.searching()
    bench.server.say("x")
    async with running(connector, bench.kit.shelf):
        await bench.kit.shelf.until(1)
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
    await drain(connector, bench.kit.shelf)
    assert not bench.server.calls
    with pytest.raises(Unavailable, match="closed"):
        await connector.check()


async def test_closing_while_it_waits_for_an_answer_ends_it(bench: Bench) -> None:
    bench.server.trouble("search", Trouble(how="hang"))
    connector = bench.searching()
    async with running(connector, bench.kit.shelf) as task:
        await bench.until("search", 1)
        await connector.close()
        async with asyncio.timeout(2):
            await task


@pytest.mark.parametrize(
    "cursor", [None, "", "x", "[]", "7", '{"since": "x", "read": -1, "month": 3}', "[" * 99_999]
)
def test_any_cursor_can_be_read(cursor: str | None) -> None:
    assert Mark.read_from(cursor) == Mark()


def test_a_cursor_comes_back_as_it_was() -> None:
    mark = Mark(since=2**62, contact=START, month="2026-03", read=7)
    assert Mark.read_from(mark.write()) == mark
    assert Mark.read_from(Mark().write()) == Mark()


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
