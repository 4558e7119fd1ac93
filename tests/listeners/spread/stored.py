"""A watch over a real store, and what the store contains."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from core.model.decisions import Action, Decision
from core.model.events import Page
from core.model.incidents import Incident
from core.model.mentions import Mention
from core.model.outcomes import Outcome, Plan
from core.repositories import Incidents
from listeners.spread.watch import SpreadWatch
from storage.factory import AnyStore
from tests.builders import MIDNIGHT
from tests.listeners.spread.rig import (
    QUEUE,
    Receiver,
    chain,
    in_category,
    make_watch,
    observe_all,
)


class SlowIncidents:
    """Waits after the call that ``Slow`` names."""

    def __init__(self, slow: "Slow", incidents: Incidents) -> None:
        self._slow = slow
        self._incidents = incidents

    def __getattr__(self, name: str) -> object:
        return getattr(self._incidents, name)

    async def open(self, incident: Incident) -> Incident:
        opened = await self._incidents.open(incident)
        await self._slow.wait("open")
        return opened

    async def assign(self, seqs: Sequence[int], id: str | None) -> None:  # noqa: A002
        await self._incidents.assign(seqs, id)
        await self._slow.wait("assign")


class Slow:
    """A store that holds one kind of call until ``free`` is set."""

    def __init__(self, store: AnyStore, call: str) -> None:
        self._store = store
        self._call = call
        self.incidents = SlowIncidents(self, store.incidents)
        self.reached = asyncio.Event()
        self.free = asyncio.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def wait(self, call: str) -> None:
        if call == self._call:
            self.reached.set()
            await self.free.wait()


async def recorded(store: AnyStore, mentions: Sequence[Mention]) -> list[Mention]:
    """Store mentions; returns them with their numbers in the store."""
    await store.events.accept("test", Page(events=tuple(one.event for one in mentions)))
    items = {item.event.id: item for item in await store.events.claim(10_000)}
    kept = []
    for one in mentions:
        mention = replace(one, seq=items[one.event.id].seq)
        decision = Decision(action=Action.IGNORE, rule="test", reason="")
        await store.events.record(
            [Outcome(seq=mention.seq, mention=mention, plan=Plan(decision=decision))]
        )
        kept.append(mention)
    return kept


async def members(store: AnyStore, number: str) -> set[str]:
    return {one.mention.event.id for one in await store.incidents.mentions(number)}


async def only(store: AnyStore) -> Incident:
    [found] = await store.incidents.find()
    return found


async def restarted(store: AnyStore, receiver: Receiver) -> SpreadWatch:
    """A new watch, rebuilt from the store."""
    watch = make_watch(receiver, store=store)
    await watch.rebuild(await store.mentions.since(MIDNIGHT - timedelta(days=1)), receiver.alerts)
    return watch


async def two_incidents(store: AnyStore, receiver: Receiver) -> tuple[SpreadWatch, list[str]]:
    watch = make_watch(receiver, store=store)
    queue = [in_category(one, "checkout") for one in chain(6, QUEUE, seq=50)]
    await observe_all(watch, await recorded(store, [*chain(6), *queue]))
    await watch.close()
    found = sorted(await store.incidents.find(), key=lambda one: QUEUE[:3] in one.title)
    return watch, [one.id for one in found]
