"""Every store's promises to staff: tickets in order, alerts, incidents, articles, figures."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.clock import ManualClock
from core.errors import Conflict, InputError
from core.model.outbox import ReplyState
from core.model.outcomes import Outcome
from core.model.tickets import TicketFilter, TicketState
from core.repositories import Store
from tests.builders import article, plan
from tests.contracts.store_port import Opener
from tests.contracts.store_support import (
    HOSTILE,
    NOW,
    alert,
    heard,
    incident,
    judgement,
    mention,
    post,
    reply,
    take,
    ticket,
)


async def add(store: Store, number: str, **changes: object) -> None:
    await store.outbox.add(reply(f"for {number}"), ticket=ticket(number, **changes))


async def numbers(store: Store, where: TicketFilter) -> list[str]:
    return [each.number for each in (await store.tickets.find(where)).tickets]


async def test_tickets_are_by_urgency_page_by_page(store: Store) -> None:
    await add(store, "T-1001", severity="P3")
    await add(store, "T-10000", due_at=NOW)
    await add(store, "T-9999", due_at=NOW)
    await add(store, "T-1004", severity="P1")
    await add(store, "T-1005", due_at=NOW + timedelta(hours=3))
    found: list[str] = []
    after = None
    while True:
        page = await store.tickets.find(TicketFilter(), after=after, limit=2)
        found += [each.number for each in page.tickets]
        if (after := page.next) is None:
            break
    assert found == ["T-1004", "T-9999", "T-10000", "T-1005", "T-1001"]
    with pytest.raises(InputError):
        await store.tickets.find(TicketFilter(), after="nonsense")


async def test_tickets_are_filtered(store: Store) -> None:
    await add(store, "T-1", owner="王芳", brand="a")
    await add(store, "T-2", state=TicketState.WAITING, channel="other")
    await add(store, "T-3", state=TicketState.RESOLVED)
    assert await numbers(store, TicketFilter(owner="王芳")) == ["T-1"]
    assert await numbers(store, TicketFilter(brand="a")) == ["T-1"]
    assert await numbers(store, TicketFilter(channel="other")) == ["T-2"]
    assert await numbers(store, TicketFilter(state="unresolved")) == ["T-1", "T-2"]
    assert await numbers(store, TicketFilter(state="open")) == ["T-1"]
    assert await numbers(store, TicketFilter(state="resolved")) == ["T-3"]
    assert await numbers(store, TicketFilter(state="waiting", brand="a")) == []


async def test_tickets_are_searched(store: Store) -> None:
    await add(store, "T-1001", subject="面包发霉了，要退款")
    await add(store, "T-1002", subject="Refund for the MILK", category="delivery")
    for text, wanted in {
        "发霉": ["T-1001"],
        "霉": ["T-1001"],
        "milk refund": ["T-1002"],
        "t-1002": ["T-1002"],
        "delivery": ["T-1002"],
        "发霉 milk": [],
        "  ": ["T-1001", "T-1002"],
        "！？": [],
    }.items():
        assert await numbers(store, TicketFilter(text=text)) == wanted, text
    was = ticket("T-1001")
    await store.tickets.save(replace(was, subject="牛奶变质"), was=was)
    assert await numbers(store, TicketFilter(text="发霉")) == []
    assert await numbers(store, TicketFilter(text="牛奶")) == ["T-1001"]


async def test_late_tickets_are_told_once_a_day(store: Store) -> None:
    late = {"due_at": NOW - timedelta(minutes=1)}
    await add(store, "T-1", **late)
    await add(store, "T-2", answered_at=NOW, **late)
    await add(store, "T-3", state=TicketState.RESOLVED, **late)
    await add(store, "T-4", due_at=NOW + timedelta(minutes=1))
    assert [each.number for each in await store.tickets.late(NOW)] == ["T-1"]
    await store.tickets.mark_reminded("T-1", NOW)
    await store.tickets.mark_reminded("T-unknown", NOW)
    assert await store.tickets.late(NOW) == []
    reminded = await store.tickets.get("T-1")
    assert reminded is not None
    assert reminded.reminded_at == NOW
    later = replace(reminded, due_at=NOW + timedelta(hours=1))
    await store.tickets.save(later, was=reminded)
    due = await store.tickets.late(NOW + timedelta(hours=2))
    assert [each.number for each in due] == ["T-4", "T-1"], "a new deadline is a new reminder"
    for number in ("T-1", "T-4"):
        await store.tickets.mark_reminded(number, NOW + timedelta(hours=2))
    day = NOW + timedelta(hours=26)
    assert await store.tickets.late(day - timedelta(microseconds=1)) == []
    due = await store.tickets.late(day)
    assert [each.number for each in due] == ["T-4", "T-1"], "once a day until somebody answers"


async def test_an_alert_waits_until_every_receiver_has_it(store: Store) -> None:
    assert await store.alerts.add(alert("a1"), ["log", "hook"])
    assert not await store.alerts.add(alert("a1", title="again"), ["log", "other"])
    await store.alerts.add(alert("a2", created_at=NOW + timedelta(seconds=1)), ["hook"])
    later = NOW + timedelta(seconds=2)
    assert [each.key for each in await store.alerts.claim("hook", 9, later)] == ["a1", "a2"]
    assert await store.alerts.claim("other", 9, later) == []
    retry = NOW + timedelta(minutes=5)
    await store.alerts.finish("a1", "hook", delivered=False, reason="500", retry_at=retry)
    await store.alerts.finish("a2", "hook", delivered=True, retry_at=retry)
    assert await store.alerts.claim("hook", 9, retry - timedelta(seconds=1)) == []
    assert await store.alerts.claim("hook", 9, retry) == [alert("a1")]
    assert await store.alerts.claim("log", 9, NOW) == [alert("a1")]


async def test_a_delivery_that_was_never_finished_is_due_again(
    store: Store, opener: Opener
) -> None:
    await store.alerts.add(alert("a1"), ["hook"])
    assert await store.alerts.claim("hook", 9, NOW) == [alert("a1")]
    assert await store.alerts.claim("hook", 9, NOW) == []
    await store.close()
    other = await opener(ManualClock(NOW))
    assert await other.alerts.claim("hook", 9, NOW) == [alert("a1")]
    assert await other.alerts.claim("hook", 9, NOW + timedelta(minutes=2)) == [alert("a1")]


async def test_an_alert_is_taken_on_by_one(store: Store) -> None:
    await store.alerts.add(alert("a1", body=HOSTILE), [])
    await store.alerts.add(alert("a2", created_at=NOW + timedelta(seconds=1)), [])
    assert [each.key for each in await store.alerts.recent()] == ["a2", "a1"]
    assert [each.key for each in await store.alerts.recent(limit=1)] == ["a2"]
    taken = await store.alerts.acknowledge("a1", by="王芳")
    assert taken == alert(
        "a1", body=HOSTILE, state="acknowledged", owner="王芳", acknowledged_at=NOW, version=1
    )
    assert (await store.alerts.recent())[1] == taken
    with pytest.raises(Conflict):
        await store.alerts.acknowledge("a1", by="刘洋")
    with pytest.raises(Conflict):
        await store.alerts.acknowledge("unknown", by="刘洋")


async def test_one_incident_is_open_for_a_key(store: Store, opener: Opener) -> None:
    first = await store.incidents.open(incident("k"))
    assert first == incident("k", id="INC-101")
    assert await store.incidents.open(incident("k", mentions=99)) == first
    second = await store.incidents.open(incident("other", last_at=NOW + timedelta(hours=1)))
    assert second.id == "INC-102"
    assert [each.id for each in await store.incidents.find()] == ["INC-102", "INC-101"]
    resolved = await store.incidents.save(replace(first, state="resolved"))
    assert resolved.version == 1
    third = await (await opener(ManualClock(NOW))).incidents.open(incident("k"))
    assert third.id == "INC-103"
    assert [each.id for each in await store.incidents.find(state="resolved")] == ["INC-101"]
    assert [each.id for each in await store.incidents.find(state="open", limit=1)] == ["INC-102"]
    assert await store.incidents.get("INC-101") == resolved
    assert await store.incidents.get("INC-999") is None
    named = await store.incidents.open(incident("named", id="INC-7"))
    assert named.id == "INC-7"


async def test_an_incident_is_changed_only_by_who_saw_the_last_change(store: Store) -> None:
    seen = await store.incidents.open(incident("k"))
    changed = await store.incidents.save(replace(seen, mentions=9))
    assert (changed.version, changed.mentions) == (1, 9)
    with pytest.raises(Conflict, match="INC-101"):
        await store.incidents.save(replace(seen, mentions=10))
    with pytest.raises(Conflict):
        await store.incidents.save(incident("k", id="INC-999"))
    assert await store.incidents.get("INC-101") == changed


async def test_mentions_are_assigned_to_an_incident(store: Store) -> None:
    first, second = await heard(store, post("p1"), post("p2"))
    await store.incidents.assign([first.seq, 10**9], "INC-101")
    for each, wanted in ((first, "INC-101"), (second, None)):
        handled = await store.mentions.get(each.seq)
        assert handled is not None
        assert handled.mention.incident == wanted


async def test_articles_are_replaced_together(store: Store, opener: Opener) -> None:
    hours = article("hours", questions=("几点关门",))
    opening = article("hours", language="en", title="Opening hours", body="8 am to 10 pm")
    returns = article("returns", title="退货", body="营业时间内凭小票退货", category="returns")
    await store.articles.replace([hours, opening, returns])
    assert await store.articles.all() == (hours, opening, returns)
    other = await opener(ManualClock(NOW))
    await other.articles.replace([returns])
    assert await store.articles.all() == (returns,)


async def test_settings_are_kept(store: Store, opener: Opener) -> None:
    assert await store.values.get("freeze") is None
    await store.values.set("freeze", "on")
    await store.values.set("freeze", "关")
    assert await (await opener(ManualClock(NOW))).values.get("freeze") == "关"


async def test_figures(store: Store) -> None:
    await heard(
        store,
        post("now"),
        post("hour", posted_at=NOW - timedelta(minutes=59)),
        post("old", posted_at=NOW - timedelta(hours=2)),
    )
    (item,) = await take(store, post("glad"))
    glad = mention(item, judgement=judgement(sentiment="positive"))
    await store.events.record([Outcome(seq=item.seq, mention=glad, plan=plan())])
    await add(store, "T-1", due_at=NOW - timedelta(minutes=1))
    await add(store, "T-2")
    await add(store, "T-3", state=TicketState.RESOLVED)
    await store.outbox.add(reply("d", state=ReplyState.DRAFT))
    await store.alerts.add(alert("a1"), [])
    await store.alerts.add(alert("a2"), [])
    await store.alerts.acknowledge("a2", by="王芳")
    figures = await store.maintenance.figures(NOW)
    assert (figures.mentions_last_hour, figures.negative_last_hour) == (3, 2)
    assert (figures.unresolved_tickets, figures.late_tickets) == (2, 1)
    assert (figures.drafts, figures.firing_alerts) == (1, 1)


async def test_what_is_not_there_is_none(store: Store) -> None:
    assert await store.tickets.get("T-1") is None
    assert await store.conversations.get("chat", HOSTILE) is None
    assert await store.mentions.get(1) is None
    assert await store.articles.all() == ()
    assert await store.incidents.find() == []
