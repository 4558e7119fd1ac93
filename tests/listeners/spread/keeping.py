"""A watch over a real store, and what the store holds after it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from core.decisions import Action, Decision
from core.events import Page
from core.incidents import Incident
from core.mentions import Mention
from core.outcomes import Outcome, Plan
from listeners.spread.watch import SpreadWatch
from storage.factory import AnyStore
from tests.listeners.making import START
from tests.listeners.spread.watching import (
    QUEUE,
    Receiver,
    hear,
    said,
    watching,
)


async def recorded(store: AnyStore, mentions: Sequence[Mention]) -> list[Mention]:
    """The same mentions, each under the number the store gave it."""
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
    """A new watch that was told what the store has."""
    watch = watching(receiver, store=store)
    await watch.rebuild(await store.mentions.since(START - timedelta(days=1)), receiver.alerts)
    return watch


def in_category(one: Mention, category: str = "food_safety") -> Mention:
    return replace(one, judgement=replace(one.judgement, category=category))


async def two_matters(store: AnyStore, receiver: Receiver) -> tuple[SpreadWatch, list[str]]:
    watch = watching(receiver, store=store)
    queue = [in_category(one, "checkout") for one in said(6, QUEUE, seq=50)]
    await hear(watch, await recorded(store, [*said(6), *queue]))
    await watch.close()
    found = sorted(await store.incidents.find(), key=lambda one: QUEUE[:3] in one.title)
    return watch, [one.id for one in found]
