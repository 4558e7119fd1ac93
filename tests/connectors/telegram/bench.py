"""A Telegram server and connectors to it that share a store."""

import asyncio
from pathlib import Path

import pytest

from connectors.telegram.connector import Telegram
from connectors.telegram.settings import TelegramSettings
from core.errors import ConnectorError
from tests.connectors.support import ConnectorKit, FastForwardClock, drain
from tests.connectors.telegram.server import (
    TOKEN,
    TelegramServer,
)
from tests.driven_clock import WATCHDOG_SECONDS

HOOK = "https://shop.example/hooks/tg"
SECRET = "s3cret_of-the-hook"


class Bench:
    """A server and connectors to it, each with the same store."""

    def __init__(self, server: TelegramServer, folder: Path) -> None:
        self.server = server
        self.kit = ConnectorKit(folder=folder, clock=FastForwardClock(20))
        self.made: list[Telegram] = []

    def connector(self, **settings: object) -> Telegram:
        chosen: dict[str, object] = {"token": TOKEN, "base_url": self.server.url}
        made = Telegram(
            name="tg",
            settings=TelegramSettings.model_validate(chosen | settings),
            context=self.kit.context,
        )
        self.made.append(made)
        return made

    def webhook(self, **settings: object) -> Telegram:
        chosen: dict[str, object] = {
            "mode": "webhook",
            "webhook_url": HOOK,
            "webhook_secret": SECRET,
        }
        return self.connector(**chosen | settings)


async def fail(bench: Bench, connector: Telegram | None = None) -> ConnectorError:
    """The error that ends ``pages``."""
    with pytest.raises(ConnectorError) as caught:
        async with asyncio.timeout(WATCHDOG_SECONDS):
            await drain(connector or bench.connector(), bench.kit.intake)
    assert TOKEN not in str(caught.value)
    return caught.value


def press(chat: int = 7, data: str = "rate:5", number: int = 1) -> dict[str, object]:
    sort = "private" if chat > 0 else "supergroup"
    message = {"message_id": 5, "date": 1772352000, "chat": {"id": chat, "type": sort}}
    user = {"id": 7, "is_bot": False, "first_name": "x"}
    shown: dict[str, object] = message | {"text": "?"}
    return {
        "id": f"q{number}",
        "from": user,
        "chat_instance": "1",
        "data": data,
        "message": shown,
    }
