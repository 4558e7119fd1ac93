"""Every store's decisions: all that one causes is there, once, or nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.clock import ManualClock
from core.errors import Conflict
from core.model.conversations import ConversationState
from core.model.events import EventKind
from core.model.mentions import MentionFilter
from core.model.outbox import ReplyState
from core.model.outcomes import Outcome
from core.model.tickets import TicketFilter, TicketState
from core.repositories import Store
from tests.builders import plan
from tests.contracts.store_port import Opener
from tests.contracts.store_support import (
    HOSTILE,
    NOW,
    adds_up,
    conversation,
    event,
    has_transactions,
    heard,
    mention,
    post,
    put,
    reply,
    take,
    ticket,
)


async def test_an_outcome_is_stored_whole(store: Store, opener: Opener) -> None:
    (item,) = await take(store, event("e1"))
    wanted = plan(
        conversation=conversation(),
        ticket=ticket(mention=item.seq),
        replies=(reply(mention=item.seq, ticket="T-1001"),),
    )
    given = mention(item, flags=("personal_data",), masked_text=HOSTILE, incident="INC-101")
    await store.events.record([Outcome(seq=item.seq, mention=given, plan=wanted)])
    again = await opener(ManualClock(NOW))
    handled = await again.mentions.get(item.seq)
    assert handled is not None
    assert handled.mention == given
    assert handled.decision == wanted.decision
    assert handled.ticket == "T-1001"
    assert handled.replies == wanted.replies
    assert not handled.withdrawn
    assert await again.tickets.get("T-1001") == wanted.ticket
    assert await again.conversations.get("chat", "c1") == wanted.conversation
    counts = await again.events.counts()
    assert (counts.done, counts.pending) == (1, 0)
    assert adds_up(counts)


async def test_a_conversation_is_as_it_was_recorded_last(store: Store, opener: Opener) -> None:
    """Also where nothing but its time differs, and where times do not ascend."""
    hours = [NOW + timedelta(hours=n) for n in range(4)]
    states = [
        conversation(ticket=None),
        conversation(ticket=None, updated_at=hours[2]),
        conversation(ticket=None, updated_at=hours[3]),
        conversation(ticket=None, updated_at=hours[3], muted=True),
        conversation(ticket=None, updated_at=hours[1], muted=True),
        conversation(ticket="T-9", updated_at=hours[2]),
    ]
    items = await take(store, *(event(f"e{n}") for n in range(len(states))))
    other = await opener(ManualClock(NOW))
    for item, state in zip(items, states, strict=True):
        await store.events.record(
            [Outcome(seq=item.seq, mention=mention(item), plan=plan(conversation=state))]
        )
        assert await other.conversations.get("chat", "c1") == state
        assert (await other.customers.export("u1")).conversations == (state,)


async def test_a_continued_conversation_does_not_age_out(store: Store) -> None:
    for native, at in (("e1", NOW), ("e2", NOW + timedelta(days=9))):
        (item,) = await take(store, event(native, posted_at=at))
        talk = plan(conversation=conversation(ticket=None, updated_at=at))
        await store.events.record([Outcome(seq=item.seq, mention=mention(item), plan=talk)])
    day = NOW + timedelta(days=1)
    await store.maintenance.age(raw=NOW, spam=NOW, messages=NOW, records=day)
    assert await store.conversations.get("chat", "c1") is not None
    await store.maintenance.age(raw=NOW, spam=NOW, messages=NOW, records=NOW + timedelta(days=10))
    assert await store.conversations.get("chat", "c1") is None


async def test_recording_twice_changes_nothing(store: Store) -> None:
    (item,) = await take(store, event("e1"))
    first = Outcome(seq=item.seq, mention=mention(item), plan=plan(replies=(reply("r1"),)))
    await store.events.record([first])
    second = replace(first, plan=plan(replies=(reply("r2"),), ticket=ticket()))
    await store.events.record([second])
    await store.events.record([Outcome(seq=item.seq, dropped="spam")])
    await store.events.record([Outcome(seq=10**9, dropped="never seen")])
    assert await store.tickets.get("T-1001") is None
    assert [each.key for each in await store.outbox.claim("chat", 9, NOW)] == ["r1"]
    counts = await store.events.counts()
    assert (counts.done, counts.dropped) == (1, {})
    assert adds_up(counts)


async def test_a_batch_of_outcomes_is_recorded_in_its_order(store: Store) -> None:
    first, second, third = await take(store, event("e1"), event("e2"), event("e3"))
    await store.events.record(
        [
            Outcome(seq=first.seq, mention=mention(first), plan=plan(ticket=ticket())),
            Outcome(seq=second.seq, dropped="spam"),
            Outcome(
                seq=third.seq,
                mention=mention(third),
                plan=plan(conversation=conversation(), replies=(reply("r3"),)),
            ),
            Outcome(seq=second.seq, dropped="no_brand"),
        ]
    )
    counts = await store.events.counts()
    assert (counts.done, counts.pending, counts.dropped) == (2, 0, {"spam": 1})
    assert [one.key for one in await store.outbox.claim("chat", 9, NOW)] == ["r3"]
    assert await store.tickets.get("T-1001") is not None
    await store.events.record([])


async def test_a_batch_that_fails_leaves_nothing_and_its_outcomes_can_be_recorded_alone(
    store: Store,
) -> None:
    good, bad = await take(store, event("e1"), event("e2"))
    wrong = mention(bad, brands=(object(),))
    outcomes = [
        Outcome(seq=good.seq, mention=mention(good), plan=plan(replies=(reply("r1"),))),
        Outcome(seq=bad.seq, mention=wrong),
    ]
    with pytest.raises(TypeError):
        await store.events.record(outcomes)
    if has_transactions(store):
        assert (await store.events.counts()).done == 0
        assert await store.mentions.get(good.seq) is None
        assert await store.outbox.waiting_channels() == []
    await store.events.record(outcomes[:1])
    with pytest.raises(TypeError):
        await store.events.record(outcomes[1:])
    counts = await store.events.counts()
    assert (counts.done, counts.pending) == (1, 1)
    assert await store.outbox.waiting_channels() == ["chat"]


async def test_a_dropped_event_is_counted_by_its_reason(store: Store) -> None:
    items = await take(store, event("e1"), event("e2"), event("e3"))
    for item, reason in zip(items, ("spam", "spam", "no_brand"), strict=True):
        await store.events.record([Outcome(seq=item.seq, dropped=reason)])
    counts = await store.events.counts()
    assert counts.dropped == {"spam": 2, "no_brand": 1}
    assert adds_up(counts)
    assert await store.events.claim(9) == []


async def test_a_mention_without_a_plan_asks_for_nothing(store: Store) -> None:
    (item,) = await take(store, event("e1"))
    await store.events.record([Outcome(seq=item.seq, mention=mention(item))])
    handled = await store.mentions.get(item.seq)
    assert handled is not None
    assert handled.decision.action == "ignore"


async def test_a_reply_with_a_known_key_is_not_added(store: Store) -> None:
    items = await take(store, event("e1"), event("e2"))
    for n, item in enumerate(items):
        planned = plan(replies=(reply("same", text=str(n)),))
        await store.events.record([Outcome(seq=item.seq, mention=mention(item), plan=planned)])
    assert [each.text for each in await store.outbox.claim("chat", 9, NOW)] == ["0"]


async def test_an_edited_complaint_never_opens_a_second_ticket(store: Store) -> None:
    edit = event("e1", revision=1, kind=EventKind.EDIT)
    items = await take(store, event("e1"), edit)
    for number, item in zip(("T-1001", "T-1002"), items, strict=True):
        planned = plan(
            ticket=ticket(number, mention=item.seq),
            conversation=conversation(ticket=number),
            replies=(reply(f"r-{number}", ticket=number, mention=item.seq),),
        )
        await store.events.record([Outcome(seq=item.seq, mention=mention(item), plan=planned)])
    assert await store.tickets.get("T-1002") is None
    found = await store.conversations.get("chat", "c1")
    assert found is not None
    assert found.ticket == "T-1001"
    handled = await store.mentions.get(items[1].seq)
    assert handled is not None
    assert handled.ticket == "T-1001"
    (useless,) = handled.replies
    assert (useless.state, useless.ticket) == (ReplyState.CANCELLED, "T-1001")
    assert "T-1001" in useless.reason
    assert [each.key for each in await store.outbox.claim("chat", 9, NOW)] == ["r-T-1001"]


async def test_a_later_message_changes_the_open_ticket_but_not_what_staff_noted(
    store: Store,
) -> None:
    items = await take(store, event("e1"), event("e2"))
    opened = ticket(mention=items[0].seq)
    await store.events.record(
        [Outcome(seq=items[0].seq, mention=mention(items[0]), plan=plan(ticket=opened))]
    )
    await store.tickets.save(replace(opened, owner="王芳", answered_at=NOW), was=opened)
    worse = replace(opened, severity="P1")
    await store.events.record(
        [Outcome(seq=items[1].seq, mention=mention(items[1]), plan=plan(ticket=worse))]
    )
    found = await store.tickets.get("T-1001")
    assert found == replace(worse, owner="王芳", answered_at=NOW)
    handled = await store.mentions.get(items[1].seq)
    assert handled is not None
    assert handled.ticket == "T-1001"


async def test_withdrawing_hides_every_revision_and_cancels_what_was_not_sent(
    store: Store,
) -> None:
    items = await take(store, event("e1"), event("e1", revision=1, kind=EventKind.EDIT))
    for n, item in enumerate(items):
        planned = plan(
            replies=(
                reply(f"p{n}", mention=item.seq),
                reply(f"d{n}", mention=item.seq, state=ReplyState.DRAFT),
            )
        )
        await store.events.record([Outcome(seq=item.seq, mention=mention(item), plan=planned)])
    (sending,) = await store.outbox.claim("chat", 1, NOW)
    (gone,) = await take(store, event("e1", revision=2, kind=EventKind.DELETE))
    await store.events.withdraw(gone)
    await store.events.withdraw(gone)
    assert (await store.mentions.find(MentionFilter())).mentions == ()
    assert (await store.mentions.find(MentionFilter(text="发霉"))).mentions == ()
    assert await store.mentions.since(NOW - timedelta(days=1)) == []
    states: dict[str, ReplyState] = {}
    for item in items:
        handled = await store.mentions.get(item.seq)
        assert handled is not None
        assert handled.withdrawn
        states |= {each.key: each.state for each in handled.replies}
    assert states.pop(sending.key) is ReplyState.SENDING
    assert set(states.values()) == {ReplyState.CANCELLED}
    assert await store.outbox.drafts() == []
    assert await store.conversations.lines("chat", "c1") == []
    counts = await store.events.counts()
    assert (counts.done, counts.dropped) == (2, {"deleted": 1})
    assert adds_up(counts)


async def test_what_was_deleted_before_its_decision_causes_nothing(store: Store) -> None:
    late, gone = await take(store, event("e1"), event("e1", revision=1, kind=EventKind.DELETE))
    await store.events.withdraw(gone)
    planned = plan(replies=(reply("r1"),), ticket=ticket(mention=late.seq))
    await store.events.record([Outcome(seq=late.seq, mention=mention(late), plan=planned)])
    assert await store.mentions.get(late.seq) is None
    assert await store.tickets.get("T-1001") is None
    assert await store.outbox.claim("chat", 9, NOW) == []
    counts = await store.events.counts()
    assert counts.dropped == {"deleted": 2}
    assert adds_up(counts)


async def test_replied_to_knows_every_revision(store: Store) -> None:
    items = await take(store, event("e1"), event("e1", revision=1, kind=EventKind.EDIT), event("z"))
    assert not await store.outbox.replied_to("chat", "e1")
    about = reply(mention=items[0].seq, target=replace(reply().target, reply_to=None))
    await store.events.record(
        [Outcome(seq=items[0].seq, mention=mention(items[0]), plan=plan(replies=(about,)))]
    )
    assert await store.outbox.replied_to("chat", "e1")
    assert not await store.outbox.replied_to("chat", "z")
    assert not await store.outbox.replied_to("other", "e1")
    by_staff = reply("r2", target=replace(reply().target, reply_to="z"))
    assert await store.outbox.add(by_staff)
    assert await store.outbox.replied_to("chat", "z")


async def test_history_is_by_time_of_posting_and_oldest_first(store: Store) -> None:
    await heard(
        store,
        post("late", posted_at=NOW),
        post("early", posted_at=NOW - timedelta(hours=2)),
        post("old", posted_at=NOW - timedelta(hours=9)),
    )
    found = await store.mentions.since(NOW - timedelta(hours=2))
    assert [each.event.id for each in found] == ["early", "late"]


async def test_ticket_numbers_are_never_given_twice(store: Store, opener: Opener) -> None:
    other = await opener(ManualClock(NOW))
    numbers = [await each.tickets.reserve_number() for each in (store, other, store)]
    assert numbers == ["T-1001", "T-1002", "T-1003"]
    await store.close()
    assert await (await opener(ManualClock(NOW))).tickets.reserve_number() == "T-1004"


async def test_a_ticket_is_changed_only_by_who_saw_the_last_change(store: Store) -> None:
    await put(store, event("e1"))
    opened = ticket()
    assert await store.outbox.add(reply(), ticket=opened)
    mine = replace(opened, owner="王芳")
    await store.tickets.save(mine, was=opened)
    with pytest.raises(Conflict, match="T-1001"):
        await store.tickets.save(replace(opened, owner="刘洋"), was=opened)
    with pytest.raises(Conflict):
        await store.tickets.save(ticket("T-9"), was=ticket("T-9"))
    assert await store.tickets.get("T-1001") == mine


async def test_a_resolved_ticket_gives_the_conversation_back(store: Store) -> None:
    (item,) = await take(store, event("e1"))
    opened = ticket(mention=item.seq)
    planned = plan(ticket=opened, conversation=conversation())
    await store.events.record([Outcome(seq=item.seq, mention=mention(item), plan=planned)])
    await store.tickets.save(replace(opened, state=TicketState.WAITING), was=opened)
    assert await store.conversations.get("chat", "c1") == conversation()
    waiting = replace(opened, state=TicketState.WAITING)
    await store.tickets.save(replace(opened, state=TicketState.RESOLVED), was=waiting)
    found = await store.conversations.get("chat", "c1")
    assert found == conversation(state=ConversationState.BOT, ticket=None)


async def test_resolving_leaves_a_conversation_that_has_another_ticket(store: Store) -> None:
    (item,) = await take(store, event("e1"))
    planned = plan(ticket=ticket("T-1001"), conversation=conversation(ticket="T-1002"))
    await store.events.record([Outcome(seq=item.seq, mention=mention(item), plan=planned)])
    await store.tickets.save(replace(ticket(), state=TicketState.RESOLVED), was=ticket())
    assert await store.conversations.get("chat", "c1") == conversation(ticket="T-1002")
    assert (await store.tickets.find(TicketFilter(state="resolved"))).tickets[0].number == "T-1001"
