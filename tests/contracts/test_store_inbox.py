"""Every store's events: nothing twice, nothing lost, everything counted."""

import asyncio

from core.clock import ManualClock
from core.model.events import Author, AuthorKind, EventKind, Metrics, Page, Quoted, Receipt, Reject
from core.model.outcomes import Outcome
from core.repositories import Store
from tests.builders import plan
from tests.contracts.store_port import Opener
from tests.contracts.store_support import (
    HOSTILE,
    LONE,
    NOW,
    adds_up,
    event,
    mention,
    post,
    put,
    take,
)


async def test_an_event_comes_out_as_it_went_in(store: Store) -> None:
    given = event(
        HOSTILE,
        channel=f"ch{LONE}",
        revision=7,
        author=Author(id=LONE, name=HOSTILE, followers=12, kind="moderator"),
        text=HOSTILE,
        conversation=HOSTILE,
        reply_to="\x00",
        url="https://example.test/?q=\ud800",
        metrics=Metrics(likes=0, views=2**40),
        media=("m1", LONE),
        quoted=(
            Quoted(author=HOSTILE, text=LONE, id="\x00", kind="repost", own=True),
            Quoted(author="", text=""),
        ),
        wordless="photo",
        concerns_channel=True,
        no_training=True,
    )
    (item,) = await take(store, given)
    assert item.event == given
    assert item.attempts == 0
    assert item.received_at == NOW


async def test_only_persons_have_lines_in_a_conversation(store: Store) -> None:
    kinds: tuple[AuthorKind, ...] = ("bot", "own", "platform", "moderator", "person")
    for kind in kinds:
        await put(store, event(kind, author=Author(id=kind, kind=kind)))
    assert [line.id for line in await store.conversations.lines("chat", "c1")] == ["person"]


async def test_empty_and_huge_texts_are_kept(store: Store) -> None:
    huge = "霉" * 10_000_000
    items = await take(store, event("empty", text=""), event("huge", text=huge))
    assert [item.event.text for item in items] == ["", huge]


async def test_a_repeated_event_is_one_event(store: Store) -> None:
    first = await put(store, event("e1"), event("e2"), event("e1"))
    again = await put(store, event("e2", text="another text"), event("e3"))
    assert first == Receipt(accepted=2, duplicates=1, rejected=0)
    assert again == Receipt(accepted=1, duplicates=1, rejected=0)
    counts = await store.events.counts()
    assert (counts.received, counts.pending, counts.dropped) == (5, 3, {"duplicate": 2})
    assert adds_up(counts)
    assert [item.event.text for item in await store.events.claim(9)] == [event().text] * 3


async def test_channel_and_revision_are_part_of_the_key(store: Store) -> None:
    events = (event("e1"), event("e1", channel="other"), event("e1", revision=1))
    assert (await put(store, *events)).accepted == 3


async def test_a_reject_is_one_dead_letter_however_often_it_comes(store: Store) -> None:
    reject = Reject(channel="chat", id="x", raw=b"\xff\x00{", reason="not JSON")
    page = Page(events=(event("e1"),), rejects=(reject,), cursor="7")
    assert await store.events.accept("feed", page) == Receipt(accepted=1, duplicates=0, rejected=1)
    assert await store.events.accept("feed", page) == Receipt(accepted=0, duplicates=2, rejected=0)
    (letter,) = await store.events.dead_letters()
    assert (letter.channel, letter.native_id, letter.raw) == ("chat", "x", b"\xff\x00{")
    assert (letter.reason, letter.at, letter.seq) == ("not JSON", NOW, None)
    assert not await store.events.replay_dead_letter(letter.id)
    counts = await store.events.counts()
    assert (counts.received, counts.pending, counts.dead) == (4, 1, 1)
    assert adds_up(counts)


async def test_the_cursor_is_kept_by_connector(store: Store, opener: Opener) -> None:
    assert await store.events.cursor("feed") is None
    await put(store, event("e1"), cursor=HOSTILE)
    await put(store, event("e2"))
    await store.events.accept("other", Page(events=(), cursor="9"))
    again = await opener(ManualClock(NOW))
    assert await again.events.cursor("feed") == HOSTILE
    assert await again.events.cursor("other") == "9"


async def test_events_are_claimed_oldest_first_and_once(store: Store) -> None:
    await put(store, *(event(f"e{n}") for n in range(5)))
    first = await store.events.claim(3)
    second = await store.events.claim(3)
    assert [item.event.id for item in (*first, *second)] == ["e0", "e1", "e2", "e3", "e4"]
    assert await store.events.claim(3) == []
    assert [item.seq for item in first] == sorted(item.seq for item in first)


