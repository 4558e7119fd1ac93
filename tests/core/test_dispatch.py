"""The dispatcher: at most once, through the gate, and a person where it cannot be known."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.bus import Bus, Talked
from core.clock import ManualClock
from core.dispatch import TRIES, Dispatcher
from core.errors import Unavailable
from core.ports import RetryAt, Sent, Unknown
from core.records import ReplyState
from tests.core.parts import NEVER, START, Desk, Forbids, MemoryOutbox, ReadableWire, Wire, reply


def dispatcher(
    wire: Wire, outbox: MemoryOutbox, *, resend: bool = False, bus: Bus | None = None
) -> Dispatcher:
    return Dispatcher(
        "weibo",
        wire,
        outbox=outbox,
        gate=Forbids(),
        doubts=Desk(),
        clock=ManualClock(START),
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
    assert heard[0] == Talked(channel="weibo", conversation="c")


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
        (ReadableWire(found=None), False, [], ReplyState.UNKNOWN),
        (ReadableWire(found=Unavailable("down")), False, [], ReplyState.UNKNOWN),
    ],
)
async def test_what_a_dead_process_left_is_settled(
    wire: Wire, resend: bool, sent: list[str], state: ReplyState
) -> None:
    outbox = MemoryOutbox(doubtful=[reply()])
    await dispatcher(wire, outbox, resend=resend).settle()
    assert wire.sent == sent
    assert outbox.finished[0].state is state


async def test_running_settles_first_survives_the_store_and_wakes_up() -> None:
    wire = Wire(result=Sent(native_id="n"))
    outbox = MemoryOutbox(reply("new"), doubtful=[reply("old")])
    outbox.broken = 1
    sender = dispatcher(wire, outbox, resend=True)
    task = asyncio.create_task(sender.run())
    try:
        async with asyncio.timeout(5):
            while len(outbox.finished) < 2:
                await asyncio.sleep(0.01)
                sender.wake()
            await asyncio.sleep(0.6)
    finally:
        task.cancel()
    assert wire.sent == ["old", "new"]
