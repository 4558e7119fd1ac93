"""A person blocks the bot: the conversation ends, and nothing is sent again."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cli.catalogue import shipped_catalogue
from connectors.telegram.connector import Telegram
from connectors.telegram.settings import TelegramSettings
from core.clock import SystemClock
from core.model.conversations import Conversation, ConversationState
from core.model.decisions import Action, Decision
from core.model.events import Page
from core.model.mentions import Mention
from core.model.outbox import Reply, ReplyState, Target
from core.model.outcomes import Outcome, Plan
from core.model.tickets import Ticket, TicketFilter
from core.runtime.bus import Bus
from core.runtime.dispatch import Dispatcher
from core.settings import SlaSettings
from moderation.gate import build_guards
from responders.tickets import UndeliveredTickets
from storage.sqlite.store import SqliteStore
from tests.builders import event, judgement, ticket
from tests.connectors.support import ConnectorKit
from tests.connectors.telegram.server import TOKEN, error, telegram_server
from tests.driven_clock import WATCHDOG_SECONDS

CLOCK = SystemClock()


def answer(number: int, chat: str, *, by: str = "bot") -> Reply:
    return Reply(
        key=f"k{number}",
        target=Target(channel="tg", conversation=chat, author=chat),
        text=f"答复 {number}",
        state=ReplyState.PENDING,
        language="zh",
        by=by,
        created_at=CLOCK.now(),
    )


async def hear(store: SqliteStore, chat: str, replies: list[Reply], owed: Ticket | None) -> None:
    """A shopper's message with what was decided about it."""
    said = replace(event(f"{chat}:1"), channel="tg", conversation=chat)
    await store.events.accept("tg", Page(events=(said,)))
    (item,) = await store.events.claim(1)
    mention = Mention(seq=item.seq, event=said, brands=("hejia",), judgement=judgement())
    talk = Conversation(
        channel="tg",
        id=chat,
        customer=chat,
        language="zh",
        state=ConversationState.BOT,
        updated_at=CLOCK.now(),
        ticket=owed.number if owed else None,
    )
    decision = Decision(action=Action.REPLY, rule="r", reason="because")
    plan = Plan(decision=decision, conversation=talk, ticket=owed, replies=tuple(replies))
    await store.events.record([Outcome(seq=item.seq, mention=mention, plan=plan)])


@pytest.mark.parametrize(("owed", "by"), [(False, "bot"), (True, "bot"), (False, "小李")])
async def test_a_403_ends_the_conversation(tmp_path: Path, owed: bool, by: str) -> None:
    store = await SqliteStore.open(tmp_path / "store.db", clock=CLOCK)
    open_ticket = None
    if owed:
        number = await store.tickets.reserve_number()
        open_ticket = replace(ticket(number), channel="tg", conversation="7")
    async with telegram_server() as server:
        server.trouble("sendMessage", error(403, "Forbidden: bot was blocked by the user"))
        bot = Telegram(
            name="tg",
            settings=TelegramSettings.model_validate({"token": TOKEN, "base_url": server.url}),
            context=ConnectorKit(folder=tmp_path).context,
        )
        later = replace(answer(2, "7"), not_before=CLOCK.now() + timedelta(seconds=1))
        await hear(store, "7", [answer(1, "7", by=by), later], open_ticket)
        await hear(store, "8", [answer(3, "8")], None)
        dispatcher = Dispatcher(
            "tg",
            bot,
            outbox=store.outbox,
            gate=build_guards(CLOCK, store=store).gate,
            undelivered=UndeliveredTickets(
                store=store,
                brand="hejia",
                catalogue=shipped_catalogue(),
                sla=SlaSettings(),
                clock=CLOCK,
            ),
            clock=CLOCK,
            bus=Bus(),
            resend=False,
        )
        work = asyncio.create_task(dispatcher.run())
        async with asyncio.timeout(WATCHDOG_SECONDS):
            while await store.outbox.waiting_channels():
                await asyncio.sleep(0.02)
        await store.outbox.add(answer(4, "7"))
        await asyncio.sleep(1.2)
        work.cancel()
        await bot.close()
        assert [call.fields["chat_id"] for call in server.asked("sendMessage")] == ["7", "8"]
    talk = await store.conversations.get("tg", "7")
    assert talk is not None
    assert talk.state is ConversationState.ENDED
    tickets = (await store.tickets.find(TicketFilter())).tickets
    assert len(tickets) == (owed or by != "bot"), "nobody has to work on who does not want us"
    assert all(one.conversation == "7" for one in tickets)
    await store.close()
