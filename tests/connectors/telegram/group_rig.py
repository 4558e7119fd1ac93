"""A room of staff: a Telegram server and the board that posts into it."""

import json
from dataclasses import replace

from aiogram.types import CallbackQuery
from pydantic import SecretStr

from cli.catalogue import shipped_catalogue
from connectors.telegram.client import TelegramApi
from connectors.telegram.send import SendRates
from connectors.telegram.staff_group import StaffGroup, StaffTexts
from core.errors import Conflict
from core.model.cards import (
    Card,
    CardState,
    PostedCard,
    StaffAction,
    token_of,
)
from tests.connectors.support import FastForwardClock
from tests.connectors.telegram.server import (
    TOKEN,
    TelegramServer,
)

CHAT = -100500


class MemoryDesk:
    """Staff and their matters, in memory: each thing can be done once."""

    def __init__(self) -> None:
        self.members = {"7": "小李", "8": "小赵"}
        self.cards: dict[str, Card] = {}
        self.done: list[tuple[str, StaffAction, str]] = []
        self.late = False
        self.postings: dict[str, PostedCard] = {}

    async def member(self, account: str) -> str | None:
        return self.members.get(account)

    async def card(self, subject: str) -> Card | None:
        return self.cards.get(subject)

    async def act(self, subject: str, action: StaffAction, *, by: str) -> Card:
        if self.late:
            self.cards[subject] = replace(self.cards[subject], state="taken", by="小赵")
            raise Conflict("taken already")
        self.done.append((subject, action, by))
        states: dict[StaffAction, CardState] = {
            StaffAction.ACKNOWLEDGE: "acknowledged",
            StaffAction.TAKE: "taken",
            StaffAction.APPROVE: "approved",
            StaffAction.REJECT: "rejected",
            StaffAction.SNOOZE: "snoozed",
        }
        card = self.cards[subject]
        paused = {StaffAction.PAUSE: True, StaffAction.RESUME: False}.get(action, card.paused)
        state = states.get(action, card.state)
        self.cards[subject] = replace(card, state=state, by=by, paused=paused)
        return self.cards[subject]

    async def posting(self, token: str) -> PostedCard | None:
        return self.postings.get(token)

    async def save_posting(self, posting: PostedCard) -> None:
        self.postings[posting.token] = posting


class GroupRig:
    """A group at a server, with its desk."""

    def __init__(self, server: TelegramServer) -> None:
        self.server = server
        self.desk = MemoryDesk()
        self.clock = FastForwardClock(20)
        self.api = TelegramApi(token=SecretStr(TOKEN), base_url=server.url)
        self.group = StaffGroup(
            name="staff",
            chat=CHAT,
            api=self.api,
            rates=SendRates(self.clock),
            clock=self.clock,
            desk=self.desk,
            postings=self.desk,
            texts=StaffTexts(shipped_catalogue(), "zh"),
        )

    async def show(self, card: Card) -> None:
        self.desk.cards[card.subject] = card
        await self.group.show(card)

    async def press(self, action: str, subject: str, *, who: int = 7) -> None:
        data = f"{action}:{token_of(subject)}"
        await self.group.press(query(data, who=who))

    def buttons(self, method: str = "sendMessage") -> list[str]:
        """Actions of the buttons under the last message."""
        keyboard = json.loads(self.server.done(method)[-1].fields["reply_markup"])
        rows = keyboard["inline_keyboard"]
        assert all(len(button["callback_data"].encode()) <= 64 for row in rows for button in row)
        return [button["callback_data"].split(":")[0] for row in rows for button in row]

    def shown(self) -> str:
        """The text of the last edit."""
        return self.server.done("editMessageText")[-1].fields["text"]

    def told(self) -> str:
        """The text shown to the person who pressed last."""
        return self.server.done("answerCallbackQuery")[-1].fields["text"]


def query(data: str | None, *, who: int = 7) -> CallbackQuery:
    user = {"id": who, "is_bot": False, "first_name": "x"}
    message = {"message_id": 5, "date": 1772352000, "chat": {"id": CHAT, "type": "supergroup"}}
    return CallbackQuery.model_validate(
        {"id": "q", "from": user, "chat_instance": "1", "data": data, "message": message}
    )
