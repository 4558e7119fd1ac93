"""Reddit fails, stalls and refuses: nothing is lost, and the remedy is named."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.reddit.settings import RedditSettings
from core.errors import Refused, StoreError, Unavailable
from tests.connectors.reddit.bench import SECRETS, Bench, fail, reddit_bench, until
from tests.connectors.reddit.server import PASSWORD, REFRESH, SECRET, USER, Trouble
from tests.connectors.support import drain, running

NEW = "r/shop/new"
COMMENTS = "r/shop/comments"


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with reddit_bench(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("17", 17), ("17.2", 18), ("odd", 60), ("Sun, 01 Mar 2099 08:00:00 GMT", 86_400), ("", 60)],
)
async def test_a_429_is_waited_for_as_long_as_its_text_says(
    bench: Bench, header: str, seconds: float
) -> None:
    bench.server.trouble(COMMENTS, Trouble(status=429, headers={"retry-after": header}))
    error = await fail(bench)
    assert isinstance(error, Unavailable)
    assert error.retry_after == seconds


async def test_a_503_is_waited_for_and_lost_is_nothing(bench: Bench) -> None:
    name = bench.server.comment("text")
    bench.server.trouble(COMMENTS, Trouble(status=503, headers={"retry-after": "9"}))
    error = await fail(bench)
    assert isinstance(error, Unavailable)
    assert error.retry_after == 9
    assert len(bench.server.asked(COMMENTS)) == 1
    await drain(bench.connector(), bench.kit.intake, pages=1)
    assert bench.ids == [name]


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(status=500, body="<html>oops</html>"),
        Trouble(body="{not json"),
        Trouble(body="[" * 100_000),
        Trouble(body=""),
        Trouble(body=[]),
        Trouble(body={"kind": "Listing", "data": {"children": 7}}),
        Trouble(how="cut"),
        Trouble(how="hang"),
    ],
    ids=["500", "no json", "deep", "empty", "list", "no children", "reset", "half open"],
)
async def test_an_answer_that_is_none_is_tried_again_later(bench: Bench, trouble: Trouble) -> None:
    name = bench.server.comment("text")
    bench.server.trouble(COMMENTS, trouble)
    error = await fail(bench, bench.connector(timeout_seconds=0.2))
    assert isinstance(error, Unavailable)
    assert len(bench.server.asked(COMMENTS)) == 1
    await drain(bench.connector(), bench.kit.intake, pages=1)
    assert bench.ids == [name]


async def test_an_expired_token_is_renewed_within_the_request(bench: Bench) -> None:
    connector = bench.connector()
    async with running(connector, bench.kit.intake):
        await until(lambda: len(bench.server.asked(COMMENTS)) >= 1)
        bench.server.trouble(COMMENTS, Trouble(status=401, body={"message": "Unauthorized"}))
        name = bench.server.comment("text")
        await bench.kit.intake.until(1)
    assert bench.ids == [name]
    assert bench.server.tokens == 2


async def test_a_token_that_stays_refused_stops_with_the_remedy(bench: Bench) -> None:
    refused = Trouble(status=401, headers={"www-authenticate": 'Bearer realm="reddit"'})
    bench.server.trouble("api/v1/me", refused, refused)
    error = await fail(bench)
    assert isinstance(error, Refused)
    assert "client_id" in error.remedy


@pytest.mark.parametrize(
    "settings",
    [
        {"client_secret": "wrong"},
        {"password": "wrong"},
        {"username": None, "password": None, "refresh_token": "wrong"},
    ],
)
async def test_wrong_credentials_stop_with_the_remedy(
    bench: Bench, settings: dict[str, object]
) -> None:
    error = await fail(bench, bench.connector(**settings))
    assert isinstance(error, Refused)
    assert "prefs/apps" in error.remedy


async def test_a_refresh_token_signs_in_as_well(bench: Bench) -> None:
    name = bench.server.comment("text")
    settings = {"username": None, "password": None, "refresh_token": REFRESH}
    await drain(bench.connector(**settings), bench.kit.intake, pages=1)
    assert bench.ids == [name]
    assert bench.server.asked("api/v1/access_token")[0].fields["grant_type"] == "refresh_token"


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (Trouble(status=400, body={"error": "invalid_grant"}), Refused),
        (Trouble(status=500, body="<html>"), Unavailable),
        (Trouble(status=429, headers={"retry-after": "5"}), Unavailable),
        (Trouble(body="{not json"), Unavailable),
        (Trouble(body={"access_token": 7}), Unavailable),
        (Trouble(how="cut"), Unavailable),
        (Trouble(status=302, headers={"location": "http://127.0.0.1:9/"}), Unavailable),
    ],
)
async def test_trouble_with_signing_in(
    bench: Bench, trouble: Trouble, kind: type[Exception]
) -> None:
    bench.server.trouble("api/v1/access_token", trouble)
    assert isinstance(await fail(bench), kind)


async def test_secrets_stand_in_no_log_and_no_traceback(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bench.server.trouble("api/v1/access_token", Trouble(how="cut"))
    shown = ""
    for trouble in (Trouble(how="cut"), Trouble(status=500)):
        bench.server.trouble(COMMENTS, trouble)
        connector = bench.connector()
        try:
            await drain(connector, bench.kit.intake)
        except Unavailable as error:
            shown += "".join(traceback.format_exception(error))
        shown += repr(connector.detail())
    whole = {"client_id": "x", "client_secret": SECRET, "username": USER, "password": PASSWORD}
    shown += caplog.text + repr(RedditSettings.model_validate(whole))
    assert "r/shop/comments" in shown
    assert not any(secret in shown for secret in SECRETS)


async def test_a_source_that_may_not_be_read_does_not_stop_the_others(bench: Bench) -> None:
    name = bench.server.comment("text")
    bench.server.trouble(NEW, Trouble(status=403, body={"reason": "private", "error": 403}))
    connector = bench.connector()
    async with running(connector, bench.kit.intake):
        await bench.kit.intake.until(1)
        await until(lambda: len(bench.server.asked(COMMENTS)) >= 3)
        assert len(bench.server.asked(NEW)) == 1
        assert dict(connector.detail())[NEW] == "HTTP 403: private"
        await until(lambda: len(bench.server.asked(NEW)) >= 2)
        await until(lambda: NEW not in dict(connector.detail()))
    assert bench.ids == [name]


async def test_where_nothing_may_be_read_it_stops_with_the_remedy(bench: Bench) -> None:
    gone = Trouble(status=302, headers={"location": "/subreddits/search?q=shop"})
    bench.server.trouble(NEW, gone)
    bench.server.trouble(COMMENTS, Trouble(status=404))
    error = await fail(bench)
    assert isinstance(error, Refused)
    assert "r/shop/new: HTTP 302" in str(error)
    assert "scopes" in error.remedy


async def test_the_budget_slows_reading_down(bench: Bench) -> None:
    bench.server.rate = {
        "x-ratelimit-remaining": "1.0",
        "x-ratelimit-used": "599",
        "x-ratelimit-reset": "60",
    }
    connector = bench.connector()
    async with running(connector, bench.kit.intake):
        await until(lambda: len(bench.server.calls) >= 4)
    own, first = bench.server.asked("user/shop_bot/comments")[0], bench.server.asked(NEW)[0]
    assert (first.at - own.at) * 200 >= 55
    detail = dict(connector.detail())
    assert detail["rate_remaining"] == "1"
    assert detail["account"] == "u/shop_bot"


async def test_a_hanging_reddit_holds_up_nothing_but_itself(bench: Bench) -> None:
    bench.server.trouble(NEW, Trouble(how="hang"))
    connector = bench.connector(timeout_seconds=30)
    async with running(connector, bench.kit.intake):
        await until(lambda: bench.server.asked(NEW))
        for _ in range(60):
            await asyncio.sleep(0.005)
        await connector.close()
        assert len(bench.server.asked(NEW)) == 1, "the request was still hanging"
        assert not bench.server.stopping.is_set()


async def test_who_waits_behind_a_hanging_request_is_told_that_nothing_was_done(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.reddit.client._CALLS", 0.5)
    bench.server.trouble("api/info", Trouble(how="hang"))
    connector = bench.connector(timeout_seconds=0.4)
    await connector._account.who()
    both = (connector.fetch_engagement(["t1_a"]), connector.fetch_engagement(["t1_b"]))
    first, second = await asyncio.gather(*both, return_exceptions=True)
    assert "no answer" in str(first)
    assert "no answer" in str(second)
    assert len(bench.server.asked("api/info")) == 1


async def test_a_full_store_loses_nothing(bench: Bench) -> None:
    name = bench.server.comment("text")
    connector = bench.connector()
    bench.kit.intake.full = True
    with pytest.raises(StoreError):
        await drain(connector, bench.kit.intake, pages=1)
    bench.kit.intake.full = False
    await drain(connector, bench.kit.intake, pages=1)
    assert bench.ids == [name]


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "odd",
        "[]",
        '{"seen": 7, "watch": []}',
        '{"seen": {"r/shop/comments": [["t1_x"], 3], "r/shop/new": 3}}',
        '{"watch": {"t1_x": [1, 2], "t1_y": 7, "t1_z": ["1", 0, "x"]}}',
    ],
)
async def test_a_cursor_that_is_none_of_ours_starts_anew(bench: Bench, cursor: str) -> None:
    name = bench.server.comment("text")
    bench.kit.intake.cursors["reddit"] = cursor
    await drain(bench.connector(), bench.kit.intake, pages=1)
    assert bench.ids == [name]
