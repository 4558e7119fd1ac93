"""Every store's replies: at most once, and every doubt is seen."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.clock import ManualClock
from core.errors import Conflict
from core.model.conversations import ConversationState
from core.model.outbox import Reply, ReplyResult, ReplyState, Target
from core.model.outcomes import Outcome
from core.model.tickets import TicketState
from core.repositories import Store
from tests.builders import plan
from tests.contracts.store_port import Opener
from tests.contracts.store_support import (
    HOSTILE,
    LONE,
    NOW,
    conversation,
    event,
    mention,
    post,
    put,
    reply,
    take,
    ticket,
)


def to(name: str) -> Target:
    return Target(channel="chat", conversation=name)


async def test_a_due_reply_is_claimed_once(store: Store, opener: Opener) -> None:
    other = await opener(ManualClock(NOW))
    for n in range(20):
        await store.outbox.add(reply(f"r{n}", target=to(f"c{n}")))
    claims = await asyncio.gather(
        *(each.outbox.claim("chat", 3, NOW) for each in (store, other) * 4)
    )
    keys = [each.key for claim in claims for each in claim]
    assert len(keys) == len(set(keys)) == 20
    assert {each.state for claim in claims for each in claim} == {ReplyState.SENDING}


async def test_claims_are_in_order_and_of_one_channel(store: Store) -> None:
    other = reply("x", target=Target(channel="other", conversation="c1"))
    await store.outbox.add(other)
    later = reply("later", target=to("c9"), not_before=NOW + timedelta(minutes=1))
    await store.outbox.add(later)
    for n in range(3):
        await store.outbox.add(reply(f"r{n}", target=to(f"c{n}")))
    assert [each.key for each in await store.outbox.claim("chat", 2, NOW)] == ["r0", "r1"]
    assert [each.key for each in await store.outbox.claim("chat", 9, NOW)] == ["r2"]
    due = await store.outbox.claim("chat", 9, NOW + timedelta(minutes=1))
    assert [each.key for each in due] == ["later"]


async def test_channels_wait_while_anything_is_pending_or_being_sent(store: Store) -> None:
    assert await store.outbox.waiting_channels() == []
    await store.outbox.add(reply("d", state=ReplyState.DRAFT))
    await store.outbox.add(reply("r1"))
    await store.outbox.add(reply("r2", target=Target(channel="a", conversation="c")))
    assert await store.outbox.waiting_channels() == ["a", "chat"]
    await store.outbox.claim("chat", 9, NOW)
    assert await store.outbox.waiting_channels() == ["a", "chat"]
    await store.outbox.finish([ReplyResult(key="r1", state=ReplyState.SENT)])
    assert await store.outbox.waiting_channels() == ["a"]


async def test_a_sent_reply_is_a_line_of_the_conversation(store: Store, clock: ManualClock) -> None:
    await put(store, event("e1", text="问"))
    await store.outbox.add(reply("r1", text=HOSTILE))
    await store.outbox.claim("chat", 9, NOW)
    assert [line.direction for line in await store.conversations.lines("chat", "c1")] == ["in"]
    await clock.advance(5)
    sent = (
        await store.outbox.finish([ReplyResult(key="r1", state=ReplyState.SENT, native_id="n1")])
    )[0]
    again = (
        await store.outbox.finish([ReplyResult(key="r1", state=ReplyState.SENT, native_id="n1")])
    )[0]
    assert sent == again
    assert (sent.state, sent.native_id) == (ReplyState.SENT, "n1")
    question, answer = await store.conversations.lines("chat", "c1")
    assert question.seq < answer.seq
    assert (answer.direction, answer.id, answer.by, answer.text) == ("out", "r1", "bot", HOSTILE)
    assert answer.at == NOW + timedelta(seconds=5)


async def test_a_reply_reads_the_same_wherever_it_is_read(store: Store, opener: Opener) -> None:
    """Through every state of its way, with a delay behind it."""
    other = await opener(ManualClock(NOW))
    (item,) = await take(store, event("e1"))
    await store.outbox.add(reply("r1", mention=item.seq, text=HOSTILE))
    await store.events.record([Outcome(seq=item.seq, mention=mention(item), plan=plan())])
    later = NOW + timedelta(seconds=30)
    delay = ReplyResult(
        key="r1", state=ReplyState.PENDING, reason="flood", not_before=later, native_id=None
    )
    sent = ReplyResult(key="r1", state=ReplyState.SENT, native_id=f"7:{LONE}")

    async def read() -> set[Reply]:
        record = await other.mentions.get(item.seq)
        assert record is not None
        return {*record.replies, *(await other.customers.export("u1")).replies}

    assert await read() == {reply("r1", mention=item.seq, text=HOSTILE)}
    (first,) = await store.outbox.claim("chat", 9, NOW)
    assert await read() == {first}
    (delayed,) = await store.outbox.finish([delay])
    assert await read() == {delayed}
    (second,) = await store.outbox.claim("chat", 9, later)
    assert (second.state, second.attempts, second.reason) == (ReplyState.SENDING, 1, "flood")
    assert await read() == {second}
    (done,) = await store.outbox.finish([sent])
    assert await read() == {done}
    assert (done.state, done.attempts, done.native_id) == (ReplyState.SENT, 1, f"7:{LONE}")
    assert (done.reason, done.not_before, done.text) == ("", None, HOSTILE)
    assert await store.outbox.finish([sent]) == [done]


async def test_a_reply_that_must_wait_is_pending_again(store: Store) -> None:
    await store.outbox.add(reply("r1"))
    await store.outbox.claim("chat", 9, NOW)
    later = NOW + timedelta(seconds=30)
    waiting = (
        await store.outbox.finish(
            [ReplyResult(key="r1", state=ReplyState.PENDING, reason="flood", not_before=later)]
        )
    )[0]
    assert (waiting.attempts, waiting.not_before, waiting.reason) == (1, later, "flood")
    assert await store.outbox.claim("chat", 9, later - timedelta(microseconds=1)) == []
    assert [each.attempts for each in await store.outbox.claim("chat", 9, later)] == [1]


async def test_a_doubtful_reply_comes_with_its_ticket(store: Store) -> None:
    (item,) = await take(store, post("p1"))
    await store.outbox.add(reply("r1", mention=item.seq))
    await store.outbox.claim("chat", 9, NOW)
    doubt = ticket("T-1001", mention=item.seq, subject="reply in doubt")
    unknown = (
        await store.outbox.finish(
            [ReplyResult(key="r1", state=ReplyState.UNKNOWN, reason="timed out", ticket=doubt)]
        )
    )[0]
    assert (unknown.state, unknown.ticket) == (ReplyState.UNKNOWN, "T-1001")
    assert await store.tickets.get("T-1001") == doubt
    sent = (
        await store.outbox.finish([ReplyResult(key="r1", state=ReplyState.SENT, native_id="n1")])
    )[0]
    assert (sent.state, sent.ticket) == (ReplyState.SENT, "T-1001")


async def test_a_doubt_about_a_complaint_joins_its_ticket(store: Store) -> None:
    (item,) = await take(store, event("e1"))
    await store.outbox.add(reply("r0"), ticket=ticket("T-1001", mention=item.seq))
    await store.outbox.add(reply("r1", mention=item.seq))
    await store.outbox.claim("chat", 9, NOW)
    unknown = (
        await store.outbox.finish(
            [
                ReplyResult(
                    key="r1", state=ReplyState.UNKNOWN, ticket=ticket("T-1002", mention=item.seq)
                )
            ]
        )
    )[0]
    assert unknown.ticket == "T-1001"
    assert await store.tickets.get("T-1002") is None


async def test_only_what_is_being_sent_can_be_finished(store: Store) -> None:
    await store.outbox.add(reply("r1"))
    with pytest.raises(Conflict, match="r1"):
        await store.outbox.finish([ReplyResult(key="r1", state=ReplyState.SENT)])
    with pytest.raises(Conflict, match="never"):
        await store.outbox.finish([ReplyResult(key="never", state=ReplyState.SENT)])
    await store.outbox.claim("chat", 9, NOW)
    await store.outbox.finish(
        [ReplyResult(key="r1", state=ReplyState.REJECTED, reason="gate: frozen")]
    )
    with pytest.raises(Conflict):
        await store.outbox.finish([ReplyResult(key="r1", state=ReplyState.SENT)])
    assert await store.conversations.lines("chat", "c1") == []


async def test_a_batch_of_results_is_stored_whole_or_not_at_all(store: Store) -> None:
    for key in ("r1", "r2"):
        assert await store.outbox.add(reply(key))
    await store.outbox.claim("chat", 2, NOW)
    sent = [
        ReplyResult(key=key, state=ReplyState.SENT, native_id=f"n-{key}") for key in ("r1", "r2")
    ]
    unknown = ReplyResult(key="nothing", state=ReplyState.SENT)
    with pytest.raises(Conflict, match="nothing"):
        await store.outbox.finish([unknown, *sent])
    assert await store.outbox.waiting_channels() == ["chat"]
    done = await store.outbox.finish(sent)
    assert [(one.key, one.native_id) for one in done] == [("r1", "n-r1"), ("r2", "n-r2")]
    assert await store.outbox.waiting_channels() == []
    assert await store.outbox.finish([]) == []


async def test_only_what_nobody_alive_is_sending_is_in_doubt(store: Store, opener: Opener) -> None:
    other = await opener(ManualClock(NOW))
    await store.outbox.add(reply("mine", target=to("c1")))
    await store.outbox.add(reply("theirs", target=to("c2")))
    await store.outbox.claim("chat", 1, NOW)
    await other.outbox.claim("chat", 1, NOW)
    assert await store.outbox.in_doubt("chat") == []
    await other.close()
    assert [each.key for each in await store.outbox.in_doubt("chat")] == ["theirs"]
    assert [each.key for each in await store.outbox.in_doubt("chat")] == ["theirs"], (
        "until it is settled"
    )
    third = await opener(ManualClock(NOW))
    assert await third.outbox.in_doubt("chat") == [], "two must not settle the same reply"
    assert await store.outbox.in_doubt("other") == []
    await store.outbox.finish([ReplyResult(key="theirs", state=ReplyState.SENT, native_id="n")])
    assert await store.outbox.in_doubt("chat") == []


async def test_a_conversation_that_ended_gets_nothing_more(store: Store) -> None:
    for key in ("r1", "waits", "sending"):
        await store.outbox.add(reply(key))
    await store.outbox.add(reply("draft", state=ReplyState.DRAFT))
    elsewhere = reply("elsewhere", target=Target(channel="chat", conversation="c2"))
    await store.outbox.add(elsewhere)
    (item,) = await take(store, event("e1"))
    waiting = conversation(state=ConversationState.BOT, ticket=None)
    await store.events.record(
        [Outcome(seq=item.seq, mention=mention(item), plan=plan(conversation=waiting))]
    )
    await store.outbox.claim("chat", 1, NOW)
    last = (
        await store.outbox.finish(
            [
                ReplyResult(
                    key="r1", state=ReplyState.REJECTED, reason="blocked", ends_conversation=True
                )
            ]
        )
    )[0]
    assert (last.state, last.reason) == (ReplyState.REJECTED, "blocked")
    found = await store.conversations.get("chat", "c1")
    assert found == conversation(state=ConversationState.ENDED, ticket=None)
    assert await store.outbox.drafts() == []
    with pytest.raises(Conflict):
        await store.outbox.settle_draft("draft", by="王芳", approve=True, text="")
    assert await store.outbox.add(reply("later"), ticket=ticket("T-1001"))
    opened = await store.tickets.get("T-1001")
    assert opened is not None
    await store.tickets.save(replace(opened, state=TicketState.RESOLVED), was=opened)
    assert await store.conversations.get("chat", "c1") == found, "nobody can be reached there still"
    assert [each.key for each in await store.outbox.claim("chat", 9, NOW)] == ["elsewhere"]


async def test_a_reply_on_its_way_when_the_conversation_ended(store: Store) -> None:
    await store.outbox.add(reply("r1"))
    await store.outbox.add(reply("r2"))
    await store.outbox.claim("chat", 2, NOW)
    await store.outbox.finish(
        [ReplyResult(key="r1", state=ReplyState.REJECTED, reason="x", ends_conversation=True)]
    )
    again = (
        await store.outbox.finish(
            [ReplyResult(key="r2", state=ReplyState.PENDING, reason="flood", not_before=NOW)]
        )
    )[0]
    assert again.state is ReplyState.CANCELLED
    assert await store.outbox.claim("chat", 9, NOW) == []
    found = await store.conversations.get("chat", "c1")
    assert found is not None
    assert (found.state, found.customer) == (ConversationState.ENDED, "u1")


async def test_drafts_wait_for_a_person(store: Store) -> None:
    for key in ("d1", "d2"):
        await store.outbox.add(reply(key, state=ReplyState.DRAFT))
    assert [each.key for each in await store.outbox.drafts()] == ["d1", "d2"]
    assert [each.key for each in await store.outbox.drafts(limit=1)] == ["d1"]
    assert await store.outbox.claim("chat", 9, NOW) == []
    approved = await store.outbox.settle_draft("d1", by="王芳", approve=True, text="改过的")
    assert (approved.state, approved.by, approved.text) == (ReplyState.PENDING, "王芳", "改过的")
    refused = await store.outbox.settle_draft("d2", by="王芳", approve=False, text="whatever")
    assert (refused.state, refused.text) == (ReplyState.CANCELLED, "已收到")
    assert "王芳" in refused.reason
    with pytest.raises(Conflict):
        await store.outbox.settle_draft("d1", by="刘洋", approve=False, text="")
    assert [each.text for each in await store.outbox.claim("chat", 9, NOW)] == ["改过的"]


async def test_a_reply_by_staff_is_added_once_with_its_ticket(store: Store) -> None:
    assert await store.outbox.add(reply("r1", by="王芳"), ticket=ticket(answered_at=NOW))
    assert not await store.outbox.add(reply("r1"), ticket=ticket(severity="P1"))
    assert await store.tickets.get("T-1001") == ticket(answered_at=NOW)


async def test_a_reply_by_staff_names_the_ticket_there_is(store: Store) -> None:
    (item,) = await take(store, event("e1"))
    await store.outbox.add(reply("r1"), ticket=ticket("T-1001", mention=item.seq))
    again = reply("r2", ticket="T-1002", mention=item.seq)
    await store.outbox.add(again, ticket=ticket("T-1002", mention=item.seq))
    found = await store.outbox.claim("chat", 9, NOW)
    assert [each.ticket for each in found] == [None, "T-1001"]


class TestOrder:
    """The replies of one conversation are sent in their order, whatever happens to one of them."""

    async def test_those_that_are_due_together_are_claimed_together(self, store: Store) -> None:
        for n in range(4):
            await store.outbox.add(reply(f"r{n}"))
        assert await claimed(store) == ["r0", "r1", "r2", "r3"]

    async def test_one_that_is_being_sent_holds_back_the_next(self, store: Store) -> None:
        for n in range(3):
            await store.outbox.add(reply(f"r{n}"))
        await store.outbox.add(reply("other", target=to("c2")))
        assert await claimed(store, 1) == ["r0"]
        assert await claimed(store) == ["other"]
        await store.outbox.finish([ReplyResult(key="r0", state=ReplyState.SENT, native_id="n")])
        assert await claimed(store) == ["r1", "r2"]

    async def test_one_that_a_killed_process_left_in_doubt_holds_back_the_next(
        self, store: Store, opener: Opener
    ) -> None:
        """Until it was looked for on the platform, or sent again."""
        other = await opener(ManualClock(NOW))
        for n in range(2):
            await store.outbox.add(reply(f"r{n}"))
        await store.outbox.add(reply("other", target=to("c2")))
        assert [one.key for one in await other.outbox.claim("chat", 1, NOW)] == ["r0"]
        await other.close()
        assert await claimed(store) == ["other"]
        (doubtful,) = await store.outbox.in_doubt("chat")
        assert doubtful.key == "r0"
        assert await claimed(store) == []
        await store.outbox.finish([ReplyResult(key="r0", state=ReplyState.SENT, native_id="n")])
        assert await claimed(store) == ["r1"]

    async def test_one_that_has_to_be_tried_again_later_holds_back_the_next(
        self, store: Store
    ) -> None:
        later = NOW + timedelta(minutes=1)
        await store.outbox.add(reply("r0"))
        assert await claimed(store) == ["r0"]
        again = ReplyResult(key="r0", state=ReplyState.PENDING, reason="slow", not_before=later)
        await store.outbox.finish([again])
        for n in range(1, 4):
            await store.outbox.add(reply(f"r{n}"))
        await store.outbox.add(reply("other", target=to("c2")))
        assert await claimed(store) == ["other"]
        assert await claimed(store, now=later) == ["r0", "r1", "r2", "r3"]

    @pytest.mark.parametrize("state", [ReplyState.REJECTED, ReplyState.UNKNOWN])
    async def test_one_that_is_given_up_holds_back_nothing(
        self, store: Store, state: ReplyState
    ) -> None:
        for n in range(2):
            await store.outbox.add(reply(f"r{n}"))
        assert await claimed(store, 1) == ["r0"]
        await store.outbox.finish(
            [ReplyResult(key="r0", state=state, reason="x", ticket=ticket("T-1"))]
        )
        assert await claimed(store) == ["r1"]

    async def test_a_draft_holds_back_nothing(self, store: Store) -> None:
        await store.outbox.add(reply("draft", state=ReplyState.DRAFT))
        await store.outbox.add(reply("r1"))
        assert await claimed(store) == ["r1"]

    async def test_many_that_wait_hide_no_other_conversation(self, store: Store) -> None:
        for n in range(30):
            await store.outbox.add(reply(f"r{n}"))
        assert await claimed(store, 1) == ["r0"]
        await store.outbox.add(reply("other", target=to("c2")))
        assert await claimed(store, 5) == ["other"]


async def claimed(store: Store, limit: int = 9, now: datetime = NOW) -> list[str]:
    return [one.key for one in await store.outbox.claim("chat", limit, now)]
