"""The chat on the brand's own site: visitors push, and the store keeps what they are told.

Who a visitor is rests on a secret that only their browser knows; everybody else, staff and logs
included, sees the conversation's id, from which the secret cannot be found.
"""

import hashlib
import math
import re
from collections.abc import AsyncIterator, Mapping
from typing import Final

from pydantic import Field

from connectors.shutdown import Closing
from core.bus import Bus, ConversationUpdated
from core.clock import Clock
from core.connector import SendResult, Sent
from core.errors import InputError
from core.events import Author, Event, EventKind, Page
from core.outbox import Target
from core.ports import Intake
from core.settings import Section

_VISITOR: Final = re.compile(r"[A-Za-z0-9_-]{22,64}")
_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MOST_VISITORS: Final = 10_000


class WebchatSettings(Section):
    """What a visitor may do."""

    longest: int = Field(default=4000, ge=1, le=100_000)
    """Characters in one message."""
    burst: int = Field(default=10, ge=1)
    """Messages a visitor may send at once."""
    per_second: float = Field(default=1.0, gt=0)
    """Messages a second that a visitor may send in the long run."""


class ChatError(InputError):
    """A message that cannot be taken; ``code`` and ``values`` let a page say it in any language.

    Codes: ``visitor``, ``message_id``, ``empty``, ``too_long`` (``limit``, ``length``),
    ``too_fast`` (``seconds`` until the next message is taken).
    """

    def __init__(self, code: str, message: str, **values: int) -> None:
        super().__init__(message)
        self.code = code
        self.values: Mapping[str, int] = values


class Webchat:
    """A connector without a platform: the page calls ``receive``, replies go to the store."""

    idempotent_send: Final = True

    def __init__(
        self, *, name: str, settings: WebchatSettings, intake: Intake, clock: Clock, bus: Bus
    ) -> None:
        self.name = name
        self._settings = settings
        self._intake = intake
        self._clock = clock
        self._bus = bus
        self._closing = Closing()
        self._left: dict[str, tuple[float, float]] = {}
        """By conversation: messages left at a monotonic time; who has all left is not kept."""

    def conversation(self, visitor: str) -> str:
        """Id of the visitor's conversation; raises ChatError where it is no such secret."""
        if not _VISITOR.fullmatch(visitor):
            raise ChatError("visitor", "This is no chat session. Reload the page.")
        return hashlib.sha256(visitor.encode()).hexdigest()[:24]

    async def receive(self, visitor: str, message_id: str, text: str) -> None:
        """Store a message; durable on return, and one message however often it is repeated.

        Raises ChatError for what cannot be taken, StoreError where it cannot be stored.
        """
        conversation = self.conversation(visitor)
        self._validate(message_id, text)
        self._spend(conversation)
        event = Event(
            channel=self.name,
            id=f"{conversation}:{message_id}",
            kind=EventKind.MESSAGE,
            author=Author(id=conversation),
            text=text,
            posted_at=self._clock.now(),
            conversation=conversation,
            solicited=True,
        )
        receipt = await self._intake.accept(self.name, Page(events=(event,)))
        if receipt.accepted:
            self._bus.publish(ConversationUpdated(channel=self.name, conversation=conversation))

    async def send(self, target: Target, text: str, key: str) -> SendResult:
        """The outbox row is the sent message: the visitor's page reads it from the store."""
        return Sent(native_id=key)

    async def pages(self, cursor: str | None) -> AsyncIterator[Page]:
        """Nothing, until ``close``: visitors push."""
        await self._closing.wait()
        for page in tuple[Page, ...]():
            yield page

    async def close(self) -> None:
        """End ``pages``."""
        self._closing.close()

    def _validate(self, message_id: str, text: str) -> None:
        limit = self._settings.longest
        if not _MESSAGE_ID.fullmatch(message_id):
            raise ChatError("message_id", "This is no message id. Reload the page.")
        if not text.strip():
            raise ChatError("empty", "The message is empty. Write something first.")
        if len(text) > limit:
            raise ChatError(
                "too_long",
                f"The message has {len(text)} characters. Shorten it to {limit}.",
                limit=limit,
                length=len(text),
            )

    def _spend(self, conversation: str) -> None:
        """Take one message from what the visitor has left."""
        now, rate, burst = self._clock.monotonic(), self._settings.per_second, self._settings.burst
        left, at = self._left.get(conversation, (float(burst), now))
        left = min(float(burst), left + (now - at) * rate)
        if left < 1:
            seconds = math.ceil((1 - left) / rate)
            raise ChatError(
                "too_fast",
                f"Too many messages at once. Try again in {seconds} s.",
                seconds=seconds,
            )
        self._left[conversation] = (left - 1, now)
        if len(self._left) > _MOST_VISITORS:
            self._forget_idle(now)

    def _forget_idle(self, now: float) -> None:
        rate, burst = self._settings.per_second, self._settings.burst
        self._left = {
            conversation: (left, at)
            for conversation, (left, at) in self._left.items()
            if left + (now - at) * rate < burst
        }
