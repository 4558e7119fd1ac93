"""The supervisor: restarts, waits, and tells how a connector is."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta

import pytest

from core.clock import ManualClock
from core.errors import Refused, Unavailable
from core.model.events import Page
from core.model.health import Health
from core.runtime.bus import Bus
from core.runtime.intake import LONGEST_WAIT, EventIntake, Supervisor
from tests.builders import START, event
from tests.core.parts import MemoryInbox
from tests.driven_clock import WATCHDOG_SECONDS


class Scripted:
    """A connector whose every start plays the next act; an act is a page or an error."""

    name = "scripted"

    def __init__(self, *acts: Sequence[Page | Exception]) -> None:
        self._acts = list(acts)
        self.started_at: list[str | None] = []

    async def pages(self, cursor: str | None) -> AsyncIterator[Page]:
        self.started_at.append(cursor)
        for step in self._acts.pop(0) if self._acts else []:
            if isinstance(step, Exception):
                raise step
            yield step

    async def close(self) -> None:
        return


class Stage:
    def __init__(self, connector: Scripted, random: Callable[[], float] = lambda: 1.0) -> None:
        self.clock = ManualClock(START)
        self.inbox = MemoryInbox()
        self.woken = 0
        self.intake = EventIntake(self.inbox, wake=self._wake)
        bus = Bus()
        self.heard = bus.subscribe()
        self.supervisor = Supervisor(
            connector,
            events=self.inbox,
            intake=self.intake,
            clock=self.clock,
            bus=bus,
            random=random,
        )

    def _wake(self) -> None:
        self.woken += 1

    @property
    def health(self) -> Health:
        return self.supervisor.health


def page(number: int) -> Page:
    return Page(events=(event(str(number)),), cursor=str(number))


async def test_pages_are_stored_with_their_cursor_and_the_end_is_told() -> None:
    stage = Stage(Scripted([page(1), page(2), page(2)]))
    await stage.supervisor.run()
    assert stage.inbox.cursors == {"scripted": "2"}
    assert (stage.health.status, stage.health.events) == ("finished", 2)
    assert stage.health.last_event_at == START
    assert stage.woken == 2


async def test_a_failure_restarts_at_the_stored_cursor_with_growing_waits() -> None:
    connector = Scripted(
        [page(1), OSError("reset")],
        [ValueError("bug")],
        [Unavailable("slow down", retry_after=7.0)],
        [page(2)],
    )
    stage = Stage(connector)
    task = asyncio.create_task(stage.supervisor.run())
    await stage.clock.advance(0)
    assert (stage.health.status, stage.health.restarts) == ("retrying", 1)
    assert stage.health.next_try_at is not None
    assert (stage.health.next_try_at - START).total_seconds() == 1.0
    await stage.clock.advance(1.0)
    assert stage.health.reason == "ValueError: bug"
    await stage.clock.advance(2.0)
    assert "slow down" in stage.health.reason
    await stage.clock.advance(6.9)
    assert stage.health.restarts == 3
    await stage.clock.advance(0.2)
    await task
    assert connector.started_at == [None, "1", "1", "1"]
    assert stage.health.status == "finished"


async def test_waits_are_jittered_and_bounded() -> None:
    connector = Scripted(*([OSError("down")] for _ in range(200)))
    stage = Stage(connector, random=lambda: 0.0)
    task = asyncio.create_task(stage.supervisor.run())
    await stage.clock.advance(0)
    assert stage.health.next_try_at is not None
    assert (stage.health.next_try_at - stage.clock.now()).total_seconds() == 0.5
    for _ in range(30):
        await stage.clock.advance(LONGEST_WAIT)
    wait = (stage.health.next_try_at - stage.clock.now()).total_seconds()
    assert wait <= LONGEST_WAIT / 2
    task.cancel()


async def test_a_refusal_stops_and_says_the_remedy() -> None:
    stage = Stage(Scripted([Refused("the token is wrong", remedy="Ask BotFather for a new one")]))
    await stage.supervisor.run()
    assert stage.health.status == "refused"
    assert stage.health.reason == "the token is wrong. Ask BotFather for a new one"


async def test_a_page_that_cannot_be_stored_is_asked_for_again() -> None:
    connector = Scripted([page(1)], [page(1)])
    stage = Stage(connector)
    stage.inbox.broken = 1
    task = asyncio.create_task(stage.supervisor.run())
    await stage.clock.advance(0)
    assert stage.health.status == "retrying"
    await stage.clock.advance(1.0)
    await task
    assert connector.started_at == [None, None]
    assert stage.health.events == 1


async def test_a_full_inbox_slows_the_connector_down() -> None:
    inbox = MemoryInbox()
    door = EventIntake(inbox, wake=lambda: None, room=1)
    receipt = await door.accept("c", Page(events=(event("1"), event("1"))))
    assert (receipt.accepted, receipt.duplicates) == (1, 1)
    waiting = asyncio.create_task(door.wait_for_room())
    await asyncio.sleep(0.1)
    assert not waiting.done()
    inbox.waiting.clear()
    async with asyncio.timeout(WATCHDOG_SECONDS):
        await waiting
    assert door.totals.accepted == 1


async def test_an_empty_page_wakes_nobody() -> None:
    stage = Stage(Scripted([Page(events=(), cursor="5")]))
    await stage.supervisor.run()
    assert stage.woken == 0
    assert stage.inbox.cursors == {"scripted": "5"}


@pytest.mark.parametrize("status", ["connected", "finished"])
async def test_each_change_of_health_is_told(status: str) -> None:
    stage = Stage(Scripted([]))
    await stage.supervisor.run()
    heard = []
    async for change in stage.heard:
        assert isinstance(change, Health)
        heard.append(change.status)
        if len(heard) == 2:
            break
    assert status in heard


class Talkative(Scripted):
    def detail(self) -> tuple[tuple[str, str], ...]:
        return (("budget", "42"),)


class Reaching(Scripted):
    """Knows when its platform answered, and waits for news."""

    last_contact: datetime | None = None

    async def pages(self, cursor: str | None) -> AsyncIterator[Page]:
        async for each in super().pages(cursor):
            yield each
        await asyncio.Event().wait()


async def test_what_has_not_been_reached_is_not_called_connected() -> None:
    connector = Reaching([Unavailable("down")], [])
    stage = Stage(connector)
    task = asyncio.create_task(stage.supervisor.run())
    statuses = []
    for wait, contact in ((0, None), (1, None), (0, START), (0, START + timedelta(seconds=1))):
        await stage.clock.advance(wait)
        connector.last_contact = contact
        statuses.append(stage.health.status)
    assert statuses == ["retrying", "starting", "starting", "connected"]
    task.cancel()


async def test_a_page_proves_the_connection() -> None:
    stage = Stage(Reaching([Page(events=(), cursor="5")]))
    task = asyncio.create_task(stage.supervisor.run())
    await stage.clock.advance(0)
    assert stage.health.status == "connected"
    task.cancel()


async def test_what_is_pushed_is_heard_too() -> None:
    stage = Stage(Scripted([]))
    await stage.clock.advance(60)
    for number in range(60):
        await stage.intake.accept("scripted", page(number))
        await stage.clock.advance(60)
    await stage.intake.accept("other", page(99))
    assert (stage.health.events, stage.health.last_event_at) == (60, START + timedelta(minutes=60))
    assert stage.health.bearable == timedelta(hours=3)


async def test_what_a_connector_tells_of_itself_is_shown() -> None:
    stage = Stage(Talkative([]))
    assert stage.health.detail == (("budget", "42"),)
    await stage.supervisor.run()
    assert (stage.health.status, stage.health.detail) == ("finished", (("budget", "42"),))
