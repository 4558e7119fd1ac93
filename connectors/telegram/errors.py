"""Errors of requests to the Bot API and how to treat them."""

from enum import Enum

from core.errors import ConnectorError, Refused, Unavailable


class TelegramFault(Enum):
    """Kinds of failed requests, by what to do next."""

    WAIT = "rate limited"
    CREDENTIAL = "the token is rejected"
    CONFLICT = "another reader, or a webhook"
    FORBIDDEN = "blocked or removed"
    MOVED = "the group has a new id"
    REJECTED = "the request will never be accepted"
    UNREACHED = "the request was not sent"
    UNCLEAR = "the request may have been acted on"


class TelegramRequestError(ConnectorError):
    """A request that failed; ``text`` never holds the token."""

    def __init__(
        self,
        fault: TelegramFault,
        text: str,
        *,
        retry_after: float = 0.0,
        moved_to: int | None = None,
    ) -> None:
        super().__init__(text)
        self.fault = fault
        self.text = text
        self.retry_after = retry_after
        """Seconds until the next attempt, if Telegram names them."""
        self.moved_to = moved_to

    def as_reading_error(self) -> ConnectorError:
        """The error to raise from ``pages``: Unavailable, or Refused with a remedy."""
        if self.fault is TelegramFault.CREDENTIAL:
            return Refused(
                f"Telegram rejects the token: {self.text}",
                remedy="Get the bot's token from @BotFather, and check base_url.",
            )
        if self.fault is TelegramFault.CONFLICT and "webhook" in self.text:
            return Refused(
                f"Telegram delivers this bot's updates to a webhook: {self.text}",
                remedy='Set mode = "webhook", or call deleteWebhook for this bot once.',
            )
        if self.fault is TelegramFault.CONFLICT:
            return Unavailable(
                f"Another program reads this bot's updates: {self.text}. Stop it, or give this "
                "program its own bot"
            )
        wait = self.retry_after if self.fault is TelegramFault.WAIT else None
        return Unavailable(f"Telegram: {self.text}", retry_after=wait)
