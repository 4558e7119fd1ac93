"""What every store promises about alerts that go on, and about what staff laid down."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.alerts import Alert, Mute
from core.clock import ManualClock
from core.errors import Conflict
from core.events import EventKind, Metrics
from core.incidents import Incident, TimelineEntry
from core.localized import LocalizedText, in_each
from core.mentions import Correction, MentionFilter, MetricsSample
from core.pauses import Pause
from storage.audit import broken
from tests.contracts.store_port import Opener, Store
from tests.contracts.store_support import (
    HOSTILE,
    NOW,
    alert,
    event,
    heard,
    incident,
    judgement,
    post,
    take,
    tracked,
)

FREEZE = Pause(id="brand:lehui", scope="brand", value="lehui", reason=HOSTILE, by="王芳", at=NOW)
SILENCE = Mute(id="s1", brand="lehui", until=NOW + timedelta(hours=2), reason="维修", by="王芳")
HOUR = timedelta(hours=1)
BOTH = in_each(lambda one: LocalizedText(language=one, title=HOSTILE, body=f"{one}\n{HOSTILE}"))


async def test_an_alert_lives_until_it_is_resolved(store: Store) -> None:
    for n, state in enumerate(("firing", "acknowledged", "resolved", "firing")):
        late = NOW + timedelta(seconds=9 - n)
        await store.raise_alert(alert(f"a{n}", state=state, created_at=late), [])
    assert [each.key for each in await store.live_alerts()] == ["a3", "a1", "a0"]
    assert [each.key for each in await store.live_alerts(limit=2)] == ["a3", "a1"]
    assert await store.alert("a2") == alert(
        "a2", state="resolved", created_at=NOW + timedelta(seconds=7)
    )
    assert await store.alert("none") is None


async def test_an_alert_is_changed_only_by_who_saw_the_last_change(store: Store) -> None:
    await store.raise_alert(alert("a1"), ["log"])
    seen = await store.alert("a1")
    assert seen is not None
    worse = replace(
        seen,
        severity="P2",
        body=HOSTILE,
        heard_at=NOW,
        notices=2,
        notified_at=NOW,
        notified_severity="P1",
        snoozed_until=NOW + HOUR,
    )
    changed = await store.change_alert(worse)
    assert changed == replace(worse, version=1)
    assert await store.alert("a1") == changed
    with pytest.raises(Conflict, match="a1"):
        await store.change_alert(worse)
    with pytest.raises(Conflict, match="unknown"):
        await store.change_alert(alert("unknown"))
    over = await store.change_alert(replace(changed, state="resolved", resolved_at=NOW))
    assert over.version == 2
    assert await store.live_alerts() == []


async def test_who_takes_an_alert_on_changes_it(store: Store, clock: ManualClock) -> None:
    await store.raise_alert(alert("a1"), [])
    await clock.advance(60)
    taken = await store.acknowledge_alert("a1", by="王芳")
    assert (taken.version, taken.acknowledged_at) == (1, NOW + timedelta(minutes=1))
    with pytest.raises(Conflict):
        await store.change_alert(alert("a1"))


async def test_receivers_are_told_of_a_change(store: Store, clock: ManualClock) -> None:
    await store.raise_alert(alert("a1"), ["log", "hook"])
    await store.claim_deliveries("hook", 9, NOW)
    await store.finish_delivery("a1", "hook", delivered=True, retry_at=NOW)
    await clock.advance(60)
    now = clock.now()
    assert await store.claim_deliveries("hook", 9, now) == []
    changed = await store.change_alert(alert("a1", notices=2), receivers=["hook", "mail", "mail"])
    for receiver in ("hook", "mail", "log"):
        assert await store.claim_deliveries(receiver, 9, now) == [changed], receiver
        assert await store.claim_deliveries(receiver, 9, now) == [], receiver
        await store.finish_delivery("a1", receiver, delivered=True, retry_at=now)
        assert await store.claim_deliveries(receiver, 9, now + HOUR) == [], receiver


async def test_news_while_a_delivery_is_under_way_is_told_after_it(store: Store) -> None:
    await store.raise_alert(alert("a1"), ["hook"])
    (first,) = await store.claim_deliveries("hook", 9, NOW)
    changed = await store.change_alert(replace(first, severity="P2"), receivers=["hook"])
    await store.finish_delivery("a1", "hook", delivered=True, retry_at=NOW)
    assert await store.claim_deliveries("hook", 9, NOW) == [changed]
    await store.finish_delivery("a1", "hook", delivered=True, retry_at=NOW)
    assert await store.claim_deliveries("hook", 9, NOW + HOUR) == []


async def test_every_field_of_an_incident_and_of_an_alert_comes_back(store: Store) -> None:
    notes = (
        TimelineEntry(at=NOW, by="bot", what="opened"),
        TimelineEntry(at=NOW, by="王", what="x", detail=HOSTILE),
    )
    kept: Incident = incident(
        "k",
        channels=("a", "b"),
        forecast=10.5,
        low=2.0,
        high=99.0,
        reasons=("r",),
        statement="抱歉",
        timeline=notes,
        merged_into="INC-7",
        drill=True,
        wordings=BOTH,
    )
    opened = await store.open_incident(kept)
    assert await store.incident(opened.id) == replace(kept, id=opened.id)
    whole: Alert = alert(
        "a1",
        channel="x",
        category="y",
        escalated=2,
        drill=True,
        incident=opened.id,
        wordings=BOTH,
        part_of="INC-7",
    )
    await store.raise_alert(whole, [])
    assert await store.alert("a1") == whole
    pause = replace(FREEZE, wordings=BOTH)
    await store.save_pause(pause)
    assert list(await store.pauses()) == [pause]


async def test_mentions_of_an_incident(store: Store) -> None:
    posts = [post(f"p{n}", posted_at=NOW - n * HOUR, text=f"面包 {n}") for n in range(6)]
    seqs = [each.seq for each in await heard(store, *posts)]
    await store.assign_incident(seqs[:4], "INC-1")
    await store.assign_incident([seqs[3]], None)
    await store.assign_incident([seqs[4]], "INC-2")
    (gone,) = await take(store, post("p1", revision=1, kind=EventKind.DELETE))
    await store.withdraw(gone)
    found = await store.incident_mentions("INC-1")
    assert [each.mention.event.id for each in found] == ["p2", "p0"]
    assert {each.mention.incident for each in found} == {"INC-1"}
    assert [each.mention.event.id for each in await store.incident_mentions("INC-1", limit=1)] == [
        "p2"
    ]
    assert list(await store.incident_mentions("none")) == []
    for where, wanted in (
        (MentionFilter(incident="INC-1"), ["p2", "p0"]),
        (MentionFilter(incident="INC-1", text="面包 0"), ["p0"]),
        (MentionFilter(incident="INC-1", since=NOW), ["p0"]),
        (MentionFilter(incident="INC-1", brand="lehui", sentiment="negative"), ["p2", "p0"]),
        (MentionFilter(incident="INC-2"), ["p4"]),
        (MentionFilter(incident="none"), []),
        (MentionFilter(incident="none", text="面包"), []),
    ):
        page = await store.mentions(where)
        assert [each.mention.event.id for each in page.mentions] == wanted, where
    first = await store.mentions(MentionFilter(incident="INC-1"), limit=1)
    assert first.next == seqs[2]
    second = await store.mentions(MentionFilter(incident="INC-1"), before=first.next)
    assert [each.mention.event.id for each in second.mentions] == ["p0"]


async def test_a_pause_is_laid_down_and_lifted_on_record(store: Store, opener: Opener) -> None:
    assert await store.pauses() == []
    everything = Pause(id="all", scope="all", reason="先停", by="bot", at=NOW)
    await store.save_pause(FREEZE)
    await store.save_pause(everything)
    await store.save_pause(replace(everything, reason="还是停", by="刘洋"))
    other = await opener(ManualClock(NOW))
    assert await other.pauses() == [replace(everything, reason="还是停", by="刘洋"), FREEZE]
    assert await store.lift_pause("all", by="王芳")
    assert not await store.lift_pause("all", by="王芳")
    assert await store.pauses() == [FREEZE]
    log = list(await store.audit())
    assert [(each.who, each.what, each.about) for each in log] == [
        ("王芳", "freeze", "brand:lehui"),
        ("bot", "freeze", "all"),
        ("刘洋", "freeze", "all"),
        ("王芳", "lift freeze", "all"),
    ]
    assert broken(log) is None


async def test_a_silence_is_laid_down_and_ended_on_record(store: Store) -> None:
    soon = replace(SILENCE, id="s2", until=NOW + HOUR, kind="silence", incident="INC-1")
    await store.save_mute(SILENCE)
    await store.save_mute(soon)
    assert await store.mutes() == [soon, SILENCE]
    longer = replace(soon, until=NOW + 3 * HOUR, by="刘洋")
    await store.save_mute(longer)
    assert await store.mutes() == [SILENCE, longer]
    assert await store.end_mute("s1", by="刘洋")
    assert not await store.end_mute("s1", by="刘洋")
    assert await store.mutes() == [longer]
    log = list(await store.audit())
    assert [(each.who, each.what) for each in log] == [
        ("王芳", "silence"),
        ("王芳", "silence"),
        ("刘洋", "silence"),
        ("刘洋", "end silence"),
    ]
    assert log[0].about == "s1 until 2026-03-01T10:30:00+00:00"


async def test_the_last_correction_counts(store: Store) -> None:
    first, second = await heard(store, post("p1", text=HOSTILE), post("p2"), masked_text="[...]")
    assert await store.corrections() == []
    early = Correction(mention=second.seq, sentiment="positive", by="王芳", at=NOW)
    await store.correct(early)
    await store.correct(replace(early, mention=first.seq, at=NOW + HOUR))
    last = Correction(
        mention=first.seq, complaint=False, category="price", by="刘洋", at=NOW + 2 * HOUR
    )
    await store.correct(last)
    found = await store.corrections()
    assert [each.correction for each in found] == [early, last]
    assert await store.correction(first.seq) == last
    assert await store.correction(999) is None
    assert [each.text for each in found] == [second.event.text, HOSTILE]
    assert {each.judgement for each in found} == {judgement()}
    assert [each.correction for each in await store.corrections(limit=1)] == [last]
    with pytest.raises(Conflict, match="no mention 999"):
        await store.correct(replace(last, mention=999))


async def test_negative_public_posts_are_there_to_be_tracked(store: Store) -> None:
    _, bad, worse, *_ = await heard(
        store,
        post("old", posted_at=NOW - 2 * HOUR),
        post("bad"),
        post("worse", posted_at=NOW + HOUR),
        post("other", channel="b"),
        event("private", kind=EventKind.EDIT, revision=1, private=True),
    )
    await heard(store, post("glad"), judgement=judgement(sentiment="positive"))
    await heard(store, post("gone"))
    (gone,) = await take(store, post("gone", revision=1, kind=EventKind.DELETE))
    await store.withdraw(gone)
    found = await store.untracked("chat", since=NOW - HOUR, limit=9)
    assert [each.event.id for each in found] == ["worse", "bad"]
    assert found[0] == worse
    assert [e.event.id for e in await store.untracked("chat", since=NOW - HOUR, limit=1)] == [
        "worse"
    ]
    assert await store.untracked("b", since=NOW, limit=9) == [], "since is exclusive"
    await store.track([tracked(bad.seq), tracked(10**6)])
    left = await store.untracked("chat", since=NOW - 3 * HOUR, limit=9)
    assert [each.event.id for each in left] == ["worse", "old"]
    assert await store.tracked(10**6) is None, "who is gone is not brought back"


async def test_figures_are_read_again_soonest_first(store: Store) -> None:
    seqs = [each.seq for each in await heard(store, *(post(f"p{n}") for n in range(5)))]
    items = [
        tracked(seqs[0], next_at=NOW + HOUR),
        tracked(seqs[1], next_at=NOW - HOUR),
        tracked(seqs[2]),
        tracked(seqs[3], channel="other"),
        tracked(seqs[4], next_at=None, samples=(MetricsSample(at=NOW, metrics=None),)),
    ]
    await store.track(items)
    assert await store.tracked_due("chat", NOW, 9) == [items[1], items[2]]
    assert await store.tracked_due("chat", NOW, 1) == [items[1]]
    assert await store.tracked_due("chat", NOW + HOUR, 9) == [items[1], items[2], items[0]]
    assert await store.tracked(seqs[4]) == items[4]
    assert await store.tracked(10**6) is None
    sample = MetricsSample(at=NOW, metrics=Metrics(likes=3, upvote_ratio=0.75))
    many = replace(items[1], next_at=NOW + 2 * HOUR, samples=(sample,) * 130)
    await store.track([many])
    assert await store.tracked(seqs[1]) == replace(many, samples=(sample,) * 100)
    assert await store.tracked_due("chat", NOW, 9) == [items[2]]
