"""A file of events: in order, in bounded memory, resumed where it was left, bad lines kept."""

import asyncio
import gzip
from pathlib import Path

import pytest

from connectors.replay.settings import ReplaySettings, inspect_replay
from core.clock import ManualClock
from core.connector import Sent
from core.errors import Refused
from core.model.outbox import Target
from tests.connectors.replay.feed_file import line, numbers, put, replay
from tests.connectors.support import START, MemoryIntake, drain, running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "feed.jsonl"


@pytest.mark.parametrize("packed", [False, True])
async def test_all_events_in_order_in_pages(path: Path, packed: bool) -> None:
    body = b"".join(line(number) for number in range(450))
    put(path, gzip.compress(body) if packed else body)
    intake, connector = MemoryIntake(), replay(path)
    await drain(connector, intake)
    assert intake.ids == numbers(450)
    assert [len(page.events) for page in intake.pages] == [200, 200, 50]
    assert {event.channel for event in intake.events.values()} == {"weibo"}
    assert connector.progress == 1.0
    assert not intake.rejects


async def test_progress_grows(path: Path) -> None:
    put(path, b"".join(line(number) for number in range(3000)))
    connector, seen = replay(path), []
    async for _ in connector.pages(None):
        seen.append(connector.progress)  # noqa: PERF401 - read at each page
    assert seen == sorted(seen)
    assert 0 < seen[0] < 0.5


@pytest.mark.parametrize("packed", [False, True])
async def test_a_stopped_replay_goes_on_behind_the_last_stored_page(
    path: Path, packed: bool
) -> None:
    body = b"".join(line(number) for number in range(7))
    put(path, gzip.compress(body) if packed else body)
    intake = MemoryIntake()
    await drain(replay(path, page=3), intake, pages=1)
    assert intake.ids == numbers(3)
    await drain(replay(path, page=3), intake)
    assert intake.ids == numbers(7)
    assert sum(len(page.events) for page in intake.pages) == 7


async def test_a_finished_file_to_which_lines_were_added_goes_on_with_them(path: Path) -> None:
    intake = MemoryIntake()
    put(path, line(0) + line(1))
    await drain(replay(path), intake)
    put(path, line(0) + line(1) + line(2))
    await drain(replay(path), intake)
    assert [len(page.events) for page in intake.pages] == [2, 1]


async def test_another_file_of_the_same_name_starts_anew(path: Path) -> None:
    intake = MemoryIntake()
    put(path, line(0) + line(1))
    await drain(replay(path), intake)
    put(path, line(10) + line(11) + line(12))
    await drain(replay(path), intake)
    assert intake.ids == ["0", "1", "10", "11", "12"]


@pytest.mark.parametrize("cursor", ["", "nonsense", "9 9:zz", "1 5:" + "0" * 32])
async def test_a_cursor_of_something_else_starts_anew(path: Path, cursor: str) -> None:
    put(path, line(0))
    pages = [page async for page in replay(path).pages(cursor)]
    assert [event.id for page in pages for event in page.events] == ["0"]


async def test_a_missing_file_is_named_with_the_remedy(path: Path) -> None:
    with pytest.raises(Refused, match=r"feed\.jsonl cannot be read: No such file") as caught:
        await drain(replay(path), MemoryIntake())
    assert "Check that the file is there" in caught.value.remedy


async def test_an_empty_file_ends_at_once(path: Path) -> None:
    put(path, b"")
    intake = MemoryIntake()
    await drain(replay(path), intake)
    assert not intake.pages


async def test_a_speed_keeps_the_gaps_between_the_posts(path: Path) -> None:
    put(path, line(0) + line(10) + line(10, id="same time") + line(5) + line(30))
    clock, intake = ManualClock(START), MemoryIntake()
    async with running(replay(path, clock=clock, speed=10), intake) as task:
        await intake.until(1)
        assert intake.ids == ["0"]
        await clock.advance(0.9)
        assert intake.ids == ["0"]
        await clock.advance(0.2)
        await intake.until(4)
        assert intake.ids == ["0", "10", "same time", "5"]
        await clock.advance(1.8)
        assert len(intake.ids) == 4
        await clock.advance(0.2)
        await task
    assert intake.ids[-1] == "30"


async def test_a_bad_line_waits_for_no_time(path: Path) -> None:
    put(path, b"?\n" + line(0) + b"?\n" + line(60))
    clock, intake = ManualClock(START), MemoryIntake()
    async with running(replay(path, clock=clock, speed=1), intake):
        await intake.until(1, rejects=2)


async def test_a_resumed_replay_does_not_wait_for_what_was_played(path: Path) -> None:
    put(path, line(0) + line(1000) + line(1001))
    clock, intake = ManualClock(START), MemoryIntake()
    async with running(replay(path, clock=clock, speed=1), intake):
        await intake.until(1)
    async with running(replay(path, clock=clock, speed=1), intake):
        await intake.until(2)
    assert intake.ids == ["0", "1000"]


async def test_closing_ends_a_wait(path: Path) -> None:
    put(path, line(0) + line(100_000_000))
    intake, connector = MemoryIntake(), replay(path, speed=1)
    async with running(connector, intake) as task:
        await intake.until(1)
        await connector.close()
        await connector.close()
        async with asyncio.timeout(20):
            await task
    assert intake.ids == ["0"]


async def test_replies_end_here_and_are_counted(path: Path) -> None:
    connector = replay(path)
    target = Target(channel="weibo", conversation="1")
    assert await connector.send(target, "sorry", "k1") == Sent(native_id="k1")
    assert await connector.send(target, "sorry", "k2") == Sent(native_id="k2")
    assert connector.sent == 2


async def test_replies_may_be_written_down_and_are_found_after_a_crash(path: Path) -> None:
    target = Target(channel="weibo", conversation="1")
    connector = replay(path, replies="replies.jsonl")
    assert await connector.find_sent(target, "sorry", "k1") is None
    assert await connector.send(target, "sorry", "k1") == Sent(native_id="k1")
    again = replay(path, replies="replies.jsonl")
    assert await again.find_sent(target, "sorry", "k1") == "k1"
    assert await replay(path).find_sent(target, "sorry", "k1") is None


async def test_reading_does_not_hold_up_the_loop(path: Path) -> None:
    put(path, gzip.compress(b"x" * 300_000_000 + b"\n" + line(0), 1))
    intake, ticks = MemoryIntake(), 0
    async with running(replay(path), intake) as task:
        while not task.done():
            await asyncio.sleep(0.005)
            ticks += 1
    assert intake.ids == ["0"]
    assert ticks >= 10


def test_the_check_finds_what_would_fail(tmp_path: Path, path: Path) -> None:
    def keys(**settings: object) -> list[str]:
        valid = ReplaySettings.model_validate({"file": "feed.jsonl"} | settings)
        return [problem.key for problem in inspect_replay(valid, tmp_path)]

    assert keys() == ["file"]
    put(path, line(0))
    assert keys() == []
    assert keys(speed=2) == []
    assert keys(speed=0) == keys(speed=-1.0) == keys(speed="inf") == keys(speed="nan") == ["speed"]
    assert keys(file=".") == ["file"]
