"""Reading Reddit through a real connection: everything once and in order, whatever happens."""

import asyncio
import json
import logging
import time
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.reddit import Reddit
from connectors.reddit_client import RedditClient
from connectors.reddit_marks import State
from connectors.reddit_recheck import edits, losses
from connectors.reddit_settings import RedditSettings
from connectors.reddit_things import Listing
from core.abilities import Checks, Tells
from core.errors import Refused, StoreError, Unavailable
from core.types import EventKind
from tests.connectors.reddit_bench import SECRETS, Bench, fail, reddit_bench, until
from tests.connectors.reddit_server import PASSWORD, REFRESH, SECRET, USER, Call, Trouble
from tests.connectors.support import drain, running

NEW = "r/shop/new"
COMMENTS = "r/shop/comments"


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with reddit_bench(tmp_path) as made:
        yield made


def befores(calls: list[Call]) -> list[str | None]:
    return [call.fields.get("before") for call in calls]


async def test_what_is_there_comes_oldest_first_over_several_pages(bench: Bench) -> None:
    names = [bench.server.post(f"post {number}") for number in range(230)]
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(230)
    assert bench.ids == names
    assert [call.fields.get("after") for call in bench.server.asked(NEW)[:3]] == [
        None,
        names[130],
        names[30],
    ]


async def test_a_killed_reader_delivers_the_sixty_once_and_in_order(bench: Bench) -> None:
    names = [bench.server.comment(f"first {number}") for number in range(20)]
    await drain(bench.connector(), bench.kit.shelf, pages=1)
    names += [bench.server.comment(f"then {number}") for number in range(40)]
    lost = await anext(bench.connector().pages(bench.kit.shelf.cursors["reddit"]))
    assert [event.id for event in lost.events] == names[20:]
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(60)
        await until(lambda: len(bench.server.asked(COMMENTS)) >= 5)
    assert bench.ids == names
    assert sum(len(page.events) for page in bench.kit.shelf.pages) == 60


async def test_a_reader_killed_between_two_pages_of_one_answer_goes_on_there(
    bench: Bench,
) -> None:
    names = [bench.server.comment(f"text {number}") for number in range(250)]
    await drain(bench.connector(), bench.kit.shelf, pages=1)
    assert bench.ids == names[:100]
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(250)
    assert bench.ids == names


async def test_it_goes_on_with_before_and_repeats_nothing_on_resume(bench: Bench) -> None:
    names = [bench.server.comment(f"old {number}") for number in range(150)]
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(150)
    bench.server.calls.clear()
    more = [bench.server.comment(f"new {number}") for number in range(250)]
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(400)
    assert bench.ids == names + more
    assert befores(bench.server.asked(COMMENTS))[:3] == [names[147], more[95], more[193]]
    assert sum(len(page.events) for page in bench.kit.shelf.pages) == 400


async def test_a_server_whose_before_shows_the_newest_loses_nothing(bench: Bench) -> None:
    bench.server.newest_slice = True
    names = [bench.server.comment(f"old {number}") for number in range(5)]
    await drain(bench.connector(), bench.kit.shelf, pages=1)
    names += [bench.server.comment(f"new {number}") for number in range(250)]
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(255)
    assert bench.ids == names
    assert not bench.kit.bell.alerts


async def test_small_pages_are_followed_at_once(bench: Bench) -> None:
    bench.server.page = 10
    names = [bench.server.comment(f"old {number}") for number in range(5)]
    await drain(bench.connector(), bench.kit.shelf, pages=1)
    names += [bench.server.comment(f"new {number}") for number in range(40)]
    async with running(bench.connector(poll_seconds=3600), bench.kit.shelf):
        await bench.kit.shelf.until(45)
    assert bench.ids == names


async def test_the_place_is_kept_where_the_last_items_were_deleted(bench: Bench) -> None:
    names = [bench.server.comment(f"old {number}") for number in range(10)]
    await drain(bench.connector(), bench.kit.shelf, pages=1)
    bench.server.unlisted.update(names[7:])
    names += [bench.server.comment(f"new {number}") for number in range(3)]
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(13)
    assert bench.ids == names
    assert not bench.kit.bell.alerts
    marks = State.read(bench.kit.shelf.cursors["reddit"]).seen[COMMENTS]
    assert [mark.name for mark in marks] == names[10:]


