"""Wrong dates and jumping clocks."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.clock import ManualClock
from listeners.spread.activity import brand_post
from listeners.spread.brand_lane import BrandLane
from listeners.spread.event_time import EventTime
from tests.builders import MIDNIGHT, mention
from tests.listeners.spread.rig import (
    MOULD,
    Receiver,
    chain,
    make_watch,
    observe_all,
    ordinary,
    receiver_after,
)


class JumpingClock(ManualClock):
    """A clock whose time of day is set."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self.at = start

    def now(self) -> datetime:
        return self.at


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=1)])
@pytest.mark.parametrize("sign", [1, -1])
async def test_a_jump_of_post_dates_gives_no_alerts(jump: timedelta, sign: int) -> None:
    base = ordinary(6)
    half = len(base) // 2
    moved = [
        replace(one, event=replace(one.event, posted_at=one.event.posted_at + sign * jump))
        for one in base[half:]
    ]
    receiver = Receiver()
    watch = make_watch(receiver)
    for one in [*base[:half], *moved]:
        await watch.observe(one)
    assert receiver.alerts == []


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=1)])
@pytest.mark.parametrize("sign", [1, -1])
async def test_a_jump_of_the_system_clock_hides_no_crisis(jump: timedelta, sign: int) -> None:
    base = ordinary(3)
    crisis = chain(12, at=MIDNIGHT + timedelta(days=2, hours=12), seq=50_000)
    stream = sorted([*base, *crisis], key=lambda one: one.event.posted_at)
    receiver, clock = Receiver(), JumpingClock(MIDNIGHT)
    watch = make_watch(receiver, clock=clock)
    for one in stream:
        late = one.event.posted_at > MIDNIGHT + timedelta(days=1, hours=12)
        clock.at = one.event.posted_at + (sign * jump if late else timedelta())
        await watch.observe(one)
        if late and clock.at.minute == 0:
            await watch.tend()
    await watch.close()
    assert len(receiver.alerts) == 1
    assert "面包发霉" in receiver.alerts[0].title


async def test_dates_in_the_future_and_long_ago_are_ignored() -> None:
    receiver = Receiver()
    watch = make_watch(receiver, now=MIDNIGHT)
    await observe_all(watch, chain(6, at=MIDNIGHT + timedelta(days=400)))
    assert len(receiver.alerts) <= 1
    await observe_all(watch, ordinary(1))
    before = len(receiver.calls)
    await observe_all(watch, chain(6, seq=900, at=MIDNIGHT - timedelta(days=30)))
    assert len(receiver.calls) == before


async def test_a_post_about_two_brands_is_counted_for_both() -> None:
    both = [replace(one, brands=("hejia", "other")) for one in chain(6)]
    assert {alert.brand for alert in (await receiver_after(both)).alerts} == {"hejia", "other"}


def test_a_few_wrong_dates_do_not_move_event_time() -> None:
    time = EventTime()
    for n in range(20):
        assert time.observe(1e9 + n, clock=1e9 + n) is not None
    assert time.observe(1e9 + 1e7, clock=1e9) is None
    assert time.observe(1e9 + 3600, clock=0.0) is not None
    assert time.now < 1e9 + 20


def test_an_outage_is_not_a_quiet_brand() -> None:
    lane = BrandLane()

    def add(second: float) -> None:
        one = mention(1, posted_at=MIDNIGHT, author="a", text=MOULD, sentiment="negative")
        lane.add(brand_post("hejia", one, second, names=None), now=second)

    for n in range(288 * 2):
        add(1e9 + n * 300)
    bins = lane.state.bins
    add(1e9 + 288 * 7 * 300)
    assert lane.state.bins - bins <= 1
    add(1e9)
    assert lane.state.bins - bins <= 1
