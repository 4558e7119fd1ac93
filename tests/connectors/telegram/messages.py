"""Updates of Telegram read into events."""

from aiogram.types import Update

from connectors.telegram.events import event_of
from connectors.telegram.identity import BotIdentity
from core.model.events import Event
from tests.connectors.support import START

ME = BotIdentity(id=4242, username="shop_bot")
USER = {"id": 7, "is_bot": False, "first_name": "小", "last_name": "王"}
PRIVATE = {"id": 7, "type": "private", "first_name": "小"}
GROUP = {"id": -100200, "type": "supergroup", "title": "邻居群", "username": "neighbours"}


def read(**message: object) -> Event | None:
    """The event of a message, private unless said otherwise; ``kind`` is the kind of update."""
    kind = str(message.pop("kind", "message"))
    number = message.pop("update_id", 1000)
    whole = {"message_id": 5, "date": 1772352000, "chat": PRIVATE, "from": USER} | message
    kept = {name: value for name, value in whole.items() if value is not ...}
    update = Update.model_validate({"update_id": number, kind: kept})
    return event_of(update, ME, channel="tg", now=START)


def told(**message: object) -> Event:
    event = read(**message)
    assert event is not None
    return event