async def test_after_deletions_it_asks_with_before_again(bench: Bench) -> None:
    names = [bench.server.comment(f"old {number}") for number in range(10)]
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(10)
        bench.server.unlisted.update(names[7:])
        bench.server.calls.clear()
        await until(lambda: befores(bench.server.asked(COMMENTS))[-1:] == [names[4]])
    assert befores(bench.server.asked(COMMENTS))[:3] == [names[7], None, names[4]]


async def test_a_listing_that_does_not_join_on_raises_a_gap_alert(bench: Bench) -> None:
    for number in range(5):
        bench.server.comment(f"old {number}")
    await drain(bench.connector(), bench.kit.shelf, pages=1)
    bench.server.shown = 150
    new = [bench.server.comment(f"new {number}") for number in range(200)]
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(155)
    assert bench.ids[5:] == new[50:]
    (alert,) = bench.kit.bell.alerts.values()
    assert alert.kind == "gap"
    assert COMMENTS in alert.body
    assert "2026-03-01" in alert.body


async def test_a_new_source_brings_no_more_than_its_backlog(bench: Bench) -> None:
    names = [bench.server.comment(f"old {number}") for number in range(120)]
    async with running(bench.connector(backlog=7), bench.kit.shelf):
        await bench.kit.shelf.until(7)
        names.append(bench.server.comment("new"))
        await bench.kit.shelf.until(8)
    assert bench.ids == names[-8:]


async def test_a_source_that_was_empty_delivers_all_that_comes(bench: Bench) -> None:
    async with running(bench.connector(backlog=1), bench.kit.shelf):
        await until(lambda: len(bench.server.asked(COMMENTS)) >= 2)
        names = [bench.server.comment(f"new {number}") for number in range(3)]
        await bench.kit.shelf.until(3)
    assert bench.ids == names


async def test_a_page_out_of_order_is_put_in_order(bench: Bench) -> None:
    names = [bench.server.comment(f"text {number}") for number in range(5)]
    shuffled = [bench.server._child(names[index]) for index in (2, 4, 0, 3, 1)]
    body: dict[str, object] = {"kind": "Listing", "data": {"children": shuffled, "after": None}}
    bench.server.trouble(COMMENTS, Trouble(body=body))
    await drain(bench.connector(), bench.kit.shelf, pages=1)
    assert bench.ids == names


async def test_a_page_that_comes_twice_is_stored_once(bench: Bench) -> None:
    names = [bench.server.comment(f"text {number}") for number in range(5)]
    connector = bench.connector()
    async with running(connector, bench.kit.shelf):
        await bench.kit.shelf.until(5)
        old = [bench.server._child(name) for name in reversed(names)]
        names += [bench.server.comment(f"more {number}") for number in range(5)]
        body: dict[str, object] = {"kind": "Listing", "data": {"children": old, "after": None}}
        bench.server.trouble(COMMENTS, Trouble(body=body), Trouble(body=body))
        await bench.kit.shelf.until(10)
    assert bench.ids == names
    assert sum(len(page.events) for page in bench.kit.shelf.pages) == 10


async def test_a_page_that_repeats_while_older_ones_are_asked_for_is_an_error(
    bench: Bench,
) -> None:
    for number in range(150):
        bench.server.comment(f"text {number}")
    first = bench.server._slice(bench.server._of("t1", "shop"), {"limit": "100"})
    bench.server.trouble(COMMENTS, Trouble(body=first), Trouble(body=first))
    error = await fail(bench)
    assert isinstance(error, Unavailable)
    assert "twice" in str(error)
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(150)


async def test_every_kind_of_source_is_read_and_what_is_in_two_comes_once(bench: Bench) -> None:
    post = bench.server.post("面包发霉了", "in store 12", sub="food")
    mention = bench.server.comment("hello u/shop_bot", was_comment=True)
    bench.server.mentions.append(mention)
    bench.server.inbox.append(mention)
    message = bench.server.message("私信")
    async with running(bench.connector(inbox=True, search=["发霉"]), bench.kit.shelf):
        await bench.kit.shelf.until(3)
        await until(lambda: len(bench.server.asked("r/all/search")) >= 2)
    assert bench.ids == [mention, message, post]
    assert sum(len(page.events) for page in bench.kit.shelf.pages) == 3
    assert bench.server.asked("r/all/search")[0].fields["sort"] == "new"
    assert all(call.fields["raw_json"] == "1" for call in bench.server.asked(COMMENTS))


