"""Errors of the Bot API."""

from enum import Enum

from core.errors import ConnectorError, Refused, Unavailable


class TelegramFault(Enum):
    """What went wrong, as far as it decides what to do next."""

    WAIT = "asked to wait"
    CREDENTIAL = "the token is refused"
    CONFLICT = "another reader, or a webhook"
    FORBIDDEN = "blocked or removed"
    MOVED = "the group has a new id"
    REJECTED = "this request will never work"
    UNREACHED = "the request did not leave"
    UNCLEAR = "the request may have been acted on"


class TelegramRequestError(ConnectorError):
    """A call that did not work; ``text`` never holds the token."""

    def __init__(
        self, fault: TelegramFault, text: str, *, seconds: float = 0.0, moved_to: int | None = None
    ) -> None:
        super().__init__(text)
        self.fault = fault
        self.text = text
        self.seconds = seconds
        """How long to wait, where the platform says so."""
        self.moved_to = moved_to

    def reading(self) -> ConnectorError:
        """What it means for whoever reads updates: Unavailable, or Refused with the remedy."""
        if self.fault is TelegramFault.CREDENTIAL:
            return Refused(
                f"Telegram refuses the token: {self.text}",
                remedy="Get the bot's token from @BotFather, and check base_url.",
            )
        if self.fault is TelegramFault.CONFLICT and "webhook" in self.text:
            return Refused(
                f"Telegram delivers this bot's updates to a webhook: {self.text}",
                remedy='Set mode = "webhook", or call deleteWebhook for this bot once.',
            )
        if self.fault is TelegramFault.CONFLICT:
            return Unavailable(
                f"Somebody else reads this bot's updates: {self.text}. Stop the other program that "
                "uses this token, or give this one its own bot"
            )
        wait = self.seconds if self.fault is TelegramFault.WAIT else None
        return Unavailable(f"Telegram: {self.text}", retry_after=wait)
