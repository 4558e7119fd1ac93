"""Edits and deletions that arrive before the post they change: the newest version holds."""

import pytest

from core.model.conversations import ConversationLine
from core.model.events import Event, EventKind, Page
from core.model.mentions import MentionFilter
from core.model.outcomes import Outcome
from core.repositories import Store
from tests.builders import plan
from tests.contracts.store_support import adds_up, event, mention, post, put, take

EDITED = "改好了：面包没有发霉"


async def lines(store: Store) -> list[str]:
    found: list[ConversationLine] = list(await store.conversations.lines("chat", "c1"))
    return [line.text for line in found]


async def put_in_order(store: Store, apart: bool, *events: Event) -> None:
    for page in [(one,) for one in events] if apart else [events]:
        await store.events.accept("feed", Page(events=page))


async def work_off(store: Store) -> None:
    """Record a mention of everything that waits, and carry out deletions, as the pipeline does."""
    while claimed := await store.events.claim(9):
        for item in claimed:
            if item.event.kind is EventKind.DELETE:
                await store.events.withdraw(item)
            else:
                outcome = Outcome(seq=item.seq, mention=mention(item), plan=plan())
                await store.events.record([outcome])


async def recorded(store: Store) -> list[str]:
    page = await store.mentions.find(MentionFilter())
    return [one.mention.event.text for one in page.mentions]


@pytest.mark.parametrize("apart", [True, False], ids=["one page each", "one page"])
@pytest.mark.parametrize("revision", [1, 2, 1772325000000, 2**52])
async def test_a_deletion_that_comes_first_keeps_the_post_away(
    store: Store, revision: int, apart: bool
) -> None:
    gone = event("e1", kind=EventKind.DELETE, revision=revision, text="", private=True)
    await put_in_order(store, apart, gone, event("e1"))
    await work_off(store)
    assert await recorded(store) == []
    assert await lines(store) == []
    counts = await store.events.counts()
    assert counts.dropped == {"deleted": 2}
    assert adds_up(counts)


@pytest.mark.parametrize("apart", [True, False], ids=["one page each", "one page"])
@pytest.mark.parametrize("revision", [1, 7, 1772325000000])
async def test_an_edit_that_comes_first_stays(store: Store, revision: int, apart: bool) -> None:
    edit = event("e1", kind=EventKind.EDIT, revision=revision, text=EDITED, private=True)
    await put_in_order(store, apart, edit, event("e1"))
    await work_off(store)
    assert await recorded(store) == [EDITED]
    assert await lines(store) == [EDITED]
    counts = await store.events.counts()
    assert (counts.done, counts.dropped) == (1, {"outdated": 1})
    assert adds_up(counts)


async def test_of_edits_in_the_wrong_order_the_latest_stays(store: Store) -> None:
    for revision in (0, 3, 2, 1):
        text = EDITED if revision == 3 else f"version {revision}"
        kind = EventKind.EDIT if revision else EventKind.MESSAGE
        await put(store, event("e1", kind=kind, revision=revision, text=text, private=True))
    await work_off(store)
    assert await recorded(store) == [EDITED, "version 0"]
    assert await lines(store) == [EDITED]
    assert (await store.events.counts()).dropped == {"outdated": 2}


async def test_an_edit_older_than_the_deletion_is_no_news(store: Store) -> None:
    await put(
        store,
        post("e1", kind=EventKind.DELETE, revision=9),
        post("e1", kind=EventKind.EDIT, revision=5),
        post("e1"),
    )
    await work_off(store)
    assert await recorded(store) == []
    assert (await store.events.counts()).dropped == {"deleted": 3}


async def test_revisions_in_their_order_are_each_decided(store: Store) -> None:
    await put(store, event("e1"), event("e1", kind=EventKind.EDIT, revision=1, text=EDITED))
    assert [item.event.revision for item in await store.events.claim(9)] == [0, 1]


async def test_other_posts_and_other_channels_are_untouched(store: Store) -> None:
    await put(
        store,
        post("e1", kind=EventKind.DELETE, revision=9),
        post("e2"),
        post("e1", channel="other"),
        event("e3", kind=EventKind.EDIT, revision=4, text=EDITED),
    )
    await work_off(store)
    assert len(await recorded(store)) == 3
    assert (await store.events.counts()).dropped == {"deleted": 1}


async def test_more_than_a_batch_of_outdated_events_hides_nothing(store: Store) -> None:
    late = [post(f"e{n}") for n in range(20)]
    await put(store, *(post(f"e{n}", kind=EventKind.EDIT, revision=2) for n in range(20)))
    await work_off(store)
    await put(store, *late, post("fresh"))
    assert [item.event.id for item in await store.events.claim(5)] == ["fresh"]
    assert adds_up(await store.events.counts())


async def test_outdated_events_leave_their_places_in_a_batch_to_others(store: Store) -> None:
    await put(store, *(post(f"e{n}", kind=EventKind.EDIT, revision=2) for n in range(6)))
    await work_off(store)
    mixed = [each for n in range(6) for each in (post(f"e{n}"), post(f"fresh{n}"))]
    await put(store, *mixed)
    claimed = [item.event.id for item in await store.events.claim(4)]
    assert claimed == ["fresh0", "fresh1", "fresh2", "fresh3"]
    assert [item.event.id for item in await store.events.claim(4)] == ["fresh4", "fresh5"]
    assert adds_up(await store.events.counts())


async def test_an_edit_that_could_not_be_read_outdates_nothing(store: Store) -> None:
    (edit,) = await take(store, post("e1", kind=EventKind.EDIT, revision=2))
    while not await store.events.fail(edit.seq, "broken", tries=1):
        pass
    await put(store, post("e1"))
    assert [item.event.revision for item in await store.events.claim(9)] == [0]
