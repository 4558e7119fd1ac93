"""Calls the Bot API; the only place where its errors, and aiogram's, are understood.

Source: https://core.telegram.org/bots/api#making-requests
"""

import re
from enum import Enum
from typing import Final, TypeVar

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import TelegramMethod
from aiohttp import ClientConnectorError, ConnectionTimeoutError
from pydantic import SecretStr

from core.errors import ConnectorError, Refused, Unavailable

T = TypeVar("T")
_FLOOD: Final = re.compile(r"Too Many Requests(?:: retry after (\d{1,9}))?")


class Fault(Enum):
    """What went wrong, as far as it decides what to do next."""

    WAIT = "asked to wait"
    CREDENTIAL = "the token is refused"
    CONFLICT = "another reader, or a webhook"
    FORBIDDEN = "blocked or removed"
    MOVED = "the group has a new id"
    REJECTED = "this request will never work"
    UNREACHED = "the request did not leave"
    UNCLEAR = "the request may have been acted on"


_FAULTS: Final[tuple[tuple[type[TelegramAPIError], Fault], ...]] = (
    (TelegramUnauthorizedError, Fault.CREDENTIAL),
    (TelegramNotFound, Fault.CREDENTIAL),  # a token that never was, or a base_url without an API
    (TelegramConflictError, Fault.CONFLICT),
    (TelegramForbiddenError, Fault.FORBIDDEN),
    (TelegramEntityTooLarge, Fault.REJECTED),  # before the network errors, of which it is one
    (TelegramNetworkError, Fault.UNCLEAR),
    (TelegramServerError, Fault.UNCLEAR),
)


class ApiError(ConnectorError):
    """A call that did not work; ``text`` never holds the token."""

    def __init__(
        self, fault: Fault, text: str, *, seconds: float = 0.0, moved_to: int | None = None
    ) -> None:
        super().__init__(text)
        self.fault = fault
        self.text = text
        self.seconds = seconds
        """How long to wait, where the platform says so."""
        self.moved_to = moved_to

    def reading(self) -> ConnectorError:
        """What it means for whoever reads updates: Unavailable, or Refused with the remedy."""
        if self.fault is Fault.CREDENTIAL:
            return Refused(
                f"Telegram refuses the token: {self.text}",
                remedy="Get the bot's token from @BotFather, and check base_url.",
            )
        if self.fault is Fault.CONFLICT and "webhook" in self.text:
            return Refused(
                f"Telegram delivers this bot's updates to a webhook: {self.text}",
                remedy='Set mode = "webhook", or call deleteWebhook for this bot once.',
            )
        if self.fault is Fault.CONFLICT:
            return Unavailable(
                f"Somebody else reads this bot's updates: {self.text}. Stop the other program that "
                "uses this token, or give this one its own bot"
            )
        wait = self.seconds if self.fault is Fault.WAIT else None
        return Unavailable(f"Telegram: {self.text}", retry_after=wait)


class TelegramApi:
    """One bot at one server."""

    def __init__(self, *, token: SecretStr, base_url: str) -> None:
        self._token = token.get_secret_value()
        self._closed = False
        server = TelegramAPIServer.from_base(base_url.rstrip("/"))
        self._bot = Bot(self._token, session=AiohttpSession(api=server))

    async def call(self, method: TelegramMethod[T], *, seconds: int) -> T:
        """Make one request, at most ``seconds`` long; raises ApiError and nothing else."""
        if self._closed:
            raise ApiError(Fault.UNREACHED, "the connector is closed")
        answer: T | None
        try:
            answer = await self._bot.session.make_request(self._bot, method, timeout=seconds)
        except Exception as error:  # aiogram has no common base, and stumbles over odd bodies
            raise self._translate(error) from None  # the cause's text may hold the token
        if answer is None:
            raise ApiError(Fault.UNCLEAR, "the answer has no result")
        return answer

    async def close(self) -> None:
        """Give back the connections; may be called twice."""
        self._closed = True
        await self._bot.session.close()

    def _translate(self, error: Exception) -> ApiError:
        if not isinstance(error, TelegramAPIError):
            return ApiError(Fault.UNCLEAR, f"the answer cannot be read ({type(error).__name__})")
        text = self._clean(error.message)
        flood = _FLOOD.match(text)
        if isinstance(error, TelegramRetryAfter):
            return ApiError(Fault.WAIT, text, seconds=float(error.retry_after))
        if flood:
            return ApiError(Fault.WAIT, text, seconds=float(flood[1] or 1))
        if isinstance(error, TelegramMigrateToChat):
            return ApiError(Fault.MOVED, text, moved_to=error.migrate_to_chat_id)
        if isinstance(error.__cause__, ClientConnectorError | ConnectionTimeoutError):
            return ApiError(Fault.UNREACHED, text)
        fault = next((fault for kind, fault in _FAULTS if isinstance(error, kind)), Fault.REJECTED)
        return ApiError(fault, text)

    def _clean(self, text: str | None) -> str:
        return (text or "no reason given").replace(self._token, "***")[:500]
