"""Every store's retention: finished records are deleted, and nothing that is owed."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from core.clock import ManualClock
from core.model.alerts import Mute
from core.model.conversations import ConversationState
from core.model.events import EventKind, Page, Quoted, Reject
from core.model.mentions import Correction
from core.model.outbox import ReplyResult, ReplyState, Target
from core.model.outcomes import Outcome
from core.model.pauses import Pause
from core.model.tickets import Ticket, TicketFilter, TicketState
from core.repositories import Store
from tests.builders import plan
from tests.contracts.store_support import (
    NOW,
    adds_up,
    alert,
    conversation,
    event,
    heard,
    mention,
    post,
    reply,
    take,
    ticket,
    tracked,
)

DAY = timedelta(days=1)
NEVER = datetime.min.replace(tzinfo=NOW.tzinfo) + DAY


async def forget(store: Store, **limits: datetime) -> int:
    """Age out by these limits alone."""
    whole = {"raw": NEVER, "spam": NEVER, "messages": NEVER, "records": NEVER} | limits
    return await store.maintenance.age(
        raw=whole["raw"],
        spam=whole["spam"],
        messages=whole["messages"],
        records=whole["records"],
    )


async def test_raw_texts_age_out_by_class_and_masked_texts_stay(store: Store) -> None:
    text = "电话 13800138000"
    items = await take(
        store,
        event("private", text=text),
        post("public", text=text),
        event("dropped", text=text),
        event("gone", text=text, kind=EventKind.POST, solicited=False),
    )
    for item in items[:2]:
        masked = mention(item, masked_text="电话 [phone]")
        await store.events.record([Outcome(seq=item.seq, mention=masked, plan=plan())])
    for item in items[2:]:
        await store.events.record([Outcome(seq=item.seq, dropped="spam")])
    soon = NOW + timedelta(seconds=1)
    assert await forget(store, spam=NOW) == 0
    assert await forget(store, spam=soon) == 2
    assert await forget(store, spam=soon) == 0
    assert await forget(store, messages=soon) == 1
    shown = [await store.mentions.get(item.seq) for item in items[:2]]
    assert [each.mention.event.text for each in shown if each] == ["电话 [phone]", text]
    assert [line.text for line in await store.conversations.lines("chat", "c1")] == [
        "电话 [phone]",
        "",
    ]
    assert await forget(store, raw=soon) == 1
    assert adds_up(await store.events.counts())


async def test_quoted_texts_age_out_with_the_authors_own(store: Store) -> None:
    theirs = Quoted(author="小李", text="电话 13800138000", id="900")
    forwarded = event("forwarded", text="", quoted=(theirs,), media=("f1",))
    (item,) = await take(store, forwarded)
    assert item.event == forwarded
    shown = mention(item, masked_text="//@小李: 电话 [phone]")
    await store.events.record([Outcome(seq=item.seq, mention=shown, plan=plan())])
    lines = await store.conversations.lines("chat", "c1")
    assert [line.text for line in lines] == ["//@小李: 电话 13800138000"]
    assert await forget(store, messages=NOW + timedelta(seconds=1)) == 1
    record = await store.mentions.get(item.seq)
    assert record is not None
    assert (record.mention.event.text, record.mention.event.quoted) == ("//@小李: 电话 [phone]", ())
    lines = await store.conversations.lines("chat", "c1")
    assert [line.text for line in lines] == ["//@小李: 电话 [phone]"]


async def test_a_pending_event_keeps_its_text(store: Store, clock: ManualClock) -> None:
    (old,) = await take(store, post("old", text="一"))
    await store.events.record([Outcome(seq=old.seq, dropped="x")])
    await clock.advance(3600)
    await take(store, post("pending", text="二"))
    (new,) = await take(store, post("new", text="三"))
    await store.events.record([Outcome(seq=new.seq, dropped="x")])
    assert await forget(store, spam=NOW + timedelta(minutes=1)) == 1
    assert await forget(store, spam=NOW + DAY) == 0, "it never passes a pending event"


async def opened(store: Store, name: str, **changes: object) -> Ticket:
    """A conversation with a ticket that a person answered."""
    (item,) = await take(store, event(name, conversation=name, text=f"问 {name}"))
    about = ticket(f"T-{name}", conversation=name, mention=item.seq, **changes)
    talk = conversation(id=name, ticket=about.number)
    told = reply(
        f"r-{name}", target=Target(channel="chat", conversation=name, author="u1"), text="答"
    )
    planned = plan(ticket=about, conversation=talk, replies=(told,))
    await store.events.record([Outcome(seq=item.seq, mention=mention(item), plan=planned)])
    await store.outbox.claim("chat", 9, NOW)
    await store.outbox.finish([ReplyResult(key=f"r-{name}", state=ReplyState.SENT)])
    return about


async def resolve(store: Store, about: Ticket) -> None:
    await store.tickets.save(replace(about, state=TicketState.RESOLVED), was=about)


async def test_resolved_tickets_and_quiet_conversations_age_out(store: Store) -> None:
    over, _, waits, lively = [
        await opened(store, name) for name in ("over", "owed", "waits", "lively")
    ]
    for each in (over, waits, lively):
        await resolve(store, each)
    draft = reply("d", target=Target(channel="chat", conversation="waits"), state=ReplyState.DRAFT)
    await store.outbox.add(draft)
    (again,) = await take(store, event("again", conversation="lively"))
    later = conversation(id="lively", ticket=None, updated_at=NOW + 9 * DAY)
    await store.events.record(
        [Outcome(seq=again.seq, mention=mention(again), plan=plan(conversation=later))]
    )
    (spam,) = await take(store, event("spam", conversation="spam"))
    await store.events.record([Outcome(seq=spam.seq, dropped="spam")])
    assert await forget(store, records=NOW) == 0
    limit = NOW + 2 * DAY
    assert await forget(store, records=limit) == 4, "two tickets, a conversation, a line of spam"
    assert await forget(store, records=limit) == 0
    numbers = [each.number for each in (await store.tickets.find(TicketFilter())).tickets]
    assert sorted(numbers) == ["T-lively", "T-owed"]
    assert (await store.tickets.find(TicketFilter(text="T-over"))).tickets == ()
    assert await store.conversations.get("chat", "over") is None
    assert await store.conversations.lines("chat", "over") == []
    assert await store.conversations.lines("chat", "spam") == []
    for name in ("owed", "waits", "lively"):
        assert await store.conversations.get("chat", name) is not None, name
        assert await store.conversations.lines("chat", name) != [], name
    handled = await store.mentions.get(1)
    assert handled is not None
    assert handled.ticket is None
    assert not await store.outbox.add(reply("r-over")), "what was sent stays known"
    assert await store.maintenance.examine(mend=False) == []


async def test_ended_conversations_age_out(store: Store) -> None:
    await store.outbox.add(reply("r1", text="秘密"))
    await store.outbox.claim("chat", 9, NOW)
    await store.outbox.finish(
        [ReplyResult(key="r1", state=ReplyState.REJECTED, ends_conversation=True)]
    )
    found = await store.conversations.get("chat", "c1")
    assert found is not None
    assert found.state is ConversationState.ENDED
    assert await forget(store, records=NOW + DAY) == 1
    assert await store.conversations.get("chat", "c1") is None


async def test_resolved_alerts_age_out_with_their_deliveries(store: Store) -> None:
    states = {"over": "resolved", "late": "resolved", "firing": "firing", "taken": "acknowledged"}
    for key, state in states.items():
        await store.alerts.add(alert(key, state=state), ["hook"])
    late = await store.alerts.get("late")
    assert late is not None
    await store.alerts.save(replace(late, resolved_at=NOW + 9 * DAY))
    assert await forget(store, records=NOW + DAY) == 1
    assert {each.key for each in await store.alerts.recent()} == {"late", "firing", "taken"}
    due = await store.alerts.claim("hook", 9, NOW)
    assert {each.key for each in due} == {"late", "firing", "taken"}
    assert await store.maintenance.examine(mend=False) == []


async def test_dead_letters_age_out_and_are_counted(store: Store) -> None:
    reject = Reject(channel="chat", id="x", raw=b"{", reason="bad")
    await store.events.accept("feed", Page(events=(), rejects=(reject,)))
    (bad,) = await take(store, event("bad", text="秘密"))
    await store.events.fail(bad.seq, "ValueError", tries=1)
    before = await store.events.counts()
    assert await forget(store, records=NOW) == 0
    assert await forget(store, records=NOW + DAY) == 3, "two letters and the line of one"
    assert await store.events.dead_letters() == []
    counts = await store.events.counts()
    assert adds_up(counts)
    assert (counts.received, counts.dead, counts.dropped) == (before.received, 0, {"aged": 2})
    assert await store.maintenance.examine(mend=False) == []
    assert not await store.events.replay_dead_letter(1)


async def test_what_stays(store: Store) -> None:
    (said,) = await heard(store, post("p1"))
    await store.tracked_posts.save([tracked(said.seq)])
    await store.corrections.save(
        Correction(mention=said.seq, sentiment="neutral", by="王芳", at=NOW)
    )
    await store.pauses.save(Pause(id="all", scope="all", reason="", by="bot", at=NOW))
    for name, until in (("over", NOW), ("on", NOW + 9 * DAY)):
        await store.alerts.mute(Mute(id=name, until=until, reason="", by="bot"))
    log = await store.audit.entries()
    assert await forget(store, records=NOW + DAY) == 1, "a silence that is over"
    assert [each.id for each in await store.alerts.mutes()] == ["on"]
    assert await store.tracked_posts.get(said.seq) == tracked(said.seq)
    assert len(await store.corrections.recent()) == len(await store.pauses.all()) == 1
    assert await store.audit.entries() == log


async def test_many_records_age_out_batch_by_batch(store: Store) -> None:
    resolved = [alert(f"a{n}", state="resolved") for n in range(510)]
    await asyncio.gather(*(store.alerts.add(each, []) for each in resolved))
    assert await forget(store, records=NOW + DAY) == 510
    assert await store.alerts.recent() == []
