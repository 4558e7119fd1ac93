"""Reddit: edits, deletions and figures, found by asking again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.errors import Unavailable
from core.model.events import EventKind
from tests.connectors.reddit.bench import Bench, reddit_bench, until
from tests.connectors.reddit.server import Trouble
from tests.connectors.support import drain, running


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with reddit_bench(tmp_path) as made:
        yield made


async def test_edits_removals_and_deletions_are_events_of_their_own(bench: Bench) -> None:
    edited, removed, deleted, vanished, kept = (bench.server.comment(f"v1 {n}") for n in range(5))
    async with running(bench.connector(recheck_seconds=8), bench.kit.intake):
        await bench.kit.intake.until(5)
        bench.server.items[edited] |= {"body": "v2", "edited": 1_772_360_000.0}
        bench.server.items[removed] |= {"body": "[removed]", "author": "[deleted]"}
        bench.server.items[deleted] |= {"body": "[deleted]", "author": "[deleted]"}
        del bench.server.items[vanished]
        await bench.kit.intake.until(9)
        bench.server.items[removed] |= {"body": "[deleted]"}
        await bench.kit.intake.until(10)
    later = {(e.id, e.text): e for e in list(bench.kit.intake.events.values())[5:]}
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
    revisions = [
        event.revision for event in bench.kit.intake.events.values() if event.id == removed
    ]
    assert sorted(revisions) == revisions
    assert len(set(revisions)) == 3
    assert kept not in {name for name, _ in later}


async def test_changes_while_it_was_away_are_found_after_a_restart(bench: Bench) -> None:
    name = bench.server.comment("v1")
    await drain(bench.connector(), bench.kit.intake, pages=1)
    bench.server.items[name] |= {"body": "v2", "edited": 1_772_360_000}
    async with running(bench.connector(recheck_seconds=4), bench.kit.intake):
        await bench.kit.intake.until(2)
    assert [event.text for event in bench.kit.intake.events.values()] == ["v1", "v2"]


async def test_an_edit_is_delivered_once(bench: Bench) -> None:
    name = bench.server.comment("v1", edited=1_772_353_000)
    async with running(bench.connector(recheck_seconds=4), bench.kit.intake):
        await bench.kit.intake.until(1)
        bench.server.items[name] |= {"body": "v2", "edited": 1_772_360_000}
        await bench.kit.intake.until(2)
        asked = len(bench.server.asked("api/info"))
        await until(lambda: len(bench.server.asked("api/info")) >= asked + 3)
    events = [event for page in bench.kit.intake.pages for event in page.events]
    assert [event.revision for event in events] == [0, 1_772_360_000]


async def test_one_empty_answer_is_no_deletion(bench: Bench) -> None:
    bench.server.comment("v1")
    nothing: dict[str, object] = {"kind": "Listing", "data": {"children": []}}
    bench.server.trouble("api/info", Trouble(body=nothing))
    async with running(bench.connector(recheck_seconds=4), bench.kit.intake):
        await until(lambda: len(bench.server.asked("api/info")) >= 2)
        bench.server.trouble("api/info", Trouble(body=nothing))
        await until(lambda: len(bench.server.asked("api/info")) >= 5)
    assert len(bench.kit.intake.events) == 1


async def test_figures_are_read_a_hundred_at_a_time(bench: Bench) -> None:
    names = [bench.server.comment(f"text {number}", score=number) for number in range(150)]
    post = bench.server.post("t", score=-3, num_comments=4, num_crossposts=2, upvote_ratio=0.31)
    bench.server.items[names[7]]["body"] = "[deleted]"
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
    async with running(connector, bench.kit.intake):
        await bench.kit.intake.until(1)
        bench.server.items[name] |= {"body": "v2", "edited": 1_772_360_000}
        await connector.fetch_engagement([name])
        await bench.kit.intake.until(2)


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
