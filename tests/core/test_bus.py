"""The bus: never waits for a slow listener, and drops the oldest."""

import asyncio

from core.runtime.bus import Bus, ConversationUpdated


def talked(number: int) -> ConversationUpdated:
    return ConversationUpdated(channel="webchat", conversation=str(number))


async def test_a_slow_listener_loses_the_oldest_and_nobody_else_suffers() -> None:
    bus = Bus()
    slow, quick = bus.subscribe(2), bus.subscribe()
    for number in range(5):
        bus.publish(talked(number))
    assert (slow.lost, quick.lost) == (3, 0)
    heard = []
    async for change in slow:
        heard.append(change)
        if len(heard) == 2:
            break
    assert heard == [talked(3), talked(4)]


async def test_a_closed_listener_hears_nothing_more() -> None:
    bus = Bus()
    listener = bus.subscribe(1)
    listener.close()
    listener.close()
    bus.publish(talked(1))
    bus.publish(talked(2))
    assert listener.lost == 0


async def test_a_listener_waits_for_what_comes_later() -> None:
    bus = Bus()
    listener = bus.subscribe()
    heard = asyncio.ensure_future(anext(aiter(listener)))
    await asyncio.sleep(0)
    assert not heard.done()
    bus.publish(talked(7))
    assert await heard == talked(7)
