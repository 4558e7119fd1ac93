"""Sends one reply through Telegram, at its pace, and says honestly what became of it."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from aiogram.methods import SendMessage
from aiogram.types import Message, ReplyParameters

from connectors.telegram.client import TelegramApi
from connectors.telegram.errors import TelegramFault, TelegramRequestError
from connectors.telegram.events import TelegramDestination, destination_of, native_id
from connectors.telegram.limits import SendRates
from connectors.telegram.text import sendable, split
from core.clock import Clock
from core.connector import Rejected, RetryAt, SendResult, Sent, Unknown
from core.outbox import Target

log = logging.getLogger(__name__)

_SOONEST: Final = 5.0
_LATEST: Final = 300.0
_LONGEST_PAUSE: Final = 60.0
"""How long a reply in several messages waits between them before it is given to a person."""


class TelegramSender:
    """Sends replies; one that needs several messages is sent whole or given to a person."""

    def __init__(self, *, api: TelegramApi, rates: SendRates, clock: Clock, seconds: int) -> None:
        """``seconds``: after how long a request is given up on."""
        self._api = api
        self._rates = rates
        self._clock = clock
        self._seconds = seconds
        self._down_since: float | None = None
        self._down_until = 0.0
        self._moved: dict[int, int] = {}
        """Groups that became supergroups, by their old id."""

    async def send(self, target: Target, text: str, key: str) -> SendResult:
        """As core.connector.Sends."""
        place = destination_of(target.conversation, target.reply_to)
        if place is None:
            return Rejected(reason=f"{target.conversation!r} is no Telegram conversation")
        parts = split(sendable(text))
        if not parts:
            return Rejected(reason="the reply is empty")
        if (down := self._down_until - self._clock.monotonic()) > 0:
            return self._later(down, "Telegram is out of reach")
        if (wait := self._rates.wait(self._chat(place), key)) > 0:
            return self._later(wait, "waiting for its turn under Telegram's limits")
        return await self._send_all(place, parts, key)

    async def _send_all(
        self, place: TelegramDestination, parts: Sequence[str], key: str
    ) -> SendResult:
        """Send the messages of one reply, whose turn it is."""
        try:
            first = await self._send_one(place, parts[0])
        except TelegramRequestError as error:
            return self._outcome(error, self._chat(place), key)
        for number, part in enumerate(parts[1:], start=1):
            try:
                await self._send_next(place, part, key)
            except TelegramRequestError as error:
                done = f"{number} of {len(parts)} messages were sent, then: {error.text}"
                return Unknown(reason=done)
        return Sent(native_id=native_id(self._chat(place), first))

    async def _send_next(self, place: TelegramDestination, text: str, key: str) -> None:
        """Go on with a reply that is under way, in its turn, waiting as often as it is asked."""
        while True:
            while (wait := self._rates.wait(self._chat(place), key)) > 0:
                if wait > _LONGEST_PAUSE:
                    raise TelegramRequestError(
                        TelegramFault.WAIT, f"a pause of {wait:.0f} s was asked for"
                    )
                await self._clock.sleep(wait)
            try:
                await self._send_one(place, text)
                return
            except TelegramRequestError as error:
                if error.fault is not TelegramFault.WAIT:
                    raise
                self._rates.hold(self._chat(place), key, error.seconds)

    async def _send_one(self, place: TelegramDestination, text: str) -> int:
        """Id of the sent message; follows a group to its new id, for there nothing was sent."""
        await self._clock.sleep(self._rates.overall())
        try:
            return await self._request(place, text)
        except TelegramRequestError as error:
            if error.fault is not TelegramFault.MOVED or error.moved_to is None:
                raise
            self._moved[place.chat] = error.moved_to
            return await self._request(place, text)

    async def _request(self, place: TelegramDestination, text: str) -> int:
        chat = self._chat(place)
        answers = None
        if place.answers is not None and chat == place.chat:
            answers = ReplyParameters(message_id=place.answers, allow_sending_without_reply=True)
        method = SendMessage(
            chat_id=chat,
            text=text,
            message_thread_id=place.thread,
            reply_parameters=answers,
        )
        try:
            message: Message = await self._api.call(method, seconds=self._seconds)
        finally:
            self._rates.sent(chat)
        self._down_since = None
        return message.message_id

    def _outcome(self, error: TelegramRequestError, chat: int, key: str) -> SendResult:
        """What a failed first message means."""
        match error.fault:
            case TelegramFault.WAIT:
                self._rates.hold(chat, key, error.seconds)
                return self._later(error.seconds, error.text)
            case TelegramFault.UNREACHED:
                return self._later(self._back_off(), error.text)
            case TelegramFault.CREDENTIAL | TelegramFault.CONFLICT:
                log.error("Telegram refuses the token", extra={"error": error.text})
                return self._later(_LATEST, error.text)
            case TelegramFault.FORBIDDEN:
                return Rejected(reason=error.text, ends_conversation=True)
            case TelegramFault.REJECTED | TelegramFault.MOVED:
                return Rejected(reason=error.text)
        return Unknown(reason=error.text)

    def _back_off(self) -> float:
        """Wait about as long again as Telegram has been out of reach, for all replies."""
        now = self._clock.monotonic()
        if self._down_since is None:
            self._down_since = now
        wait = min(_LATEST, max(_SOONEST, now - self._down_since))
        self._down_until = now + wait
        return wait

    def _later(self, seconds: float, reason: str) -> RetryAt:
        return RetryAt(at=self._clock.now() + timedelta(seconds=seconds), reason=reason)

    def _chat(self, place: TelegramDestination) -> int:
        return self._moved.get(place.chat, place.chat)
