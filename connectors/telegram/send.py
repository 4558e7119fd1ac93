"""Sends replies through Telegram within its rates, at most once each, with a truthful result.

The rates are 1 message a second per chat, 20 a minute per group, 30 a second in all. Intervals
start when Telegram has answered, so that they hold by its clock as well.

Source: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from aiogram.methods import SendMessage
from aiogram.types import Message, ReplyParameters

from connectors.telegram.client import TelegramApi
from connectors.telegram.errors import TelegramFault, TelegramRequestError
from connectors.telegram.events import TelegramDestination, destination_of
from connectors.telegram.groups import GroupMoves
from connectors.telegram.quoted import native_id
from connectors.telegram.text import sendable, split
from core.backoff import delay
from core.clock import Clock
from core.connector import Rejected, RetryAt, SendResult, Sent, Unknown
from core.model.outbox import Target

_CHAT_GAP: Final = 1.0
_GROUP: Final = 20
_GROUP_SECONDS: Final = 60.0
_OVERALL: Final = 30
_OVERALL_SECONDS: Final = 1.0
_GIVEN_UP: Final = 30.0
"""Seconds after its turn at which a message loses its place in the queue."""
_FORGET: Final = 120.0
_MOST_CHATS: Final = 5000


@dataclass(slots=True)
class _Chat:
    sent: deque[float] = field(default_factory=lambda: deque(maxlen=_GROUP))
    """Times of the last messages, oldest first."""
    queue: dict[str, float] = field(default_factory=dict)
    """Keys of waiting messages in their order, with the time of their turn."""
    held_until: float = 0.0
    """Time until which Telegram has asked for a pause."""

    def last_used(self) -> float:
        return max([self.held_until, *self.sent, *self.queue.values()])


class SendRates:
    """Assigns each message its turn; a message that comes too early gets the time to come back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._chats: dict[int, _Chat] = {}
        self._sent: deque[float] = deque(maxlen=_OVERALL)
        self._held_until = 0.0

    def wait(self, chat: int, key: str) -> float:
        """Seconds until the message ``key`` may be sent to ``chat``; zero if it may be sent now.

        A waiting message keeps its place and comes back with the same key; messages to one chat are
        sent in the order in which they first came.
        """
        now = self._clock.monotonic()
        state = self._state(chat, now)
        state.queue = {
            other: due
            for other, due in state.queue.items()
            if other == key or due > now - _GIVEN_UP
        }
        place = list(state.queue).index(key) if key in state.queue else len(state.queue)
        due = self._turn(chat, state, place, now)
        if due > now:
            state.queue[key] = due
            return due - now
        state.queue.pop(key, None)
        return 0.0

    def overall(self) -> float:
        """Seconds until the next message to any chat may be sent; zero if it may be sent now."""
        if len(self._sent) < _OVERALL:
            return 0.0
        return max(0.0, self._sent[0] + _OVERALL_SECONDS - self._clock.monotonic())

    def sent(self, chat: int) -> None:
        """Note that Telegram has just answered a message to ``chat``."""
        now = self._clock.monotonic()
        self._state(chat, now).sent.append(now)
        self._sent.append(now)

    def hold(self, chat: int, key: str, seconds: float) -> None:
        """Pause ``chat`` for ``seconds``, as Telegram asked; then the message ``key`` goes first.

        If two chats are paused, the bot as a whole sends too much, and all chats are paused.
        """
        now = self._clock.monotonic()
        until = now + seconds
        if any(other.held_until > now for number, other in self._chats.items() if number != chat):
            self._held_until = max(self._held_until, until)
        state = self._state(chat, now)
        state.held_until = max(state.held_until, until)
        state.queue = {key: until} | {name: due for name, due in state.queue.items() if name != key}

    def summary(self) -> str:
        """Messages left in this second, for staff."""
        begin = self._clock.monotonic() - _OVERALL_SECONDS
        return f"{_OVERALL - sum(at > begin for at in self._sent)} of {_OVERALL}"

    def held(self) -> float:
        """Seconds until the last pause of a chat ends."""
        ends = [state.held_until for state in self._chats.values()]
        return max(0.0, max(ends, default=0.0) - self._clock.monotonic())

    def _turn(self, chat: int, state: _Chat, place: int, now: float) -> float:
        """Time at which the message at ``place`` of the queue may be sent."""
        soonest = max(now, state.held_until, self._held_until)
        times = list(state.sent)
        for _ in range(place + 1):
            due = soonest
            if times:
                due = max(due, times[-1] + _CHAT_GAP)
            if chat < 0 and len(times) >= _GROUP:
                due = max(due, times[-_GROUP] + _GROUP_SECONDS)
            times.append(due)
        return times[-1]

    def _state(self, chat: int, now: float) -> _Chat:
        if len(self._chats) >= _MOST_CHATS and chat not in self._chats:
            self._chats = {
                number: state
                for number, state in self._chats.items()
                if state.last_used() > now - _FORGET
            }
        return self._chats.setdefault(chat, _Chat())


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
