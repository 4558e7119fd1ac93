"""A reply that cannot be completed: the matter's own ticket, or a new one."""

from datetime import timedelta

from core.clock import ManualClock
from core.conversations import Conversation, ConversationState
from core.settings import SlaSettings
from core.tickets import TicketState
from responders.templates import shipped_catalogue
from responders.tickets.undelivered import PersonDoubts
from tests.builders import START
from tests.responders.parts import Memory, mention, reply, ticket


def doubts(store: Memory) -> PersonDoubts:
    return PersonDoubts(
        store=store,
        brand="house",
        texts=shipped_catalogue(),
        sla=SlaSettings(),
        clock=ManualClock(START),
    )


def conversation(number: str | None) -> Conversation:
    return Conversation(
        channel="webchat",
        id="c-u1",
        customer="u1",
        language="zh",
        state=ConversationState.BOT,
        updated_at=START,
        ticket=number,
    )


async def test_the_reply_s_own_ticket_is_opened_again() -> None:
    store = Memory(tickets={"T-1001": ticket(state=TicketState.RESOLVED)})
    found = await doubts(store).ticket_for(reply(of_ticket="T-1001"), "timeout")
    assert (found.number, found.state) == ("T-1001", TicketState.OPEN)


async def test_else_the_open_ticket_of_the_conversation() -> None:
    store = Memory(
        tickets={"T-1001": ticket(state=TicketState.WAITING)},
        conversations={("webchat", "c-u1"): conversation("T-1001")},
    )
    for one in (reply(), reply(of_ticket="T-9999")):
        found = await doubts(store).ticket_for(one, "timeout")
        assert (found.number, found.state) == ("T-1001", TicketState.OPEN)


async def test_else_a_new_one_about_the_mention() -> None:
    store = Memory(
        tickets={"T-1001": ticket(state=TicketState.RESOLVED)},
        conversations={("webchat", "c-u1"): conversation("T-1001")},
        mentions={7: mention(seq=7, risk=("injury",), category="environment", author="u7")},
    )
    store.matters.number = 1001
    found = await doubts(store).ticket_for(reply(seq=7), "gate: frozen")
    assert (found.number, found.brand, found.severity) == ("T-1002", "hejia", "P1")
    assert (found.category, found.customer, found.mention) == ("environment", "u7", 7)
    assert found.due_at == START + timedelta(minutes=15)
    assert "gate: frozen" in found.subject


async def test_a_mild_mention_is_p3_and_without_a_brand_the_house_speaks() -> None:
    store = Memory(mentions={7: mention(seq=7, brands=())})
    found = await doubts(store).ticket_for(reply(seq=7), "x" * 500)
    assert (found.severity, found.brand) == ("P3", "house")
    assert len(found.subject) == 80


async def test_a_reply_about_nothing_known_still_reaches_a_person() -> None:
    for one, customer in (
        (reply(), "u1"),
        (reply(seq=99), "u1"),
        (reply(author=None), "c-u1"),
    ):
        found = await doubts(Memory()).ticket_for(one, "timeout")
        assert (found.brand, found.customer, found.category) == ("house", customer, "other")
        assert found.due_at == START + timedelta(minutes=240)


async def test_only_a_ticket_that_is_not_resolved_is_owed() -> None:
    waiting = ticket(state=TicketState.WAITING)
    store = Memory(
        tickets={"T-1001": waiting},
        conversations={("webchat", "c-u1"): conversation("T-1001")},
    )
    for one in (reply(), reply(of_ticket="T-1001")):
        found = await doubts(store).owed(one)
        assert found is not None
        assert (found.number, found.state) == ("T-1001", TicketState.OPEN)
    store.matters.kept["T-1001"] = ticket(state=TicketState.RESOLVED)
    for one in (reply(), reply(of_ticket="T-1001"), reply(of_ticket="T-9")):
        assert await doubts(store).owed(one) is None