async def test_two_living_processes_never_hold_the_same_event(store: Store, opener: Opener) -> None:
    other = await opener(ManualClock(NOW))
    await put(store, *(event(f"e{n}") for n in range(40)))
    claims = await asyncio.gather(*(each.events.claim(7) for each in (store, other) * 4))
    seqs = [item.seq for claim in claims for item in claim]
    assert len(seqs) == len(set(seqs)) == 40


async def test_what_a_closed_store_held_is_free_at_once(store: Store, opener: Opener) -> None:
    await take(store, event("e1"))
    other = await opener(ManualClock(NOW))
    assert await other.events.claim(9) == []
    await store.close()
    assert [item.event.id for item in await other.events.claim(9)] == ["e1"]


async def test_a_failed_event_waits_longer_each_time_and_dies_at_the_fifth(
    store: Store, clock: ManualClock
) -> None:
    (item,) = await take(store, event("e1"))
    for attempt in range(1, 5):
        assert not await store.events.fail(item.seq, f"try {attempt}")
        await clock.advance(attempt - 0.01)
        assert await store.events.claim(9) == []
        await clock.advance(0.02)
        (item,) = await store.events.claim(9)
        assert item.attempts == attempt
    assert await store.events.fail(item.seq, "ValueError: \ud800")
    await clock.advance(3600)
    assert await store.events.claim(9) == []
    counts = await store.events.counts()
    assert (counts.pending, counts.dead) == (0, 1)
    assert adds_up(counts)
    (letter,) = await store.events.dead_letters()
    assert (letter.seq, letter.native_id) == (item.seq, "e1")
    assert letter.reason == "ValueError: \ud800"
    assert b"u1" in letter.raw


async def test_a_replayed_dead_letter_has_its_five_tries_again(store: Store) -> None:
    (item,) = await take(store, event("e1"))
    assert await store.events.fail(item.seq, "bad", tries=1)
    (letter,) = await store.events.dead_letters()
    assert await store.events.replay_dead_letter(letter.id)
    assert not await store.events.replay_dead_letter(letter.id)
    assert await store.events.dead_letters() == []
    (again,) = await store.events.claim(9)
    assert (again.seq, again.attempts) == (item.seq, 0)
    assert not await store.events.fail(item.seq, "bad", tries=2)
    assert adds_up(await store.events.counts())


async def test_failing_an_ended_event_changes_nothing(store: Store) -> None:
    items = await take(store, event("e1"), event("e2"))
    await store.events.record([Outcome(seq=items[0].seq, dropped="spam")])
    await store.events.record([Outcome(seq=items[1].seq, mention=mention(items[1]), plan=plan())])
    for item in items:
        assert not await store.events.fail(item.seq, "late", tries=1)
    assert not await store.events.fail(10**9, "never seen", tries=1)
    counts = await store.events.counts()
    assert (counts.done, counts.dead, counts.dropped) == (1, 0, {"spam": 1})
    assert adds_up(counts)


async def test_only_private_and_solicited_events_are_lines(store: Store) -> None:
    await put(
        store,
        event("m1", solicited=False),
        post("p1"),
        post("p2", solicited=True),
        event("d1", kind=EventKind.DELETE),
    )
    lines = await store.conversations.lines("chat", "c1")
    assert [line.id for line in lines] == ["m1", "p2"]
    assert lines[0].direction == "in"
    assert (lines[0].by, lines[0].text, lines[0].at) == ("李雷", event().text, NOW)


async def test_an_edit_corrects_its_line_and_adds_none(store: Store) -> None:
    await put(store, event("m1"), event("m2", text="second"))
    await put(store, event("m1", revision=1, kind=EventKind.EDIT, text=HOSTILE))
    await put(
        store,
        event("m9", revision=1, kind=EventKind.EDIT, text="of one never seen"),
        event("m9", revision=2, text="and once more"),
    )
    lines = await store.conversations.lines("chat", "c1")
    assert [line.text for line in lines] == [HOSTILE, "second", "and once more"]


async def test_lines_are_read_from_where_a_client_stopped(store: Store) -> None:
    await put(store, *(event(f"m{n}", text=str(n)) for n in range(5)))
    await put(store, event("x", conversation="c2"))
    lines = await store.conversations.lines("chat", "c1", limit=2)
    assert [line.text for line in lines] == ["0", "1"]
    rest = await store.conversations.lines("chat", "c1", after=lines[-1].seq)
    assert [line.text for line in rest] == ["2", "3", "4"]


async def test_many_callers_at_once_lose_nothing(store: Store) -> None:
    async def feed(name: str) -> None:
        for n in range(20):
            await put(store, event(f"{name}-{n}"), cursor=str(n))

    await asyncio.gather(*(feed(str(n)) for n in range(20)))
    counts = await store.events.counts()
    assert (counts.received, counts.pending) == (400, 400)
