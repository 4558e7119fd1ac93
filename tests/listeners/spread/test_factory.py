from dataclasses import replace
from datetime import timedelta

from cli.catalogue import shipped_catalogue
from core.clock import ManualClock
from core.model.incidents import Incident
from core.runtime.bus import Bus
from core.settings import AlertSettings, BrandSettings, ChannelSettings, ConsoleSettings, Settings
from listeners.spread.factory import build_spread, spread_jobs
from tests.listeners.spread.memory_store import MemorySpreadStore
from tests.listeners.spread.rig import NOW, Receiver, chain, observe_all


def settings(authors: int) -> Settings:
    return Settings(
        brands=(BrandSettings(id="hejia", name="禾家超市", terms=("禾家",)),),
        channels=(ChannelSettings(name="feed", type="replay"),),
        alerts=AlertSettings(authors=authors, resolve_hours=2),
        console=ConsoleSettings(language="en"),
    )


async def test_the_watch_follows_the_configuration() -> None:
    for authors, alarmed in ((5, True), (9, False)):
        receiver, bus, clock = Receiver(), Bus(), ManualClock(NOW)
        listening = bus.subscribe()
        watch = build_spread(
            settings(authors),
            receiver,
            clock,
            catalogue=shipped_catalogue(),
            store=MemorySpreadStore(),
            bus=bus,
        )
        [duty] = spread_jobs(watch)
        await observe_all(watch, [replace(one, masked_text="mould") for one in chain(6)])
        assert bool(receiver.alerts) is alarmed
        await clock.advance(timedelta(hours=3).total_seconds())
        assert await duty.do() == 1
        assert duty.every <= timedelta(minutes=1)
        async for change in listening:
            assert isinstance(change, Incident)
            if change.state == "resolved":
                break
        if alarmed:
            assert receiver.alerts[0].title == "禾家超市: mould (6 people within an hour)"
