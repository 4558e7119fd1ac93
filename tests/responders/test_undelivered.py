"""Tickets for replies that could not be sent: the one there is, or a new one."""

from datetime import timedelta

from cli.catalogue import shipped_catalogue
from core.clock import ManualClock
from core.model.conversations import Conversation, ConversationState
from core.model.tickets import TicketState
from core.settings import SlaSettings
from responders.tickets import UndeliveredTickets
from tests.builders import START
from tests.responders.builders import mention, reply, ticket
from tests.responders.memory_store import MemoryStore


def undelivered(store: MemoryStore) -> UndeliveredTickets:
    return UndeliveredTickets(
        store=store,
        brand="house",
        catalogue=shipped_catalogue(),
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
    store = MemoryStore(tickets={"T-1001": ticket(state=TicketState.RESOLVED)})
    found = await undelivered(store).ticket_for(reply(of_ticket="T-1001"), "timeout")
    assert (found.number, found.state) == ("T-1001", TicketState.OPEN)


async def test_without_its_own_ticket_the_open_one_of_the_conversation_is_used() -> None:
    store = MemoryStore(
        tickets={"T-1001": ticket(state=TicketState.WAITING)},
        conversations={("webchat", "c-u1"): conversation("T-1001")},
    )
    for one in (reply(), reply(of_ticket="T-9999")):
        found = await undelivered(store).ticket_for(one, "timeout")
        assert (found.number, found.state) == ("T-1001", TicketState.OPEN)


async def test_without_an_open_ticket_a_new_one_about_the_mention_is_opened() -> None:
    store = MemoryStore(
        tickets={"T-1001": ticket(state=TicketState.RESOLVED)},
        conversations={("webchat", "c-u1"): conversation("T-1001")},
        mentions={7: mention(seq=7, risk=("injury",), category="environment", author="u7")},
    )
    store.ticket_rows.number = 1001
    found = await undelivered(store).ticket_for(reply(seq=7), "gate: frozen")
    assert (found.number, found.brand, found.severity) == ("T-1002", "hejia", "P1")
    assert (found.category, found.customer, found.mention) == ("environment", "u7", 7)
    assert found.due_at == START + timedelta(minutes=15)
    assert "gate: frozen" in found.subject


async def test_a_mild_mention_is_p3_and_gets_the_default_brand() -> None:
    store = MemoryStore(mentions={7: mention(seq=7, brands=())})
    found = await undelivered(store).ticket_for(reply(seq=7), "x" * 500)
    assert (found.severity, found.brand) == ("P3", "house")
    assert len(found.subject) == 80


async def test_a_reply_without_mention_still_gets_a_ticket() -> None:
    for one, customer in (
        (reply(), "u1"),
        (reply(seq=99), "u1"),
        (reply(author=None), "c-u1"),
    ):
        found = await undelivered(MemoryStore()).ticket_for(one, "timeout")
        assert (found.brand, found.customer, found.category) == ("house", customer, "other")
        assert found.due_at == START + timedelta(minutes=240)


async def test_only_an_unresolved_ticket_is_owed() -> None:
    waiting = ticket(state=TicketState.WAITING)
    store = MemoryStore(
        tickets={"T-1001": waiting},
        conversations={("webchat", "c-u1"): conversation("T-1001")},
    )
    for one in (reply(), reply(of_ticket="T-1001")):
        found = await undelivered(store).owed(one)
        assert found is not None
        assert (found.number, found.state) == ("T-1001", TicketState.OPEN)
    store.ticket_rows.kept["T-1001"] = ticket(state=TicketState.RESOLVED)
    for one in (reply(), reply(of_ticket="T-1001"), reply(of_ticket="T-9")):
        assert await undelivered(store).owed(one) is None
