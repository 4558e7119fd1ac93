"""Incidents in a real store: what is written, what comes back after a restart, what staff rule."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import Conflict, StoreError
from core.records import Incident, Outcome, Plan
from core.types import Action, Decision, Mention, Page
from listeners.spread.watch import SpreadWatch
from storage.factory import AnyStore, open_store
from tests.listeners.making import START
from tests.listeners.spread.test_watch import angry_at_everything
from tests.listeners.spread.watching import (
    NOW,
    QUEUE,
    Receiver,
    hear,
    ordinary,
    said,
    watching,
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[AnyStore]:
    opened = await open_store(f"sqlite:{tmp_path / 'store.db'}", clock=ManualClock(NOW))
    yield opened
    await opened.close()


async def recorded(store: AnyStore, mentions: Sequence[Mention]) -> list[Mention]:
    """The same mentions, each under the number the store gave it."""
    await store.accept("test", Page(events=tuple(one.event for one in mentions)))
    items = {item.event.id: item for item in await store.claim_events(10_000)}
    kept = []
    for one in mentions:
        mention = replace(one, seq=items[one.event.id].seq)
        decision = Decision(action=Action.IGNORE, rule="test", reason="")
        await store.record(Outcome(seq=mention.seq, mention=mention, plan=Plan(decision=decision)))
        kept.append(mention)
    return kept


async def members(store: AnyStore, number: str) -> set[str]:
    return {one.mention.event.id for one in await store.incident_mentions(number)}


async def only(store: AnyStore) -> Incident:
    [found] = await store.incidents()
    return found


async def restarted(store: AnyStore, receiver: Receiver) -> SpreadWatch:
    """A new watch that was told what the store has."""
    watch = watching(receiver, store=store)
    await watch.rebuild(await store.mentions_since(START - timedelta(days=1)), receiver.alerts)
    return watch


async def test_an_incident_is_kept_with_its_mentions(store: AnyStore) -> None:
    receiver = Receiver()
    changed: list[Incident] = []
    watch = SpreadWatch(
        receiver,
        store=store,
        clock=ManualClock(NOW),
        names={"hejia": "禾家超市"},
        changed=changed.append,
    )
    posts = await recorded(store, said(12))
    await hear(watch, posts)
    await watch.close()
    kept = await only(store)
    assert kept.id == receiver.alerts[0].incident
    assert kept.brand == "hejia"
    assert kept.title.startswith("禾家超市朝阳店的面包发霉了")
    assert (kept.mentions, kept.authors, kept.channels) == (12, 12, ("weibo",))
    assert (kept.state, kept.severity) == ("open", "P2")
    assert (kept.first_at, kept.last_at) == (START, START + timedelta(minutes=33))
    assert kept.forecast is not None
    assert kept.low is not None
    assert kept.high is not None
    assert kept.low <= kept.forecast <= kept.high
    assert "一小时内不同作者" in kept.reasons[0]
    assert [note.what for note in kept.timeline] == ["opened", "severity"]
    assert await members(store, kept.id) == {one.event.id for one in posts}
    assert changed[-1] == kept
    assert watch.incident_of("hejia", posts[0]) == kept.id


async def test_what_is_too_old_to_be_remembered_is_resolved_as_it_was_kept(store: AnyStore) -> None:
    watch = watching(Receiver(), store=store)
    await hear(watch, await recorded(store, said(12)))
    await watch.close()
    open_ = await only(store)
    again = watching(Receiver(), store=store)
    await again.rebuild([])
    await again.close()
    found = await only(store)
    assert (open_.state, found.state) == ("open", "resolved")
    assert [note.what for note in found.timeline] == ["opened", "severity", "resolved"]
    same = replace(found, state=open_.state, timeline=open_.timeline, version=open_.version)
    assert same == open_


async def test_few_grumblers_are_no_incident(store: AnyStore) -> None:
    watch = watching(Receiver(), store=store)
    await hear(watch, await recorded(store, said(2)))
    await watch.close()
    assert await store.incidents() == []
    await hear(watch, await recorded(store, said(1, seq=7, at=START + timedelta(minutes=9))))
    await watch.close()
    assert (await only(store)).mentions == 3


async def test_it_is_written_without_being_asked_for(store: AnyStore) -> None:
    receiver, clock = Receiver(), ManualClock(NOW)
    watch = watching(receiver, store=store, clock=clock)
    posts = await recorded(store, said(12))
    await hear(watch, posts)
    number = receiver.alerts[0].incident
    assert number is not None
    for _ in range(50):
        await clock.advance(1)
        await asyncio.sleep(0.01)
    assert len(await members(store, number)) == 12
    await watch.close()


async def test_a_restart_continues_the_incident(store: AnyStore) -> None:
    posts = await recorded(store, said(9))
    receiver = Receiver()
    for cut in range(1, 9):
        watch = await restarted(store, receiver)
        await hear(watch, posts[cut - 1 : cut])
        if cut % 2:
            await watch.close()
    kept = await only(store)
    assert [alert.key for alert in receiver.alerts] == [f"incident:{kept.id}"]
    assert receiver.rises == ["P2"]
    last = await restarted(store, receiver)
    await last.close()
    kept = await only(store)
    assert [note.what for note in kept.timeline].count("opened") == 1
    assert [note.what for note in kept.timeline].count("severity") == 1
    assert len(await members(store, kept.id)) == 9


async def test_what_was_over_before_the_start_is_not_raised_by_it(store: AnyStore) -> None:
    calm = said(40, "别的事情", seq=500, at=START + timedelta(days=2), positive=True)
    await recorded(store, [*said(8), *calm])
    receiver = Receiver()
    await (await restarted(store, receiver)).close()
    assert receiver.alerts == []
    assert await store.incidents() == []


async def test_what_goes_on_is_raised_by_the_start(store: AnyStore) -> None:
    await recorded(store, said(8))
    receiver = Receiver()
    await (await restarted(store, receiver)).close()
    assert receiver.rises == ["P2"]


async def test_quiet_resolves_it_and_a_second_wave_opens_it_again(store: AnyStore) -> None:
    receiver, clock = Receiver(), ManualClock(NOW)
    watch = watching(receiver, store=store, clock=clock)
    assert await watch.tend() == 0
    await hear(watch, await recorded(store, said(8)))
    assert await watch.tend() == 0
    await clock.advance(7 * 3600)
    assert await watch.tend() == 1
    over = await only(store)
    assert (over.state, over.timeline[-1].what) == ("resolved", "resolved")
    assert await watch.tend() == 0
    again = said(6, seq=100, at=START + timedelta(hours=12))
    await hear(watch, await recorded(store, again))
    await watch.close()
    back = await only(store)
    assert back.id == over.id
    assert (back.state, back.mentions) == ("open", 14)
    assert [note.what for note in back.timeline][-2:] == ["reopened", "severity"]


async def test_what_ended_while_nobody_watched_is_resolved_at_the_start(store: AnyStore) -> None:
    receiver = Receiver()
    watch = watching(receiver, store=store)
    await hear(watch, await recorded(store, said(8)))
    await watch.close()
    calm = said(40, "别的事情", seq=500, at=START + timedelta(days=1), positive=True)
    await recorded(store, calm)
    await (await restarted(store, receiver)).close()
    assert (await only(store)).state == "resolved"
    far = said(40, "又是别的", seq=600, at=START + timedelta(days=9), positive=True)
    await recorded(store, far)
    await (await restarted(store, receiver)).close()
    assert (await only(store)).timeline[-1].what == "resolved"


async def test_a_wave_that_came_while_nobody_watched_opens_it_again(store: AnyStore) -> None:
    receiver, clock = Receiver(), ManualClock(NOW)
    watch = watching(receiver, store=store, clock=clock)
    await hear(watch, await recorded(store, said(8)))
    await clock.advance(7 * 3600)
    await watch.tend()
    await recorded(store, said(8, seq=100, at=START + timedelta(hours=12)))
    await (await restarted(store, receiver)).close()
    back = await only(store)
    assert back.state == "open"
    assert back.timeline[-1].what == "reopened"
    assert back.mentions == 16


async def test_what_staff_write_is_kept(store: AnyStore) -> None:
    watch = watching(Receiver(), store=store)
    posts = await recorded(store, said(12))
    await hear(watch, posts[:6])
    await watch.close()
    first = await only(store)
    await store.compare_and_set_incident(
        replace(first, owner="小王", statement="我们正在核实", title="发霉的面包")
    )
    await hear(watch, posts[6:])
    await watch.close()
    kept = await only(store)
    assert (kept.owner, kept.statement, kept.title) == ("小王", "我们正在核实", "发霉的面包")
    assert kept.mentions == 12


def in_category(one: Mention, category: str = "food_safety") -> Mention:
    return replace(one, judgement=replace(one.judgement, category=category))


async def two_matters(store: AnyStore, receiver: Receiver) -> tuple[SpreadWatch, list[str]]:
    watch = watching(receiver, store=store)
    queue = [in_category(one, "checkout") for one in said(6, QUEUE, seq=50)]
    await hear(watch, await recorded(store, [*said(6), *queue]))
    await watch.close()
    found = sorted(await store.incidents(), key=lambda one: QUEUE[:3] in one.title)
    return watch, [one.id for one in found]


def more_of_the_queue(hours: float, *, seq: int) -> list[Mention]:
    return [
        in_category(one, "checkout")
        for one in said(8, QUEUE, seq=seq, at=START + timedelta(hours=hours))
    ]


async def test_a_kept_matter_that_turns_out_to_be_another_goes_over_to_it(store: AnyStore) -> None:
    receiver = Receiver()
    watch = watching(receiver, store=store)
    await hear(watch, ordinary(1))
    at = START + timedelta(days=1)
    english = "Threw out my loaf, the underside had green spots. Disgusted, I want my money back"
    few = [in_category(one) for one in said(3, english, seq=2_000, at=at)]
    main = [in_category(one) for one in said(9, seq=3_000, at=at + timedelta(minutes=10))]
    more = [in_category(one) for one in said(6, english, seq=2_500, at=at + timedelta(minutes=40))]
    await hear(watch, await recorded(store, few))
    await watch.close()
    small = await only(store)
    assert receiver.alerts == []
    await hear(watch, await recorded(store, main))
    await hear(watch, await recorded(store, more))
    await watch.close()
    [alert] = receiver.alerts
    assert alert.incident is not None
    assert alert.incident != small.id
    gone = await store.incident(small.id)
    kept = await store.incident(alert.incident)
    assert gone is not None
    assert kept is not None
    assert (gone.merged_into, gone.state) == (kept.id, "resolved")
    assert kept.mentions == 18
    assert len(await members(store, kept.id)) == 18
    assert ("merged", "bot", small.id) in [(n.what, n.by, n.detail) for n in kept.timeline]
    again = await restarted(store, receiver)
    await again.close()
    assert len(await members(store, kept.id)) == 18


async def test_merging_holds_from_then_on_and_after_a_restart(store: AnyStore) -> None:
    receiver = Receiver()
    watch, (mould, queue) = await two_matters(store, receiver)
    assert len(receiver.alerts) == 2
    merged = await watch.merge(mould, queue, by="小王")
    assert (merged.id, merged.mentions) == (mould, 12)
    gone = await store.incident(queue)
    assert gone is not None
    assert (gone.merged_into, gone.state) == (mould, "resolved")
    assert (gone.timeline[-1].what, gone.timeline[-1].by) == ("merged", "小王")
    assert len(await members(store, mould)) == 12
    before = len(receiver.alerts)
    await hear(watch, await recorded(store, more_of_the_queue(1, seq=200)))
    await watch.close()
    assert len(await members(store, mould)) == 20
    again = await restarted(store, receiver)
    await hear(again, await recorded(store, more_of_the_queue(2, seq=300)))
    await again.close()
    assert len(await members(store, mould)) == 28
    assert await members(store, queue) == set()
    assert len(receiver.alerts) == before
    assert len(await store.incidents()) == 2


async def test_merging_into_what_was_merged_follows_it(store: AnyStore) -> None:
    watch, (mould, queue) = await two_matters(store, Receiver())
    await watch.merge(mould, queue, by="小王")
    for kept, gone in ((queue, mould), (mould, queue), (mould, mould)):
        with pytest.raises(ValueError, match="one incident"):
            await watch.merge(kept, gone, by="小王")
    with pytest.raises(KeyError):
        await watch.merge(mould, "INC-9999", by="小王")


async def test_incidents_of_two_brands_are_not_merged(store: AnyStore) -> None:
    watch = watching(Receiver(), store=store)
    other = [replace(one, brands=("other",)) for one in said(6, QUEUE, seq=50)]
    await hear(watch, await recorded(store, [*said(6), *other]))
    await watch.close()
    one, two = await store.incidents()
    with pytest.raises(ValueError, match="two brands"):
        await watch.merge(one.id, two.id, by="小王")


async def test_what_is_no_longer_remembered_can_be_merged(store: AnyStore) -> None:
    receiver = Receiver()
    _, (mould, queue) = await two_matters(store, receiver)
    blank = watching(receiver, store=store)
    await hear(blank, await recorded(store, said(6, seq=700, at=START + timedelta(days=5))))
    await blank.close()
    late = next(one.id for one in await store.incidents() if one.id not in {mould, queue})
    await blank.merge(queue, late, by="小王")
    assert blank.incident_of("hejia", said(1, seq=700)[0]) == queue
    await blank.merge(mould, queue, by="小王")
    assert len(await members(store, mould)) == 18


async def test_splitting_holds_from_then_on_and_after_a_restart(store: AnyStore) -> None:
    receiver = Receiver()
    watch = watching(receiver, store=store)
    other = "第二家店的面包柜台也有问题，店员说是进货的时候就这样，大家自己看着办"
    posts = await recorded(store, said(12))
    strange = await recorded(store, said(5, other, seq=50, at=START + timedelta(minutes=5)))
    await hear(watch, [*posts, *strange])
    first = await only_of(store, posts[0])
    await watch.merge(first, await only_of(store, strange[0]), by="小王")
    made = await watch.split([one.seq for one in strange], by="小李")
    assert made != first
    assert await members(store, made) == {one.event.id for one in strange}
    assert len(await members(store, first)) == 12
    new = await store.incident(made)
    old = await store.incident(first)
    assert new is not None
    assert old is not None
    assert (new.mentions, new.authors) == (5, 5)
    assert ("split", "小李", first) in [(n.what, n.by, n.detail) for n in new.timeline]
    assert ("split", "小李", made) in [(n.what, n.by, n.detail) for n in old.timeline]
    assert old.mentions == 12
    copies = said(3, other, seq=70, at=START + timedelta(minutes=50))
    await hear(watch, await recorded(store, copies))
    await watch.close()
    assert len(await members(store, made)) == 8
    again = await restarted(store, receiver)
    copies = said(3, other, seq=90, at=START + timedelta(minutes=70))
    await hear(again, await recorded(store, copies))
    await hear(again, await recorded(store, said(3, seq=80, at=START + timedelta(minutes=80))))
    await again.close()
    assert len(await members(store, made)) == 11
    assert len(await members(store, first)) == 15


async def only_of(store: AnyStore, mention: Mention) -> str:
    for _ in range(100):
        handled = await store.mention(mention.seq)
        if handled is not None and handled.mention.incident is not None:
            return handled.mention.incident
    raise AssertionError("the mention belongs to no incident")


async def test_what_belongs_to_no_incident_cannot_be_split(store: AnyStore) -> None:
    watch = watching(Receiver(), store=store)
    posts = await recorded(store, said(1))
    await hear(watch, posts)
    for seqs in ([posts[0].seq], [9_999], []):
        with pytest.raises(KeyError):
            await watch.split(seqs, by="小王")


async def test_what_is_no_longer_remembered_can_be_split(store: AnyStore) -> None:
    receiver = Receiver()
    watch = watching(receiver, store=store)
    posts = await recorded(store, said(9))
    await hear(watch, posts)
    await watch.close()
    blank = watching(receiver, store=store)
    made = await blank.split([one.seq for one in posts[:3]], by="小王")
    assert len(await members(store, made)) == 3


class Failing:
    """A store that fails a few times before it works."""

    def __init__(self, store: AnyStore, *, errors: Sequence[StoreError]) -> None:
        self._store = store
        self._errors = list(errors)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def compare_and_set_incident(self, incident: Incident) -> Incident:
        if self._errors:
            raise self._errors.pop(0)
        return await self._store.compare_and_set_incident(incident)


async def test_what_cannot_be_written_is_written_later(store: AnyStore) -> None:
    receiver, clock = Receiver(), ManualClock(NOW)
    failing = Failing(store, errors=[StoreError("disk full")])
    watch = watching(receiver, store=failing, clock=clock)  # type: ignore[arg-type]  # stands in
    await hear(watch, await recorded(store, said(12)))
    for _ in range(50):
        await clock.advance(1)
        await asyncio.sleep(0.01)
    assert (await only(store)).mentions == 12
    assert len(await members(store, (await only(store)).id)) == 12


async def test_a_change_by_somebody_else_is_read_and_kept(store: AnyStore) -> None:
    failing = Failing(store, errors=[Conflict("again")] * 3)
    watch = watching(Receiver(), store=failing)  # type: ignore[arg-type]  # stands in
    await hear(watch, await recorded(store, said(12)))
    await watch.close()
    assert (await only(store)).mentions == 12
    endless = Failing(store, errors=[Conflict("again")] * 99)
    watch = watching(Receiver(), store=endless)  # type: ignore[arg-type]  # stands in
    await hear(watch, await recorded(store, said(12, QUEUE, seq=100)))
    with pytest.raises(Conflict):
        await watch.close()


async def test_the_alert_of_what_was_merged_is_handed_over_by_whomever(store: AnyStore) -> None:
    receiver = Receiver()
    watch, (mould, queue) = await two_matters(store, receiver)
    taken = replace(
        await store.incident(queue) or await only(store), owner="王芳", statement="正在核实"
    )
    await store.compare_and_set_incident(taken)
    await watch.merge(mould, queue, by="小王")
    assert receiver.handed_over == [(queue, mould)]
    kept = await store.incident(mould)
    assert kept is not None
    assert (kept.owner, kept.statement) == ("王芳", "正在核实")


async def test_a_hand_over_that_a_kill_prevented_is_done_at_the_next_start(
    store: AnyStore,
) -> None:
    receiver = Receiver()
    watch, (mould, queue) = await two_matters(store, receiver)
    await watch.merge(mould, queue, by="小王")
    receiver.handed_over.clear()
    again = await restarted(store, receiver)
    await again.close()
    assert receiver.handed_over == [(queue, mould)], "its alert is still live"
    kept = await store.incident(mould)
    assert kept is not None
    assert [note.what for note in kept.timeline].count("merged") == 1
    receiver.kept = {
        key: replace(one, state="resolved") if one.incident == queue else one
        for key, one in receiver.kept.items()
    }
    receiver.handed_over.clear()
    await (await restarted(store, receiver)).close()
    assert receiver.handed_over == []


async def test_staff_read_of_it_in_their_own_language(store: AnyStore) -> None:
    receiver = Receiver()
    watch = watching(receiver, store=store)
    await hear(watch, await recorded(store, said(12)))
    await watch.close()
    [alert] = receiver.alerts
    assert (alert.title, alert.body) == (alert.told("zh").title, alert.told("zh").body)
    assert "（一小时内" in alert.told("zh").title
    assert "people within an hour" in alert.told("en").title
    for fact in ("different authors within an hour", "posts, first", "Mean negative probability"):
        assert fact in alert.told("en").body, fact
    kept = await only(store)
    assert kept.told("zh").body.splitlines() == list(kept.reasons)
    assert "different authors within an hour" in kept.told("en").body
    assert kept.told("en").title == kept.title, "what a person wrote stands as it is"


async def test_a_burst_is_called_so_in_every_language_and_after_a_restart(
    store: AnyStore,
) -> None:
    receiver = Receiver()
    watch = watching(receiver, store=store)
    angry = angry_at_everything(START + timedelta(days=3, hours=12))
    await hear(watch, await recorded(store, [*ordinary(4), *angry]))
    await watch.close()
    for start in (1, 2):
        kept = next(one for one in await store.incidents() if "volume" in one.key)
        assert kept.title == kept.told("zh").title == "weibo 上的负面声量远高于平时"
        assert kept.told("en").title == "Far more negative posts than usual on weibo"
        again = await restarted(store, receiver)
        later = START + timedelta(days=3, hours=12 + start)
        more = angry_at_everything(later, seq=60_000 * start)
        await hear(again, await recorded(store, more))
        await again.close()


async def test_a_word_long_before_is_no_beginning_of_a_crisis(store: AnyStore) -> None:
    receiver = Receiver()
    watch = watching(receiver, store=store)
    crisis = said(12, at=START + timedelta(days=1), seq=10)
    await hear(watch, await recorded(store, [*said(1), *crisis]))
    await watch.close()
    kept = await only(store)
    assert kept.mentions == 13
    assert kept.first_at == START + timedelta(days=1)
    assert "已持续" not in receiver.alerts[0].body
