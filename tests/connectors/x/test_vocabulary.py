"""X renames its fields, refuses a parameter, or asks for a pause of hours."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from yarl import URL

from connectors.x.errors import XFault, XRequestError
from connectors.x.names import asks_for_new_names, field_of, with_new_names
from core.connector import RetryAt
from core.errors import Refused, Unavailable
from tests.connectors.support import START, running
from tests.connectors.x.bench import Bench, x_bench
from tests.connectors.x.protocol import error, flood, refused_names
from tests.connectors.x.server import XServer


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with x_bench(tmp_path) as made:
        yield made


def quoting(server: XServer) -> str:
    """A post that quotes another; both are there."""
    original = server.say("禾家的面包发霉了", mention=False, author="8", live=False)
    server.searched.discard(int(original))
    return server.say("看看", referenced_tweets=[{"type": "quoted", "id": original}])


@pytest.mark.parametrize("mode", ["search", "stream"])
async def test_the_new_vocabulary_is_spoken_once_x_asks_for_it(bench: Bench, mode: str) -> None:
    bench.server.renamed = True
    quoting(bench.server)
    long = bench.server.say("禾家" + "很" * 300)
    first = bench.server.say("v1")
    bench.server.edit(first, "v2")
    async with running(bench.connector(mode=mode), bench.kit.intake):
        await bench.kit.intake.until(4)
        await bench.server_is_quiet(0.2)
    events = {(event.id, event.revision): event for event in bench.kit.intake.events.values()}
    assert len(events[long, 0].text) == 302
    assert events[first, 1].text == "v2"
    assert [event.quoted[0].text for event in events.values() if event.quoted] == [
        "禾家的面包发霉了"
    ]
    assert {event.metrics.reposts for event in events.values()} == {2}
    refused = [call for call in bench.server.calls if "tweet.fields" in call.query]
    assert 1 <= len(refused) <= 2, "once with each credential"
    assert not bench.kit.alarm.alerts


async def test_the_old_vocabulary_goes_on_where_x_takes_it(bench: Bench) -> None:
    bench.server.say("x")
    async with running(bench.searching(), bench.kit.intake):
        await bench.kit.intake.until(1)
    assert not [call for call in bench.server.calls if "post.fields" in call.query]


@pytest.mark.parametrize("name", ["search", "mentions"])
@pytest.mark.parametrize(
    "body",
    [
        refused_names("user.fields"),
        refused_names("sort_order"),
        {
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "errors": [{"message": "no viable alternative at character '('"}],
        },
    ],
)
async def test_a_refused_parameter_is_told_to_staff_at_once(
    bench: Bench, name: str, body: dict[str, object]
) -> None:
    refused = error(400, "")
    bench.server.trouble(name, *[type(refused)(status=400, body=body)] * 3)
    bench.server.say("x")
    caught = await bench.fail()
    assert isinstance(caught, Refused)
    assert "rules" in caught.remedy
    (alert,) = bench.kit.alarm.alerts.values()
    assert (alert.kind, alert.severity) == ("channel", "P2")
    assert "parameters to your request was invalid" in alert.localized("en").body
    assert len(bench.server.asked(name)) == 1


async def test_a_stream_that_refuses_a_parameter_does_not_retry_for_ever(bench: Bench) -> None:
    refused = error(400, "")
    bench.server.trouble("stream", type(refused)(status=400, body=refused_names("user.fields")))
    assert isinstance(await bench.fail(bench.connector()), Refused)
    assert len(bench.kit.alarm.alerts) == 1


@pytest.mark.parametrize("text", ["Invalid 'since_id' parameter", "parameter next_token expired"])
async def test_a_parameter_of_the_moment_is_tried_again(bench: Bench, text: str) -> None:
    bench.server.trouble("mentions", error(400, text))
    bench.server.say("x")
    caught = await bench.fail()
    assert isinstance(caught, Unavailable)
    assert not bench.kit.alarm.alerts


def hours(count: float) -> int:
    return int((START + timedelta(hours=count)).timestamp())


@pytest.mark.parametrize(("count", "told"), [(0.2, False), (0.9, False), (1.5, True), (23, True)])
async def test_a_pause_of_hours_in_reading_is_told(bench: Bench, count: float, told: bool) -> None:
    bench.server.trouble("mentions", flood(hours(count)))
    assert isinstance(await bench.fail(), Unavailable)
    assert bool(bench.kit.alarm.alerts) is told


async def test_a_pause_of_hours_for_replies_is_told_once(bench: Bench) -> None:
    numbers = [bench.server.say("question") for _ in range(3)]
    bench.server.trouble("create", flood(hours(20)))
    connector = bench.connector()
    for number in numbers:
        result = await connector.send(bench.target(number), "answer", number)
        assert isinstance(result, RetryAt)
    (alert,) = bench.kit.alarm.alerts.values()
    assert alert.kind == "channel"
    assert "replies" in alert.localized("en").title
    assert "h" in alert.localized("en").title
    assert not bench.server.replies
    await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        (
            "tweet.fields=author_id,note_tweet,referenced_tweets&expansions=referenced_tweets.id",
            {"post.fields": "author_id,note_post", "expansions": "referenced_posts"},
        ),
        ("ids=1,2&tweet.fields=public_metrics", {"ids": "1,2", "post.fields": "public_metrics"}),
        ("query=%28%E7%A6%BE%E5%AE%B6%20OR%20a%2Bb%29", {"query": "(禾家 OR a+b)"}),
        ("expansions=author_id", {"expansions": "author_id"}),
        ("", {}),
    ],
)
def test_a_query_in_the_new_vocabulary(asked: str, sent: dict[str, str]) -> None:
    url = URL(f"https://api.x.com/2/tweets?{asked}", encoded=True)
    assert dict(with_new_names(url).query) == sent


@pytest.mark.parametrize(
    ("text", "status", "expected"),
    [
        ("The query parameter [tweet.fields] is not one of [id]", 400, True),
        ("The `expansions` query parameter value [referenced_tweets.id] is not one of", 400, True),
        ("value [note_tweet] is not one of [note_post]", 400, True),
        ("The query parameter [user.fields] is not one of [id,post.fields]", 400, False),
        ("tweet.fields", 403, False),
        ("bad", 400, False),
    ],
)
def test_what_asks_for_the_new_vocabulary(text: str, status: int, expected: bool) -> None:
    given = XRequestError(XFault.REJECTED, text, status=status)
    assert asks_for_new_names(given) is expected


def test_either_name_is_read() -> None:
    assert field_of({"note_tweet": 1, "note_post": 2}, "note_tweet") == 1
    assert field_of({"note_post": 2}, "note_tweet") == 2
    assert field_of({}, "note_tweet") is None