async def test_what_the_account_writes_itself_is_no_event(bench: Bench) -> None:
    own = bench.server.comment("our answer", author=USER)
    answer = bench.server.comment("still mouldy", parent_id=own)
    gone = bench.server.comment("[removed]")
    await drain(bench.connector(), bench.kit.shelf, pages=1)
    (event,) = bench.kit.shelf.events.values()
    assert event.id == answer
    assert event.solicited
    assert gone not in State.read(bench.kit.shelf.cursors["reddit"]).watch


async def test_one_odd_item_is_kept_aside_once_and_the_rest_goes_on(bench: Bench) -> None:
    bench.server.extra = [
        {"kind": "t1", "data": {"name": "t1_odd", "body": 7}},
        {"kind": ["t1"]},
        "odd",
    ]
    name = bench.server.comment("good")
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(1, rejects=2)
        await until(lambda: len(bench.server.asked(COMMENTS)) >= 3)
    assert bench.ids == [name]
    reject = bench.kit.shelf.rejects["reddit", "t1_odd"]
    assert "body" in reject.reason
    assert "update Tingfeng" in reject.reason
    assert sum(len(page.rejects) for page in bench.kit.shelf.pages) == 2


async def test_edits_removals_and_deletions_are_events_of_their_own(bench: Bench) -> None:
    edited, removed, deleted, vanished, kept = (bench.server.comment(f"v1 {n}") for n in range(5))
    async with running(bench.connector(recheck_seconds=8), bench.kit.shelf):
        await bench.kit.shelf.until(5)
        bench.server.things[edited] |= {"body": "v2", "edited": 1_772_360_000.0}
        bench.server.things[removed] |= {"body": "[removed]", "author": "[deleted]"}
        bench.server.things[deleted] |= {"body": "[deleted]", "author": "[deleted]"}
        del bench.server.things[vanished]
        await bench.kit.shelf.until(9)
        bench.server.things[removed] |= {"body": "[deleted]"}
        await bench.kit.shelf.until(10)
    later = {(e.id, e.text): e for e in list(bench.kit.shelf.events.values())[5:]}
    edit = later[edited, "v2"]
    assert (edit.kind, edit.revision) == (EventKind.EDIT, 1_772_360_000)
    for name, text in (
        (removed, "[removed]"),
        (deleted, "[deleted]"),
        (vanished, "[deleted]"),
        (removed, "[deleted]"),
    ):
        event = later[name, text]
        assert event.kind is EventKind.DELETE
        assert event.conversation == "t3_10000/xiao_wang"
        assert event.author.id == "xiao_wang"
    revisions = [event.revision for event in bench.kit.shelf.events.values() if event.id == removed]
    assert sorted(revisions) == revisions
    assert len(set(revisions)) == 3
    assert kept not in {name for name, _ in later}


async def test_changes_while_it_was_away_are_found_after_a_restart(bench: Bench) -> None:
    name = bench.server.comment("v1")
    await drain(bench.connector(), bench.kit.shelf, pages=1)
    bench.server.things[name] |= {"body": "v2", "edited": 1_772_360_000}
    async with running(bench.connector(recheck_seconds=4), bench.kit.shelf):
        await bench.kit.shelf.until(2)
    assert [event.text for event in bench.kit.shelf.events.values()] == ["v1", "v2"]


async def test_an_edit_is_delivered_once(bench: Bench) -> None:
    name = bench.server.comment("v1", edited=1_772_353_000)
    async with running(bench.connector(recheck_seconds=4), bench.kit.shelf):
        await bench.kit.shelf.until(1)
        bench.server.things[name] |= {"body": "v2", "edited": 1_772_360_000}
        await bench.kit.shelf.until(2)
        asked = len(bench.server.asked("api/info"))
        await until(lambda: len(bench.server.asked("api/info")) >= asked + 3)
    events = [event for page in bench.kit.shelf.pages for event in page.events]
    assert [event.revision for event in events] == [0, 1_772_360_000]


