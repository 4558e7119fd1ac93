"""Calls the Bot API through aiogram, and translates the errors of both.

Source: https://core.telegram.org/bots/api#making-requests
"""

import re
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

from connectors.telegram.errors import TelegramFault, TelegramRequestError

T = TypeVar("T")
_FLOOD: Final = re.compile(r"Too Many Requests(?:: retry after (\d{1,9}))?")


_FAULTS: Final[tuple[tuple[type[TelegramAPIError], TelegramFault], ...]] = (
    (TelegramUnauthorizedError, TelegramFault.CREDENTIAL),
    (
        TelegramNotFound,
        TelegramFault.CREDENTIAL,
    ),  # an unknown token, or a base_url without an API
    (TelegramConflictError, TelegramFault.CONFLICT),
    (TelegramForbiddenError, TelegramFault.FORBIDDEN),
    (
        TelegramEntityTooLarge,
        TelegramFault.REJECTED,
    ),  # a TelegramNetworkError, so it comes before that
    (TelegramNetworkError, TelegramFault.UNCLEAR),
    (TelegramServerError, TelegramFault.UNCLEAR),
)


class TelegramApi:
    """One bot at one server."""

    def __init__(self, *, token: SecretStr, base_url: str) -> None:
        self._token = token.get_secret_value()
        self._closed = False
        server = TelegramAPIServer.from_base(base_url.rstrip("/"))
        self._bot = Bot(self._token, session=AiohttpSession(api=server))

    async def call(self, method: TelegramMethod[T], *, seconds: int) -> T:
        """Make one request within ``seconds``; raises TelegramRequestError and nothing else."""
        if self._closed:
            raise TelegramRequestError(TelegramFault.UNREACHED, "the connector is closed")
        answer: T | None
        try:
            answer = await self._bot.session.make_request(self._bot, method, timeout=seconds)
        except Exception as error:  # no common base class; malformed bodies raise anything
            raise self._translate(error) from None  # the cause's text may hold the token
        if answer is None:
            raise TelegramRequestError(TelegramFault.UNCLEAR, "the answer has no result")
        return answer

    async def close(self) -> None:
        """Close all connections; may be called twice."""
        self._closed = True
        await self._bot.session.close()

    def _translate(self, error: Exception) -> TelegramRequestError:
        if not isinstance(error, TelegramAPIError):
            return TelegramRequestError(
                TelegramFault.UNCLEAR, f"the answer cannot be read ({type(error).__name__})"
            )
        text = self._clean(error.message)
        flood = _FLOOD.match(text)
        if isinstance(error, TelegramRetryAfter):
            return TelegramRequestError(
                TelegramFault.WAIT, text, retry_after=float(error.retry_after)
            )
        if flood:
            return TelegramRequestError(TelegramFault.WAIT, text, retry_after=float(flood[1] or 1))
        if isinstance(error, TelegramMigrateToChat):
            return TelegramRequestError(
                TelegramFault.MOVED, text, moved_to=error.migrate_to_chat_id
            )
        if isinstance(error.__cause__, ClientConnectorError | ConnectionTimeoutError):
            return TelegramRequestError(TelegramFault.UNREACHED, text)
        fault = next(
            (fault for kind, fault in _FAULTS if isinstance(error, kind)), TelegramFault.REJECTED
        )
        return TelegramRequestError(fault, text)

    def _clean(self, text: str | None) -> str:
        return (text or "no reason given").replace(self._token, "***")[:500]
