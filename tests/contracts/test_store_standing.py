"""Every store's alerts that go on, and the pauses, mutes and corrections of staff."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.clock import ManualClock
from core.errors import Conflict
from core.localized import LocalizedText, in_each
from core.model.alerts import Alert, Mute
from core.model.audit import first_broken
from core.model.events import EventKind, Metrics, Quoted
from core.model.incidents import Incident, TimelineEntry
from core.model.mentions import Correction, MentionFilter, MetricsSample
from core.model.pauses import Pause
from core.repositories import Store
from tests.contracts.store_port import Opener
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
        await store.alerts.add(alert(f"a{n}", state=state, created_at=late), [])
    assert [each.key for each in await store.alerts.live()] == ["a3", "a1", "a0"]
    assert [each.key for each in await store.alerts.live(limit=2)] == ["a3", "a1"]
    assert await store.alerts.get("a2") == alert(
        "a2", state="resolved", created_at=NOW + timedelta(seconds=7)
    )
    assert await store.alerts.get("none") is None


async def test_an_alert_is_changed_only_by_who_saw_the_last_change(store: Store) -> None:
    await store.alerts.add(alert("a1"), ["log"])
    seen = await store.alerts.get("a1")
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
    changed = await store.alerts.save(worse)
    assert changed == replace(worse, version=1)
    assert await store.alerts.get("a1") == changed
    with pytest.raises(Conflict, match="a1"):
        await store.alerts.save(worse)
    with pytest.raises(Conflict, match="unknown"):
        await store.alerts.save(alert("unknown"))
    over = await store.alerts.save(replace(changed, state="resolved", resolved_at=NOW))
    assert over.version == 2
    assert await store.alerts.live() == []


async def test_who_takes_an_alert_on_changes_it(store: Store, clock: ManualClock) -> None:
    await store.alerts.add(alert("a1"), [])
    await clock.advance(60)
    taken = await store.alerts.acknowledge("a1", by="王芳")
    assert (taken.version, taken.acknowledged_at) == (1, NOW + timedelta(minutes=1))
    with pytest.raises(Conflict):
        await store.alerts.save(alert("a1"))


async def test_receivers_are_told_of_a_change(store: Store, clock: ManualClock) -> None:
    await store.alerts.add(alert("a1"), ["log", "hook"])
    await store.alerts.claim("hook", 9, NOW)
    await store.alerts.finish("a1", "hook", delivered=True, retry_at=NOW)
    await clock.advance(60)
    now = clock.now()
    assert await store.alerts.claim("hook", 9, now) == []
    changed = await store.alerts.save(alert("a1", notices=2), receivers=["hook", "mail", "mail"])
    for receiver in ("hook", "mail", "log"):
        assert await store.alerts.claim(receiver, 9, now) == [changed], receiver
        assert await store.alerts.claim(receiver, 9, now) == [], receiver
        await store.alerts.finish("a1", receiver, delivered=True, retry_at=now)
        assert await store.alerts.claim(receiver, 9, now + HOUR) == [], receiver


async def test_news_while_a_delivery_is_under_way_is_told_after_it(store: Store) -> None:
    await store.alerts.add(alert("a1"), ["hook"])
    (first,) = await store.alerts.claim("hook", 9, NOW)
    changed = await store.alerts.save(replace(first, severity="P2"), receivers=["hook"])
    await store.alerts.finish("a1", "hook", delivered=True, retry_at=NOW)
    assert await store.alerts.claim("hook", 9, NOW) == [changed]
    await store.alerts.finish("a1", "hook", delivered=True, retry_at=NOW)
    assert await store.alerts.claim("hook", 9, NOW + HOUR) == []


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
    opened = await store.incidents.open(kept)
    assert await store.incidents.get(opened.id) == replace(kept, id=opened.id)
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
    await store.alerts.add(whole, [])
    assert await store.alerts.get("a1") == whole
    pause = replace(FREEZE, wordings=BOTH)
    await store.pauses.save(pause)
    assert list(await store.pauses.all()) == [pause]


async def test_mentions_of_an_incident(store: Store) -> None:
    posts = [post(f"p{n}", posted_at=NOW - n * HOUR, text=f"面包 {n}") for n in range(6)]
    seqs = [each.seq for each in await heard(store, *posts)]
    await store.incidents.assign(seqs[:4], "INC-1")
    await store.incidents.assign([seqs[3]], None)
    await store.incidents.assign([seqs[4]], "INC-2")
    (gone,) = await take(store, post("p1", revision=1, kind=EventKind.DELETE))
    await store.events.withdraw(gone)
    found = await store.incidents.mentions("INC-1")
    assert [each.mention.event.id for each in found] == ["p2", "p0"]
    assert {each.mention.incident for each in found} == {"INC-1"}
    assert [await store.incidents.count(one) for one in ("INC-1", "INC-2", "none")] == [2, 1, 0]
    assert [each.mention.event.id for each in await store.incidents.mentions("INC-1", limit=1)] == [
        "p2"
    ]
    assert list(await store.incidents.mentions("none")) == []
    for where, wanted in (
        (MentionFilter(incident="INC-1"), ["p2", "p0"]),
        (MentionFilter(incident="INC-1", text="面包 0"), ["p0"]),
        (MentionFilter(incident="INC-1", since=NOW), ["p0"]),
        (MentionFilter(incident="INC-1", brand="lehui", sentiment="negative"), ["p2", "p0"]),
        (MentionFilter(incident="INC-2"), ["p4"]),
        (MentionFilter(incident="none"), []),
        (MentionFilter(incident="none", text="面包"), []),
    ):
        page = await store.mentions.find(where)
        assert [each.mention.event.id for each in page.mentions] == wanted, where
    first = await store.mentions.find(MentionFilter(incident="INC-1"), limit=1)
    assert first.next == seqs[2]
    second = await store.mentions.find(MentionFilter(incident="INC-1"), before=first.next)
    assert [each.mention.event.id for each in second.mentions] == ["p0"]


async def test_a_pause_is_laid_down_and_lifted_on_record(store: Store, opener: Opener) -> None:
    assert await store.pauses.all() == []
    everything = Pause(id="all", scope="all", reason="先停", by="bot", at=NOW)
    await store.pauses.save(FREEZE)
    await store.pauses.save(everything)
    await store.pauses.save(replace(everything, reason="还是停", by="刘洋"))
    other = await opener(ManualClock(NOW))
    assert await other.pauses.all() == [replace(everything, reason="还是停", by="刘洋"), FREEZE]
    assert await store.pauses.lift("all", by="王芳")
    assert not await store.pauses.lift("all", by="王芳")
    assert await store.pauses.all() == [FREEZE]
    log = list(await store.audit.entries())
    assert [(each.who, each.what, each.about) for each in log] == [
        ("王芳", "freeze", "brand:lehui"),
        ("bot", "freeze", "all"),
        ("刘洋", "freeze", "all"),
        ("王芳", "lift freeze", "all"),
    ]
    assert first_broken(log) is None


async def test_a_silence_is_laid_down_and_ended_on_record(store: Store) -> None:
    soon = replace(SILENCE, id="s2", until=NOW + HOUR, kind="silence", incident="INC-1")
    await store.alerts.mute(SILENCE)
    await store.alerts.mute(soon)
    assert await store.alerts.mutes() == [soon, SILENCE]
    longer = replace(soon, until=NOW + 3 * HOUR, by="刘洋")
    await store.alerts.mute(longer)
    assert await store.alerts.mutes() == [SILENCE, longer]
    assert await store.alerts.unmute("s1", by="刘洋")
    assert not await store.alerts.unmute("s1", by="刘洋")
    assert await store.alerts.mutes() == [longer]
    log = list(await store.audit.entries())
    assert [(each.who, each.what) for each in log] == [
        ("王芳", "silence"),
        ("王芳", "silence"),
        ("刘洋", "silence"),
        ("刘洋", "end silence"),
    ]
    assert log[0].about == "s1 until 2026-03-01T10:30:00+00:00"


async def test_a_correction_says_where_its_text_is_from_and_what_may_be_done_with_it(
    store: Store,
) -> None:
    theirs = Quoted(author="小李", text="面包发霉了")
    posts = [
        post("p1", text="看", quoted=(theirs,)),
        post("p2", channel="x", no_training=True),
    ]
    for item in await heard(store, *posts):
        await store.corrections.save(Correction(mention=item.seq, by="王芳", at=NOW))
    found = await store.corrections.recent()
    assert [(one.channel, one.no_training) for one in found] == [("chat", False), ("x", True)]
    assert found[0].text == "看 //@小李: 面包发霉了"


async def test_the_last_correction_counts(store: Store) -> None:
    first, second = await heard(store, post("p1", text=HOSTILE), post("p2"), masked_text="[...]")
    assert await store.corrections.recent() == []
    early = Correction(mention=second.seq, sentiment="positive", by="王芳", at=NOW)
    await store.corrections.save(early)
    await store.corrections.save(replace(early, mention=first.seq, at=NOW + HOUR))
    last = Correction(
        mention=first.seq, complaint=False, category="price", by="刘洋", at=NOW + 2 * HOUR
    )
    await store.corrections.save(last)
    found = await store.corrections.recent()
    assert [each.correction for each in found] == [early, last]
    assert await store.corrections.get(first.seq) == last
    assert await store.corrections.get(999) is None
    assert [each.text for each in found] == [second.event.text, HOSTILE]
    assert {each.judgement for each in found} == {judgement()}
    assert [each.correction for each in await store.corrections.recent(limit=1)] == [last]
    with pytest.raises(Conflict, match="no mention 999"):
        await store.corrections.save(replace(last, mention=999))


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
    await store.events.withdraw(gone)
    found = await store.tracked_posts.candidates("chat", since=NOW - HOUR, limit=9)
    assert [each.event.id for each in found] == ["worse", "bad"]
    assert found[0] == worse
    assert [
        e.event.id for e in await store.tracked_posts.candidates("chat", since=NOW - HOUR, limit=1)
    ] == ["worse"]
    assert await store.tracked_posts.candidates("b", since=NOW, limit=9) == [], "since is exclusive"
    await store.tracked_posts.save([tracked(bad.seq), tracked(10**6)])
    left = await store.tracked_posts.candidates("chat", since=NOW - 3 * HOUR, limit=9)
    assert [each.event.id for each in left] == ["worse", "old"]
    assert await store.tracked_posts.get(10**6) is None, "who is gone is not brought back"


async def test_figures_are_read_again_soonest_first(store: Store) -> None:
    seqs = [each.seq for each in await heard(store, *(post(f"p{n}") for n in range(5)))]
    items = [
        tracked(seqs[0], next_at=NOW + HOUR),
        tracked(seqs[1], next_at=NOW - HOUR),
        tracked(seqs[2]),
        tracked(seqs[3], channel="other"),
        tracked(seqs[4], next_at=None, samples=(MetricsSample(at=NOW, metrics=None),)),
    ]
    await store.tracked_posts.save(items)
    assert await store.tracked_posts.due("chat", NOW, 9) == [items[1], items[2]]
    assert await store.tracked_posts.due("chat", NOW, 1) == [items[1]]
    assert await store.tracked_posts.due("chat", NOW + HOUR, 9) == [items[1], items[2], items[0]]
    assert await store.tracked_posts.get(seqs[4]) == items[4]
    assert await store.tracked_posts.get(10**6) is None
    sample = MetricsSample(at=NOW, metrics=Metrics(likes=3, upvote_ratio=0.75))
    many = replace(items[1], next_at=NOW + 2 * HOUR, samples=(sample,) * 130)
    await store.tracked_posts.save([many])
    assert await store.tracked_posts.get(seqs[1]) == replace(many, samples=(sample,) * 100)
    assert await store.tracked_posts.due("chat", NOW, 9) == [items[2]]
