"""A staff group at work: a server, a store, a desk and the feed between them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from cli.catalogue import shipped_catalogue
from cli.settings_file import parse
from connectors.context import StaffRoom
from connectors.telegram.connector import Telegram
from connectors.telegram.settings import TelegramSettings
from core.clock import SystemClock
from core.model.cards import token_of
from core.model.decisions import Action, Decision
from core.model.events import Page
from core.model.mentions import Mention
from core.model.outbox import Reply, ReplyState, Target
from core.model.outcomes import Outcome, Plan
from core.runtime.bus import Bus
from moderation.gate import StoredPauses
from responders.factory import StaffServices
from storage.sqlite.store import SqliteStore
from tests.builders import event, judgement
from tests.connectors.support import ConnectorKit, running
from tests.connectors.telegram.server import TOKEN, TelegramServer

CHAT = -100500
SETTINGS = parse(
    """
[[brands]]
id = "hejia"
name = "禾家"
terms = ["禾家"]
[[channels]]
name = "tg"
type = "telegram"
[[staff]]
name = "小李"
telegram = "7"
[[staff]]
name = "小赵"
telegram = "8"
[[staff]]
name = "小王"
""",
    {},
)
CLOCK = SystemClock()


class StaffProcess:
    """One process: everything behind the group, over a store that outlives it."""

    def __init__(self, server: TelegramServer, store: SqliteStore, folder: Path) -> None:
        self.server, self.store, self.bus = server, store, Bus()
        self.pauses = StoredPauses(store.pauses, store.mentions)
        self.staff = StaffServices(
            SETTINGS,
            catalogue=shipped_catalogue(),
            store=store,
            pauses=self.pauses,
            bus=self.bus,
            clock=CLOCK,
        )
        self.kit = ConnectorKit(folder=folder)
        room = StaffRoom(desk=self.staff.actions, postings=self.staff.memory, language="zh")
        self.bot = Telegram(
            name="tg",
            settings=TelegramSettings.model_validate(
                {
                    "token": TOKEN,
                    "base_url": server.url,
                    "staff_chat": CHAT,
                    "poll_seconds": 1,
                }
            ),
            context=replace(self.kit.context, staff=room),
        )
        assert self.bot.board is not None
        self.board = self.bot.board

    async def draft(self, number: int = 1, text: str = "非常抱歉。") -> Reply:
        """A draft in the store, and said on the bus, as the pipeline does it."""
        await self.store.events.accept(
            "weibo", Page(events=(event(str(number), text="禾家的面包发霉"),))
        )
        (item,) = await self.store.events.claim(1)
        mention = Mention(
            seq=item.seq,
            event=item.event,
            brands=("hejia",),
            judgement=judgement(),
            masked_text="禾家的面包发霉",
        )
        reply = Reply(
            key=f"weibo:{number}:auto",
            target=Target(channel="weibo", conversation="c", reply_to=str(number)),
            text=text,
            state=ReplyState.DRAFT,
            language="zh",
            by="bot",
            created_at=CLOCK.now(),
            mention=item.seq,
        )
        decision = Decision(action=Action.DRAFT, rule="r", reason="because")
        plan = Plan(decision=decision, replies=(reply,))
        await self.store.events.record([Outcome(seq=item.seq, mention=mention, plan=plan)])
        self.bus.publish(reply)
        return reply

    def press(self, action: str, subject: str, *, who: int = 7) -> None:
        """Somebody in the group presses a button."""
        self.server.push(
            callback_query={
                "id": f"q{self.server.next_update}",
                "from": {"id": who, "is_bot": False, "first_name": "x"},
                "chat_instance": "1",
                "data": f"{action}:{token_of(subject)}",
                "message": self.server.message(chat=CHAT),
            }
        )

    def posted(self) -> list[str]:
        return self.server.texts

    def edits(self) -> list[str]:
        return [call.fields["text"] for call in self.server.done("editMessageText")]

    def told(self) -> list[str]:
        return [
            call.fields["text"]
            for call in self.server.done("answerCallbackQuery")
            if "text" in call.fields
        ]

    def offered(self) -> list[str]:
        """Actions of the buttons under the message that was posted or edited last."""
        calls = [call for call in self.server.calls if "reply_markup" in call.fields]
        rows = json.loads(calls[-1].fields["reply_markup"])["inline_keyboard"]
        return [button["callback_data"].partition(":")[0] for row in rows for button in row]


@asynccontextmanager
async def staff_process(server: TelegramServer, folder: Path) -> AsyncIterator[StaffProcess]:
    """A process from its start to its end."""
    store = await SqliteStore.open(folder / "store.db", clock=CLOCK)
    process = StaffProcess(server, store, folder)
    feeds = [asyncio.create_task(feed()) for feed in process.staff.feeds([process.board])]
    async with running(process.bot, process.kit.intake):
        yield process
    for feed in feeds:
        feed.cancel()
    await asyncio.gather(*feeds, return_exceptions=True)
    await store.close()