async def test_one_empty_answer_is_no_deletion(bench: Bench) -> None:
    bench.server.comment("v1")
    nothing: dict[str, object] = {"kind": "Listing", "data": {"children": []}}
    bench.server.trouble("api/info", Trouble(body=nothing))
    async with running(bench.connector(recheck_seconds=4), bench.kit.shelf):
        await until(lambda: len(bench.server.asked("api/info")) >= 2)
        bench.server.trouble("api/info", Trouble(body=nothing))
        await until(lambda: len(bench.server.asked("api/info")) >= 5)
    assert len(bench.kit.shelf.events) == 1


async def test_figures_are_read_a_hundred_at_a_time(bench: Bench) -> None:
    names = [bench.server.comment(f"text {number}", score=number) for number in range(150)]
    post = bench.server.post("t", score=-3, num_comments=4, num_crossposts=2, upvote_ratio=0.31)
    bench.server.things[names[7]]["body"] = "[deleted]"
    connector = bench.connector()
    figures = await connector.fetch_engagement([*names, post, "t1_gone", "t4_private", "odd id"])
    assert len(bench.server.asked("api/info")) == 2
    assert len(figures) == 152
    assert figures["t1_gone"] is None
    assert figures[names[7]] is None
    found = figures[post]
    assert found is not None
    assert (found.likes, found.comments, found.reposts) == (-3, 4, 2)
    assert figures[names[149]] is not None


async def test_a_change_seen_with_the_figures_is_delivered_soon(bench: Bench) -> None:
    name = bench.server.comment("v1")
    connector = bench.connector(recheck_seconds=86_400)
    async with running(connector, bench.kit.shelf):
        await bench.kit.shelf.until(1)
        bench.server.things[name] |= {"body": "v2", "edited": 1_772_360_000}
        await connector.fetch_engagement([name])
        await bench.kit.shelf.until(2)


async def test_figures_that_cannot_be_read_say_so(bench: Bench) -> None:
    connector = bench.connector()
    bench.server.trouble("api/info", Trouble(status=500), Trouble(body={"kind": "odd"}))
    for _ in range(2):
        with pytest.raises(Unavailable):
            await connector.fetch_engagement(["t1_x"])
    bench.server.trouble("api/info", Trouble(status=429, headers={"retry-after": "600"}))
    with pytest.raises(Unavailable):
        await connector.fetch_engagement(["t1_x"])
    asked = len(bench.server.calls)
    with pytest.raises(Unavailable) as caught:
        await connector.fetch_engagement(["t1_x"])
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 300
    assert len(bench.server.calls) == asked


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
    await drain(bench.connector(), bench.kit.shelf, pages=1)
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
    await drain(bench.connector(), bench.kit.shelf, pages=1)
    assert bench.ids == [name]


async def test_an_expired_token_is_renewed_within_the_request(bench: Bench) -> None:
    connector = bench.connector()
    async with running(connector, bench.kit.shelf):
        await until(lambda: len(bench.server.asked(COMMENTS)) >= 1)
        bench.server.trouble(COMMENTS, Trouble(status=401, body={"message": "Unauthorized"}))
        name = bench.server.comment("text")
        await bench.kit.shelf.until(1)
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
    await drain(bench.connector(**settings), bench.kit.shelf, pages=1)
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
            await drain(connector, bench.kit.shelf)
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
    async with running(connector, bench.kit.shelf):
        await bench.kit.shelf.until(1)
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
    async with running(connector, bench.kit.shelf):
        await until(lambda: len(bench.server.calls) >= 4)
    own, first = bench.server.asked("user/shop_bot/comments")[0], bench.server.asked(NEW)[0]
    assert (first.at - own.at) * 200 >= 55
    detail = dict(connector.detail())
    assert detail["rate_remaining"] == "1"
    assert detail["account"] == "u/shop_bot"


