"""The dispatcher: at most once, through the gate, and a person where it cannot be known."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.clock import ManualClock
from core.connector import Rejected, RetryAt, Sent, Unknown
from core.errors import Unavailable
from core.model.outbox import ReplyState
from core.runtime.bus import Bus, ConversationUpdated
from core.runtime.dispatch import LOOKS, SHOWN_SECONDS, TRIES, Dispatcher
from tests.builders import START, reply, ticket
from tests.core.parts import NEVER, Desk, Forbids, MemoryOutbox, PacedWire, ReadableWire, Wire
from tests.driven_clock import WATCHDOG_SECONDS


def dispatcher(
    wire: Wire,
    outbox: MemoryOutbox,
    *,
    resend: bool = False,
    bus: Bus | None = None,
    clock: ManualClock | None = None,
    desk: Desk | None = None,
) -> Dispatcher:
    return Dispatcher(
        "weibo",
        wire,
        outbox=outbox,
        gate=Forbids(),
        undelivered=desk or Desk(),
        clock=clock or ManualClock(START),
        bus=bus or Bus(),
        resend=resend,
    )


async def test_a_reply_is_sent_once_and_told() -> None:
    wire, outbox, bus = Wire(), MemoryOutbox(reply()), Bus()
    listener = bus.subscribe()
    sender = dispatcher(wire, outbox, bus=bus)
    assert await sender.step() == 1
    assert await sender.step() == 0
    assert wire.sent == ["k"]
    [done] = outbox.finished
    assert (done.state, done.native_id) == (ReplyState.SENT, "n1")
    heard = []
    async for change in listener:
        heard.append(change)
        if len(heard) == 2:
            break
    assert heard[0] == ConversationUpdated(channel="weibo", conversation="c1")


@pytest.mark.parametrize(("resend", "claimed"), [(False, 1), (True, 3)])
async def test_a_crash_leaves_one_reply_in_doubt_where_it_must_not_be_repeated(
    resend: bool, claimed: int
) -> None:
    outbox = MemoryOutbox(reply("a"), reply("b"), reply("c"))
    assert await dispatcher(Wire(), outbox, resend=resend).step() == claimed


async def test_the_gate_has_the_last_word() -> None:
    wire, outbox = Wire(), MemoryOutbox(replace(reply(), text="禁"))
    await dispatcher(wire, outbox).step()
    assert wire.sent == []
    [done] = outbox.finished
    assert (done.state, done.reason) == (ReplyState.REJECTED, "gate: banned")
    assert outbox.tickets, "what the gate stops, a person must hear of"


async def test_a_rate_limit_waits_and_is_given_up_in_the_end() -> None:
    later = START + timedelta(seconds=30)
    wire = Wire(result=RetryAt(at=later, reason="429"))
    outbox = MemoryOutbox(reply("a"), reply("b", attempts=TRIES))
    sender = dispatcher(wire, outbox)
    await sender.step()
    await sender.step()
    first, second = outbox.finished
    assert (first.state, first.not_before) == (ReplyState.PENDING, later)
    assert second.state is ReplyState.REJECTED
    assert len(outbox.tickets) == 1


async def test_a_refusal_gives_the_matter_to_a_person() -> None:
    outbox = MemoryOutbox(reply())
    await dispatcher(Wire(result=NEVER), outbox).step()
    assert outbox.finished[0].state is ReplyState.REJECTED
    assert len(outbox.tickets) == 1


@pytest.mark.parametrize("result", [Unknown(reason="reset"), OSError("reset"), ValueError("?")])
async def test_a_doubtful_send_is_never_repeated(result: Unknown | Exception) -> None:
    wire, outbox = Wire(result=result), MemoryOutbox(reply())
    sender = dispatcher(wire, outbox)
    await sender.step()
    await sender.step()
    assert wire.sent == ["k"]
    assert outbox.finished[0].state is ReplyState.UNKNOWN
    assert len(outbox.tickets) == 1


async def test_a_doubtful_send_is_resolved_by_reading_back() -> None:
    wire = ReadableWire(result=Unknown(reason="reset"), found="n7")
    outbox = MemoryOutbox(reply())
    await dispatcher(wire, outbox).step()
    assert (outbox.finished[0].state, outbox.finished[0].native_id) == (ReplyState.SENT, "n7")
    assert outbox.tickets == []


@pytest.mark.parametrize(
    ("wire", "resend", "sent", "state"),
    [
        (Wire(), False, [], ReplyState.UNKNOWN),
        (Wire(), True, ["k"], ReplyState.SENT),
        (ReadableWire(found="n7"), False, [], ReplyState.SENT),
    ],
)
async def test_what_a_dead_process_left_is_settled(
    wire: Wire, resend: bool, sent: list[str], state: ReplyState
) -> None:
    outbox = MemoryOutbox(doubtful=[reply()])
    await dispatcher(wire, outbox, resend=resend).settle()
    assert wire.sent == sent
    assert outbox.finished[0].state is state


async def test_what_the_platform_does_not_show_in_time_was_never_taken() -> None:
    wire, clock = ReadableWire(found=None), ManualClock(START)
    outbox = MemoryOutbox(doubtful=[reply()])
    sender = dispatcher(wire, outbox, clock=clock)
    await sender.settle()
    await clock.advance(SHOWN_SECONDS - 1)
    await sender.settle()
    assert (wire.sent, outbox.finished) == ([], []), "it may have been taken and not shown yet"
    await clock.advance(1)
    await sender.settle()
    assert wire.sent == ["k"]
    assert outbox.finished[0].state is ReplyState.SENT


async def test_what_the_platform_shows_late_is_not_repeated() -> None:
    wire, clock = ReadableWire(found=None), ManualClock(START)
    outbox = MemoryOutbox(doubtful=[reply()])
    sender = dispatcher(wire, outbox, clock=clock)
    await sender.settle()
    wire.found = "n7"
    await clock.advance(SHOWN_SECONDS)
    await sender.settle()
    assert wire.sent == []
    assert outbox.finished[0].native_id == "n7"


async def test_a_platform_that_is_silent_is_asked_again_and_then_a_person() -> None:
    wire, clock = ReadableWire(found=Unavailable("down")), ManualClock(START)
    outbox = MemoryOutbox(doubtful=[reply()])
    sender = dispatcher(wire, outbox, clock=clock)
    for _ in range(LOOKS - 1):
        await sender.settle()
        await clock.advance(SHOWN_SECONDS)
    assert outbox.finished == []
    await sender.settle()
    assert wire.sent == []
    assert outbox.finished[0].state is ReplyState.UNKNOWN
    assert len(outbox.tickets) == 1


async def test_nothing_is_taken_while_the_platform_takes_nothing() -> None:
    wire, outbox, clock = PacedWire(seconds=60), MemoryOutbox(reply()), ManualClock(START)
    sender = dispatcher(wire, outbox, clock=clock)
    assert await sender.step() == 0
    wire.seconds = 0.4
    short = asyncio.create_task(sender.step())
    await clock.advance(0.3)
    assert wire.sent == []
    await clock.advance(0.1)
    assert await short == 1
    assert wire.sent == ["k"]


BLOCKED = Rejected(reason="bot was blocked", ends_conversation=True)


async def test_who_blocks_the_bot_ends_the_conversation_and_is_no_work_for_staff() -> None:
    wire, outbox = Wire(result=BLOCKED), MemoryOutbox(reply())
    sender = dispatcher(wire, outbox)
    await sender.step()
    await sender.step()
    assert wire.sent == ["k"]
    assert outbox.ended == ["k"]
    assert (outbox.finished[0].state, outbox.tickets) == (ReplyState.REJECTED, [])


async def test_a_ticket_that_was_owed_stays_owed_where_the_bot_is_blocked() -> None:
    outbox = MemoryOutbox(reply())
    await dispatcher(Wire(result=BLOCKED), outbox, desk=Desk(open=ticket("T-7"))).step()
    assert [one.number for one in outbox.tickets] == ["T-7"]
    assert outbox.ended == ["k"]


async def test_staff_hear_that_their_own_words_did_not_arrive() -> None:
    outbox = MemoryOutbox(replace(reply(), by="小李"))
    await dispatcher(Wire(result=BLOCKED), outbox).step()
    assert len(outbox.tickets) == 1


async def test_running_settles_first_survives_the_store_and_wakes_up() -> None:
    wire = Wire(result=Sent(native_id="n"))
    outbox = MemoryOutbox(reply("new"), doubtful=[reply("old")])
    outbox.broken = 1
    sender = dispatcher(wire, outbox, resend=True)
    task = asyncio.create_task(sender.run())
    try:
        async with asyncio.timeout(WATCHDOG_SECONDS):
            while len(outbox.finished) < 2:
                await asyncio.sleep(0.01)
                sender.wake()
            await asyncio.sleep(0.6)
    finally:
        task.cancel()
    assert wire.sent == ["old", "new"]
