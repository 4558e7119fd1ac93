"""Both clocks keep the same promises."""

import asyncio
from datetime import UTC, datetime, timedelta

from core.clock import ManualClock, SystemClock

START = datetime(2026, 3, 2, tzinfo=UTC)


async def test_the_system_clock_moves_and_is_in_utc() -> None:
    clock = SystemClock()
    before, at = clock.monotonic(), clock.now()
    await clock.sleep(0.01)
    await clock.sleep(-1)
    assert clock.monotonic() - before >= 0.009
    assert at.utcoffset() == timedelta(0)


async def test_the_manual_clock_wakes_each_sleeper_at_its_own_time() -> None:
    clock = ManualClock(START)
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic()))

    tasks = [asyncio.create_task(sleeper(n, s)) for n, s in [("b", 2.0), ("a", 1.0), ("now", 0.0)]]
    gone = asyncio.create_task(sleeper("gone", 1.5))
    await clock.advance(0.5)
    assert woken == [("now", 0.0)]
    gone.cancel()
    await clock.advance(5)
    assert woken[1:] == [("a", 1.0), ("b", 2.0)]
    assert clock.now() == START + timedelta(seconds=5.5)
    await asyncio.gather(*tasks)
