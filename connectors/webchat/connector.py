"""The chat on the brand's own site: visitors push messages, and read replies from the store.

A visitor is identified by a secret that only their browser holds. Staff and logs see the id of the
conversation, a hash of the secret that cannot be reversed.
"""

import hashlib
import math
import re
from collections.abc import AsyncIterator, Mapping
from typing import Final

from connectors.placeholders import placeholder_kind
from connectors.shutdown import Shutdown
from connectors.webchat.settings import WebchatSettings
from core.clock import Clock
from core.connector import SendResult, Sent
from core.errors import InputError
from core.model.events import Author, Event, EventKind, Page
from core.model.outbox import Target
from core.ports import Intake
from core.runtime.bus import Bus, ConversationUpdated

_VISITOR: Final = re.compile(r"[A-Za-z0-9_-]{22,64}")
_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MOST_VISITORS: Final = 10_000


class ChatError(InputError):
    """A message that is refused; ``code`` and ``values`` let a page show it in any language.

    Codes: ``visitor``, ``message_id``, ``empty``, ``too_long`` (``limit``, ``length``),
    ``too_fast`` (``seconds`` until the next message is accepted).
    """

    def __init__(self, code: str, message: str, **values: int) -> None:
        super().__init__(message)
        self.code = code
        self.values: Mapping[str, int] = values


class Webchat:
    """A connector without a platform: the page calls ``receive``; replies stay in the store."""

    idempotent_send: Final = True

    def __init__(
        self, *, name: str, settings: WebchatSettings, intake: Intake, clock: Clock, bus: Bus
    ) -> None:
        self.name = name
        self._settings = settings
        self._intake = intake
        self._clock = clock
        self._bus = bus
        self._shutdown = Shutdown()
        self._buckets: dict[str, tuple[float, float]] = {}
        """Token buckets by conversation: (tokens, monotonic time); full ones are dropped."""

    def conversation(self, visitor: str) -> str:
        """Id of the conversation of ``visitor``, a chat secret; raises ChatError if it is none."""
        if not _VISITOR.fullmatch(visitor):
            raise ChatError("visitor", "This is not a chat session. Reload the page.")
        return hashlib.sha256(visitor.encode()).hexdigest()[:24]

    async def receive(self, visitor: str, message_id: str, text: str) -> None:
        """Store a message; durable on return, and stored once however often it is repeated.

        Raises:
            ChatError: the message is refused.
            StoreError: the message could not be stored.
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
            wordless=placeholder_kind(text),
        )
        receipt = await self._intake.accept(self.name, Page(events=(event,)))
        if receipt.accepted:
            self._bus.publish(ConversationUpdated(channel=self.name, conversation=conversation))

    async def send(self, target: Target, text: str, key: str) -> SendResult:
        """Report it as sent: the outbox row is the message that the visitor's page shows."""
        return Sent(native_id=key)

    async def pages(self, cursor: str | None) -> AsyncIterator[Page]:
        """Yield nothing until ``close``, since visitors push."""
        await self._shutdown.wait()
        for page in tuple[Page, ...]():
            yield page

    async def close(self) -> None:
        """End ``pages``."""
        self._shutdown.close()

    def _validate(self, message_id: str, text: str) -> None:
        limit = self._settings.longest
        if not _MESSAGE_ID.fullmatch(message_id):
            raise ChatError("message_id", "This is not a message id. Reload the page.")
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
        """Take one token from the visitor's bucket; raises ChatError if it is empty."""
        now, rate, burst = self._clock.monotonic(), self._settings.per_second, self._settings.burst
        tokens, at = self._buckets.get(conversation, (float(burst), now))
        tokens = min(float(burst), tokens + (now - at) * rate)
        if tokens < 1:
            seconds = math.ceil((1 - tokens) / rate)
            raise ChatError(
                "too_fast",
                f"Too many messages at once. Try again in {seconds} s.",
                seconds=seconds,
            )
        self._buckets[conversation] = (tokens - 1, now)
        if len(self._buckets) > _MOST_VISITORS:
            self._forget_idle(now)

    def _forget_idle(self, now: float) -> None:
        rate, burst = self._settings.per_second, self._settings.burst
        self._buckets = {
            conversation: (tokens, at)
            for conversation, (tokens, at) in self._buckets.items()
            if tokens + (now - at) * rate < burst
        }
