"""The pace of a bot: measured on a clock that is moved by hand."""

import itertools

import pytest

from connectors.telegram.send import SendRates
from core.clock import ManualClock
from tests.connectors.support import START

GROUP = -100


class Run:
    """Sends messages as the dispatcher does: tries each, and again when it was told to."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.rates = SendRates(self.clock)
        self.sent: list[tuple[float, int, str]] = []
        self.tries: dict[str, int] = {}

    async def deliver(self, waiting: list[tuple[int, str]], *, poll: float = 0.25) -> None:
        due = dict.fromkeys(waiting, 0.0)
        while due:
            for chat, key in [item for item, at in due.items() if at <= self.clock.monotonic()]:
                self.tries[key] = self.tries.get(key, 0) + 1
                wait = self.rates.wait(chat, key)
                if wait > 0:
                    due[chat, key] = self.clock.monotonic() + wait
                    continue
                await self.clock.advance(self.rates.overall())
                self.sent.append((self.clock.monotonic(), chat, key))
                self.rates.sent(chat)
                del due[chat, key]
            await self.clock.advance(poll)

    def times(self, chat: int) -> list[float]:
        return [at for at, other, _ in self.sent if other == chat]


def most_within(times: list[float], seconds: float) -> int:
    return max(sum(start <= at < start + seconds for at in times) for start in times)


async def test_one_message_a_second_in_a_chat_in_order_and_in_few_tries() -> None:
    run = Run()
    await run.deliver([(7, f"k{number}") for number in range(15)])
    times = run.times(7)
    assert all(later - sooner >= 1.0 for sooner, later in itertools.pairwise(times))
    assert times[-1] <= 18
    assert [key for _, _, key in run.sent] == [f"k{number}" for number in range(15)]
    assert max(run.tries.values()) <= 3


async def test_twenty_messages_a_minute_in_a_group() -> None:
    run = Run()
    await run.deliver([(GROUP, f"k{number}") for number in range(60)], poll=0.5)
    times = run.times(GROUP)
    assert most_within(times, 60) == 20
    assert [key for _, _, key in run.sent] == [f"k{number}" for number in range(60)]
    assert times[-1] < 150
    assert max(run.tries.values()) <= 5


async def test_a_private_chat_has_no_limit_a_minute() -> None:
    run = Run()
    await run.deliver([(7, f"k{number}") for number in range(40)])
    assert most_within(run.times(7), 60) == 40


async def test_thirty_messages_a_second_overall() -> None:
    run = Run()
    await run.deliver([(number, f"k{number}") for number in range(1, 101)])
    times = [at for at, _, _ in run.sent]
    assert most_within(times, 1.0) == 30
    assert times[-1] < 4


async def test_chats_do_not_wait_for_each_other() -> None:
    rates = SendRates(ManualClock(START))
    rates.sent(7)
    assert rates.wait(7, "a") == 1.0
    assert rates.wait(8, "b") == 0.0


async def test_a_hold_is_kept_to_the_second_and_only_by_its_chat() -> None:
    clock = ManualClock(START)
    rates = SendRates(clock)
    rates.hold(7, "a", 35)
    assert rates.wait(7, "b") >= 35
    assert rates.wait(8, "c") == 0.0
    assert rates.held() == 35
    await clock.advance(34.9)
    assert rates.wait(7, "a") == pytest.approx(0.1)
    await clock.advance(0.2)
    assert rates.wait(7, "a") == 0.0
    assert rates.held() == 0


async def test_what_was_sent_back_goes_before_what_came_later() -> None:
    run = Run()
    run.rates.sent(7)
    assert run.rates.wait(7, "later") > 0
    run.rates.hold(7, "first", 5)
    await run.clock.advance(5)
    assert run.rates.wait(7, "later") > 0
    assert run.rates.wait(7, "first") == 0.0


async def test_two_held_chats_hold_all() -> None:
    clock = ManualClock(START)
    rates = SendRates(clock)
    rates.hold(7, "a", 10)
    rates.hold(8, "b", 20)
    assert rates.wait(9, "c") == 20
    await clock.advance(20)
    assert rates.wait(9, "c") == 0.0
    rates.hold(7, "a", 10)
    assert rates.wait(10, "d") == 0.0


async def test_a_place_is_not_kept_for_who_never_comes_back() -> None:
    clock = ManualClock(START)
    rates = SendRates(clock)
    rates.sent(7)
    assert rates.wait(7, "cancelled") == 1.0
    assert rates.wait(7, "next") == 2.0
    await clock.advance(40)
    assert rates.wait(7, "next") == 0.0


async def test_idle_chats_are_forgotten_and_busy_ones_are_not() -> None:
    clock = ManualClock(START)
    rates = SendRates(clock)
    for chat in range(1, 5001):
        rates.sent(chat)
    await clock.advance(119.5)
    rates.sent(1)
    await clock.advance(0.9)
    rates.wait(9999, "x")
    assert rates.wait(1, "k") == pytest.approx(0.1)