async def test_a_hanging_reddit_holds_up_nothing_but_itself(bench: Bench) -> None:
    bench.server.trouble(NEW, Trouble(how="hang"))
    connector = bench.connector(timeout_seconds=30)
    lags = []
    async with running(connector, bench.kit.shelf):
        await until(lambda: bench.server.asked(NEW))
        for _ in range(60):
            asked = time.perf_counter()
            await asyncio.sleep(0.005)
            lags.append(time.perf_counter() - asked - 0.005)
        begun = time.perf_counter()
        await connector.close()
        assert time.perf_counter() - begun < 2
    assert sorted(lags)[len(lags) // 2] < 0.05


async def test_who_waits_behind_a_hanging_request_is_told_that_nothing_was_done(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.reddit_client._CALLS", 0.5)
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
    bench.kit.shelf.full = True
    with pytest.raises(StoreError):
        await drain(connector, bench.kit.shelf, pages=1)
    bench.kit.shelf.full = False
    await drain(connector, bench.kit.shelf, pages=1)
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
    bench.kit.shelf.cursors["reddit"] = cursor
    await drain(bench.connector(), bench.kit.shelf, pages=1)
    assert bench.ids == [name]


async def test_tiny_pages_show_all_there_is(bench: Bench) -> None:
    bench.server.page = 4
    names = [bench.server.comment(f"text {number}") for number in range(130)]
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(130)
    assert bench.ids == names


async def test_a_listing_without_an_end_is_not_read_for_ever(bench: Bench) -> None:
    bench.server.shown = 2000
    async with running(bench.connector(backlog=1), bench.kit.shelf):
        await until(lambda: len(bench.server.asked(COMMENTS)) >= 2)
        names = [bench.server.comment(f"text {number}") for number in range(1300)]
        await bench.kit.shelf.until(1200)
    assert bench.ids == names[100:]


async def test_what_is_kept_against_repeats_is_bounded(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.reddit_marks._MOST_RECENT", 3)
    names = [bench.server.comment(f"text {number}") for number in range(9)]
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(9)
    assert bench.ids == names


async def test_a_message_from_the_account_to_itself_is_no_event(bench: Bench) -> None:
    bench.server.message("note to self", author=USER)
    name = bench.server.message("text")
    await drain(bench.connector(inbox=True), bench.kit.shelf, pages=1)
    assert bench.ids == [name]


async def test_the_cursor_stays_small(bench: Bench) -> None:
    for number in range(400):
        bench.server.comment(f"text {number}")
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(400)
    cursor = bench.kit.shelf.cursors["reddit"]
    assert len(json.loads(cursor)["watch"]) == 300
    assert State.read(cursor).write() == cursor
    assert len(cursor) < 20_000


async def test_it_can_be_checked_and_tells_of_its_health(bench: Bench) -> None:
    connector = bench.connector(subreddits=["shop", "other"])
    assert isinstance(connector, Checks)
    assert isinstance(connector, Tells)
    bench.server.rate = {"x-ratelimit-remaining": "596.0", "x-ratelimit-reset": "300"}
    bench.server.trouble("r/other/new", Trouble(status=403, body={"reason": "private"}))
    facts = await connector.check()
    assert facts[0] == "account: u/shop_bot"
    assert facts[1] == "scopes: *"
    assert "r/shop/comments: may be read" in facts
    assert "r/other/new: may not be read (HTTP 403: private)" in facts
    assert facts[-1] == "requests left in this window: 596"
    assert not bench.server.posted
    assert not bench.kit.shelf.pages


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
    await drain(bench.connector(), bench.kit.shelf, pages=1)
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
    task = asyncio.create_task(drain(connector, bench.kit.shelf))
    await until(lambda: bench.server.asked("api/info"))
    await connector.close()
    async with asyncio.timeout(3):
        await task


async def test_closing_before_anything_is_known_ends_the_reading(bench: Bench) -> None:
    bench.server.trouble("api/v1/me", Trouble(how="hang"))
    connector = bench.connector()
    task = asyncio.create_task(drain(connector, bench.kit.shelf))
    await until(lambda: bench.server.asked("api/v1/me"))
    queued = asyncio.create_task(connector.check())
    await asyncio.sleep(0.01)
    await connector.close()
    async with asyncio.timeout(3):
        await task
    bench.server.stopping.set()
    with pytest.raises(Unavailable):
        await queued


async def test_an_error_during_a_recheck_is_an_error_of_reading(bench: Bench) -> None:
    bench.server.comment("text")
    bench.server.trouble("api/info", Trouble(status=500))
    assert isinstance(await fail(bench, bench.connector(recheck_seconds=4)), Unavailable)


def test_who_is_watched_no_more_is_neither_edited_nor_lost() -> None:
    state = State(watch={})
    nothing = Listing(things=(), odd=(), after=None)
    assert losses(["t1_x"], nothing, state) == []
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
