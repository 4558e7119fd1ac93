"""Reading Reddit through a real connection: everything once and in order, whatever happens."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.reddit.cursor import RedditCursor
from core.errors import Unavailable
from tests.connectors.reddit.bench import Bench, fail, reddit_bench, until
from tests.connectors.reddit.server import USER, Call, Trouble
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
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(230)
    assert bench.ids == names
    assert [call.fields.get("after") for call in bench.server.asked(NEW)[:3]] == [
        None,
        names[130],
        names[30],
    ]


async def test_a_killed_reader_delivers_the_sixty_once_and_in_order(bench: Bench) -> None:
    names = [bench.server.comment(f"first {number}") for number in range(20)]
    await drain(bench.connector(), bench.kit.intake, pages=1)
    names += [bench.server.comment(f"then {number}") for number in range(40)]
    lost = await anext(bench.connector().pages(bench.kit.intake.cursors["reddit"]))
    assert [event.id for event in lost.events] == names[20:]
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(60)
        await until(lambda: len(bench.server.asked(COMMENTS)) >= 5)
    assert bench.ids == names
    assert sum(len(page.events) for page in bench.kit.intake.pages) == 60


async def test_a_reader_killed_between_two_pages_of_one_answer_goes_on_there(
    bench: Bench,
) -> None:
    names = [bench.server.comment(f"text {number}") for number in range(250)]
    await drain(bench.connector(), bench.kit.intake, pages=1)
    assert bench.ids == names[:100]
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(250)
    assert bench.ids == names


async def test_it_goes_on_with_before_and_repeats_nothing_on_resume(bench: Bench) -> None:
    names = [bench.server.comment(f"old {number}") for number in range(150)]
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(150)
    bench.server.calls.clear()
    more = [bench.server.comment(f"new {number}") for number in range(250)]
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(400)
    assert bench.ids == names + more
    assert befores(bench.server.asked(COMMENTS))[:3] == [names[147], more[95], more[193]]
    assert sum(len(page.events) for page in bench.kit.intake.pages) == 400


async def test_a_server_whose_before_shows_the_newest_loses_nothing(bench: Bench) -> None:
    bench.server.newest_slice = True
    names = [bench.server.comment(f"old {number}") for number in range(5)]
    await drain(bench.connector(), bench.kit.intake, pages=1)
    names += [bench.server.comment(f"new {number}") for number in range(250)]
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(255)
    assert bench.ids == names
    assert not bench.kit.alarm.alerts


async def test_small_pages_are_followed_at_once(bench: Bench) -> None:
    bench.server.page = 10
    names = [bench.server.comment(f"old {number}") for number in range(5)]
    await drain(bench.connector(), bench.kit.intake, pages=1)
    names += [bench.server.comment(f"new {number}") for number in range(40)]
    async with running(bench.connector(poll_seconds=3600), bench.kit.intake):
        await bench.kit.intake.until(45)
    assert bench.ids == names


async def test_the_place_is_kept_where_the_last_items_were_deleted(bench: Bench) -> None:
    names = [bench.server.comment(f"old {number}") for number in range(10)]
    await drain(bench.connector(), bench.kit.intake, pages=1)
    bench.server.unlisted.update(names[7:])
    names += [bench.server.comment(f"new {number}") for number in range(3)]
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(13)
    assert bench.ids == names
    assert not bench.kit.alarm.alerts
    marks = RedditCursor.decode(bench.kit.intake.cursors["reddit"]).seen[COMMENTS]
    assert [mark.name for mark in marks] == names[10:]


async def test_after_deletions_it_asks_with_before_again(bench: Bench) -> None:
    names = [bench.server.comment(f"old {number}") for number in range(10)]
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(10)
        bench.server.unlisted.update(names[7:])
        bench.server.calls.clear()
        await until(lambda: befores(bench.server.asked(COMMENTS))[-1:] == [names[4]])
    assert befores(bench.server.asked(COMMENTS))[:3] == [names[7], None, names[4]]


async def test_a_listing_that_does_not_join_on_raises_a_gap_alert(bench: Bench) -> None:
    for number in range(5):
        bench.server.comment(f"old {number}")
    await drain(bench.connector(), bench.kit.intake, pages=1)
    bench.server.shown = 150
    new = [bench.server.comment(f"new {number}") for number in range(200)]
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(155)
    assert bench.ids[5:] == new[50:]
    (alert,) = bench.kit.alarm.alerts.values()
    assert alert.kind == "gap"
    assert COMMENTS in alert.body
    assert "2026-03-01" in alert.body


async def test_a_new_source_brings_no_more_than_its_backlog(bench: Bench) -> None:
    names = [bench.server.comment(f"old {number}") for number in range(120)]
    async with running(bench.connector(backlog=7), bench.kit.intake):
        await bench.kit.intake.until(7)
        names.append(bench.server.comment("new"))
        await bench.kit.intake.until(8)
    assert bench.ids == names[-8:]


async def test_a_source_that_was_empty_delivers_all_that_comes(bench: Bench) -> None:
    async with running(bench.connector(backlog=1), bench.kit.intake):
        await until(lambda: len(bench.server.asked(COMMENTS)) >= 2)
        names = [bench.server.comment(f"new {number}") for number in range(3)]
        await bench.kit.intake.until(3)
    assert bench.ids == names


async def test_a_page_out_of_order_is_put_in_order(bench: Bench) -> None:
    names = [bench.server.comment(f"text {number}") for number in range(5)]
    shuffled = [bench.server._child(names[index]) for index in (2, 4, 0, 3, 1)]
    body: dict[str, object] = {"kind": "Listing", "data": {"children": shuffled, "after": None}}
    bench.server.trouble(COMMENTS, Trouble(body=body))
    await drain(bench.connector(), bench.kit.intake, pages=1)
    assert bench.ids == names


async def test_a_page_that_comes_twice_is_stored_once(bench: Bench) -> None:
    names = [bench.server.comment(f"text {number}") for number in range(5)]
    connector = bench.connector()
    async with running(connector, bench.kit.intake):
        await bench.kit.intake.until(5)
        old = [bench.server._child(name) for name in reversed(names)]
        names += [bench.server.comment(f"more {number}") for number in range(5)]
        body: dict[str, object] = {"kind": "Listing", "data": {"children": old, "after": None}}
        bench.server.trouble(COMMENTS, Trouble(body=body), Trouble(body=body))
        await bench.kit.intake.until(10)
    assert bench.ids == names
    assert sum(len(page.events) for page in bench.kit.intake.pages) == 10


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
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(150)


async def test_every_kind_of_source_is_read_and_what_is_in_two_comes_once(bench: Bench) -> None:
    post = bench.server.post("面包发霉了", "in store 12", sub="food")
    mention = bench.server.comment("hello u/shop_bot", was_comment=True)
    bench.server.mentions.append(mention)
    bench.server.inbox.append(mention)
    message = bench.server.message("私信")
    async with running(bench.connector(inbox=True, search=["发霉"]), bench.kit.intake):
        await bench.kit.intake.until(3)
        await until(lambda: len(bench.server.asked("r/all/search")) >= 2)
    assert bench.ids == [mention, message, post]
    assert sum(len(page.events) for page in bench.kit.intake.pages) == 3
    assert bench.server.asked("r/all/search")[0].fields["sort"] == "new"
    assert all(call.fields["raw_json"] == "1" for call in bench.server.asked(COMMENTS))


async def test_what_the_account_writes_itself_is_no_event(bench: Bench) -> None:
    own = bench.server.comment("our answer", author=USER)
    answer = bench.server.comment("still mouldy", parent_id=own)
    gone = bench.server.comment("[removed]")
    await drain(bench.connector(), bench.kit.intake, pages=1)
    (event,) = bench.kit.intake.events.values()
    assert event.id == answer
    assert event.solicited
    assert gone not in RedditCursor.decode(bench.kit.intake.cursors["reddit"]).watch


async def test_one_odd_item_is_kept_aside_once_and_the_rest_goes_on(bench: Bench) -> None:
    bench.server.extra = [
        {"kind": "t1", "data": {"name": "t1_odd", "body": 7}},
        {"kind": ["t1"]},
        "odd",
    ]
    name = bench.server.comment("good")
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(1, rejects=2)
        await until(lambda: len(bench.server.asked(COMMENTS)) >= 3)
    assert bench.ids == [name]
    reject = bench.kit.intake.rejects["reddit", "t1_odd"]
    assert "body" in reject.reason
    assert "update Tingfeng" in reject.reason
    assert sum(len(page.rejects) for page in bench.kit.intake.pages) == 2


async def test_tiny_pages_show_all_there_is(bench: Bench) -> None:
    bench.server.page = 4
    names = [bench.server.comment(f"text {number}") for number in range(130)]
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(130)
    assert bench.ids == names


async def test_a_listing_without_an_end_is_not_read_for_ever(bench: Bench) -> None:
    bench.server.shown = 2000
    async with running(bench.connector(backlog=1), bench.kit.intake):
        await until(lambda: len(bench.server.asked(COMMENTS)) >= 2)
        names = [bench.server.comment(f"text {number}") for number in range(1300)]
        await bench.kit.intake.until(1200)
    assert bench.ids == names[100:]


async def test_what_is_kept_against_repeats_is_bounded(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.reddit.cursor._MOST_RECENT", 3)
    names = [bench.server.comment(f"text {number}") for number in range(9)]
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(9)
    assert bench.ids == names


async def test_a_message_from_the_account_to_itself_is_no_event(bench: Bench) -> None:
    bench.server.message("note to self", author=USER)
    name = bench.server.message("text")
    await drain(bench.connector(inbox=True), bench.kit.intake, pages=1)
    assert bench.ids == [name]


async def test_the_cursor_stays_small(bench: Bench) -> None:
    for number in range(400):
        bench.server.comment(f"text {number}")
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(400)
    cursor = bench.kit.intake.cursors["reddit"]
    assert len(json.loads(cursor)["watch"]) == 300
    assert RedditCursor.decode(cursor).encode() == cursor
    assert len(cursor) < 20_000
