"""Sends replies through Telegram within its rates, at most once each, with a truthful result."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from aiogram.methods import SendMessage
from aiogram.types import Message, ReplyParameters

from connectors.telegram.client import TelegramApi
from connectors.telegram.errors import TelegramFault, TelegramRequestError
from connectors.telegram.events import TelegramDestination, destination_of
from connectors.telegram.groups import GroupMoves
from connectors.telegram.limits import SendRates
from connectors.telegram.quoted import native_id
from connectors.telegram.text import sendable, split
from core.backoff import delay
from core.clock import Clock
from core.connector import Rejected, RetryAt, SendResult, Sent, Unknown
from core.model.outbox import Target

log = logging.getLogger(__name__)

_FIRST_WAIT: Final = 5.0
_LONGEST_WAIT: Final = 300.0
_LONGEST_PAUSE: Final = 60.0
"""Most seconds between two messages of one reply; beyond that, a person completes it."""


class TelegramSender:
    """Sends replies; one of several messages is sent completely or handed to a person."""

    def __init__(
        self,
        *,
        api: TelegramApi,
        rates: SendRates,
        clock: Clock,
        seconds: int,
        moves: GroupMoves | None = None,
    ) -> None:
        """``seconds``: timeout of a request. ``moves``: groups that have a new id."""
        self._api = api
        self._rates = rates
        self._clock = clock
        self._seconds = seconds
        self._failures = 0
        self._down_until = 0.0
        """Monotonic time before which nothing is sent, while Telegram is unreachable."""
        self._moves = moves or GroupMoves()

    async def send(self, target: Target, text: str, key: str) -> SendResult:
        """As core.connector.Sends."""
        destination = destination_of(target.conversation, target.reply_to, self._moves.current)
        if destination is None:
            return Rejected(reason=f"{target.conversation!r} is not a conversation on Telegram")
        parts = split(sendable(text))
        if not parts:
            return Rejected(reason="the reply is empty")
        if (down := self._down_until - self._clock.monotonic()) > 0:
            return self._later(down, "Telegram is unreachable")
        if (wait := self._rates.wait(self._moves.current(destination.chat), key)) > 0:
            return self._later(wait, "waiting for its turn within Telegram's rates")
        return await self._send_all(destination, parts, key)

    async def _send_all(
        self, destination: TelegramDestination, parts: Sequence[str], key: str
    ) -> SendResult:
        """Send the messages of a reply whose turn it is."""
        try:
            first = await self._send_one(destination, parts[0])
        except TelegramRequestError as error:
            return self._outcome(error, self._moves.current(destination.chat), key)
        for number, part in enumerate(parts[1:], start=1):
            try:
                await self._send_next(destination, part, key)
            except TelegramRequestError as error:
                done = f"{number} of {len(parts)} messages were sent, then: {error.text}"
                return Unknown(reason=done)
        return Sent(native_id=native_id(self._moves.current(destination.chat), first))

    async def _send_next(self, destination: TelegramDestination, text: str, key: str) -> None:
        """Send a further message of a reply, waiting for its turn as often as needed."""
        while True:
            while (wait := self._rates.wait(self._moves.current(destination.chat), key)) > 0:
                if wait > _LONGEST_PAUSE:
                    raise TelegramRequestError(
                        TelegramFault.WAIT, f"Telegram asked for a pause of {wait:.0f} s"
                    )
                await self._clock.sleep(wait)
            try:
                await self._send_one(destination, text)
                return
            except TelegramRequestError as error:
                if error.fault is not TelegramFault.WAIT:
                    raise
                self._rates.hold(self._moves.current(destination.chat), key, error.retry_after)

    async def _send_one(self, destination: TelegramDestination, text: str) -> int:
        """Send one message and return its id; follows a group to its new id."""
        if (wait := self._rates.overall()) > 0:
            await self._clock.sleep(wait)
        try:
            return await self._request(destination, text)
        except TelegramRequestError as error:
            if error.fault is not TelegramFault.MOVED or error.moved_to is None:
                raise
            self._moves.add(destination.chat, error.moved_to)
            return await self._request(destination, text)

    async def _request(self, destination: TelegramDestination, text: str) -> int:
        chat = self._moves.current(destination.chat)
        answers = None
        if destination.answers is not None and chat == destination.chat:
            answers = ReplyParameters(
                message_id=destination.answers, allow_sending_without_reply=True
            )
        method = SendMessage(
            chat_id=chat,
            text=text,
            message_thread_id=destination.thread,
            reply_parameters=answers,
        )
        try:
            message: Message = await self._api.call(method, seconds=self._seconds)
        finally:
            self._rates.sent(chat)
        self._failures = 0
        return message.message_id

    def _outcome(self, error: TelegramRequestError, chat: int, key: str) -> SendResult:
        """The result of a failed first message."""
        match error.fault:
            case TelegramFault.WAIT:
                self._rates.hold(chat, key, error.retry_after)
                return self._later(error.retry_after, error.text)
            case TelegramFault.UNREACHED:
                return self._later(self._back_off(), error.text)
            case TelegramFault.CREDENTIAL | TelegramFault.CONFLICT:
                log.error("Telegram rejects the token", extra={"error": error.text})
                return self._later(_LONGEST_WAIT, error.text)
            case TelegramFault.FORBIDDEN:
                return Rejected(reason=error.text, ends_conversation=True)
            case TelegramFault.REJECTED | TelegramFault.MOVED:
                return Rejected(reason=error.text)
        return Unknown(reason=error.text)

    def _back_off(self) -> float:
        """Hold all replies, longer after each failure in a row."""
        self._failures += 1
        wait = delay(self._failures, first=_FIRST_WAIT, most=_LONGEST_WAIT)
        self._down_until = self._clock.monotonic() + wait
        return wait

    def _later(self, seconds: float, reason: str) -> RetryAt:
        return RetryAt(at=self._clock.now() + timedelta(seconds=seconds), reason=reason)
