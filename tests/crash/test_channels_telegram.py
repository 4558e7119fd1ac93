"""kill -9 in the middle of sixty updates of Telegram: each stored once, in order, answered once."""

from collections import Counter
from pathlib import Path

import pytest

from tests.connectors.telegram.server import TOKEN, TelegramServer, telegram_server
from tests.crash.served import COMPLAINT, PRAISE, QUESTION, ServedSite

FIRST = 7000
"""The first shopper's number; each writes in a chat of its own."""
POINTS = (
    "before-persist:2",
    "after-persist:1",
    "after-decide:9",
    "after-record:20",
    "after-send:4",
)


class Batch:
    """Sixty updates, and who is owed a reply to them."""

    def __init__(self, server: TelegramServer) -> None:
        self.order: list[str] = []
        """Native ids of the events, an edited one twice."""
        self.owed: dict[int, str] = {}
        """By chat, the id of what is answered there."""
        for number in range(60):
            chat = FIRST + number
            match number % 6:
                case 0 | 1 | 2:
                    self._ask(server, QUESTION, chat)
                case 3:
                    self._ask(server, COMPLAINT, chat)
                case 4:
                    self.order.append(server.say(PRAISE, chat=-chat))
                case _ if number % 12 == 5:
                    self._edit(server, chat - 5)
                case _:
                    self._ask(server, f"@shop_bot {QUESTION}", -chat)

    def _ask(self, server: TelegramServer, text: str, chat: int) -> None:
        self.owed[chat] = server.say(text, chat=chat)
        self.order.append(self.owed[chat])

    def _edit(self, server: TelegramServer, chat: int) -> None:
        """The shopper mends the question; that is an event, and no second question."""
        self.order.append(self.owed[chat])
        message = int(self.owed[chat].partition(":")[2])
        edited = server.message(chat=chat, text=f"{QUESTION}？", edit_date=1772352900)
        server.push(edited_message=edited | {"message_id": message})


@pytest.mark.crash
async def test_sixty_updates_survive_kill_9(tmp_path: Path) -> None:
    async with telegram_server() as server:
        server.page, server.shuffled = 25, True
        batch = Batch(server)
        site = ServedSite(
            tmp_path,
            {
                "name": "telegram",
                "type": "telegram",
                "token": TOKEN,
                "base_url": server.url,
                "poll_seconds": 1,
            },
        )

        def sent() -> int:
            return len(server.done("sendMessage"))

        for point in POINTS:
            await site.killed_at(point)
        before = sent()
        await site.killed_within(0.3, lambda: sent() > before)
        await site.killed_at("before-send:2")
        await site.run_until_quiet(sent, lambda: sent() >= len(batch.owed) - len(site.kills))
        kept = await site.kept()

    assert kept.stored == len(batch.order) == 60
    assert kept.ids() == batch.order

    answered = Counter(int(call.fields["chat_id"]) for call in server.done("sendMessage"))
    assert set(answered.values()) == {1}, "nobody is answered twice"
    assert set(answered) <= set(batch.owed)
    unanswered = {batch.owed[chat] for chat in batch.owed if chat not in answered}
    assert len(unanswered) <= 2, "one where it stopped before sending, and one a random kill"
    assert unanswered <= set(kept.unsure()), "what may not be repeated, a person has been given"
    late = {call.fields["chat_id"] for call in server.calls if call.method == "sendMessage"}
    assert late == {str(chat) for chat in answered}, "nothing was tried in vain"
