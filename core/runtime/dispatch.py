"""Carries replies from the outbox to one channel, each at most once, each through the gate."""

import asyncio
import contextlib
import logging
from datetime import timedelta
from typing import Final

from core.clock import Clock
from core.connector import (
    ReadsBack,
    Rejected,
    RetryAt,
    SendResult,
    Sends,
    Sent,
    ThrottlesSends,
    Unknown,
)
from core.errors import StoreError, TingfengError
from core.model.outbox import Reply, ReplyResult, ReplyState
from core.ports import Gate, UndeliveredReplies
from core.repositories import Outbox
from core.runtime.bus import Bus, ConversationUpdated

log = logging.getLogger(__name__)

BATCH: Final = 64
"""Claimed at once where a repeated send is harmless; else one by one, so that a crash leaves one
reply in doubt and no more."""
TRIES: Final = 20
SETTLE_SECONDS: Final = 30.0
SHOWN_SECONDS: Final = 15.0
"""Seconds a platform may take to show a reply it has accepted."""
LOOKS: Final = 20
"""Read-backs before a person is asked to look."""
LONGEST_PAUSE: Final = 1.0


class Dispatcher:
    """Sends one channel's replies; a slow channel delays no other."""

    def __init__(
        self,
        channel: str,
        sender: Sends,
        *,
        outbox: Outbox,
        gate: Gate,
        undelivered: UndeliveredReplies,
        clock: Clock,
        bus: Bus,
        resend: bool,
    ) -> None:
        """``resend``: the platform takes an idempotency key, so a send in doubt is repeated."""
        self._channel = channel
        self._sender = sender
        self._outbox = outbox
        self._gate = gate
        self._undelivered = undelivered
        self._clock = clock
        self._bus = bus
        self._resend = resend
        self._wake = asyncio.Event()
        self._doubted: dict[str, tuple[int, float]] = {}
        """By key of a reply in doubt: how often it was looked for, and since when."""

    def wake(self) -> None:
        """Look for due replies now."""
        self._wake.set()

    async def run(self) -> None:
        """Send for ever; at the start and now and then settle what a process left in doubt."""
        settle_at = self._clock.monotonic()
        while True:
            self._wake.clear()
            try:
                if self._clock.monotonic() >= settle_at:
                    await self.settle()
                    soon = SHOWN_SECONDS if self._doubted else SETTLE_SECONDS
                    settle_at = self._clock.monotonic() + soon
                worked = await self.step()
            except StoreError as error:
                log.error("the store failed", extra={"channel": self._channel, "error": str(error)})
                settle_at = self._clock.monotonic()
                worked = 0
            if not worked:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await self._wake.wait()

    async def step(self) -> int:
        """Send what is due; returns how many replies were tried."""
        wait = self._sender.pause() if isinstance(self._sender, ThrottlesSends) else 0.0
        if wait > LONGEST_PAUSE:
            return 0
        if wait > 0:
            await self._clock.sleep(wait)
        limit = BATCH if self._resend else 1
        replies = await self._outbox.claim(self._channel, limit, self._clock.now())
        for reply in replies:
            await self._send(reply)
        return len(replies)

    async def settle(self) -> None:
        """Resolve every in-doubt send: a crash or an error left open whether the platform acted.

        The platform is asked for the reply. One that it shows was sent; one that it does not show
        after ``SHOWN_SECONDS`` was never accepted and is sent now. Where the platform cannot be
        asked, the reply becomes a ticket; where it does not answer, it is asked again.
        """
        for reply in await self._outbox.in_doubt(self._channel):
            found = await self._look_for(reply)
            if isinstance(found, Sent):
                await self._finish(reply, found)
            elif self._resend:
                await self._send(reply)
            elif not isinstance(self._sender, ReadsBack) or self._is_late(reply, found):
                await self._finish(reply, Unknown(reason="interrupted while sending"))
            elif self._was_never_taken(reply, found):
                await self._send(reply)
            else:
                continue
            self._doubted.pop(reply.key, None)

    def _is_late(self, reply: Reply, found: Unknown | None) -> bool:
        """True where the platform has been asked in vain too often; counts this time."""
        looks, since = self._doubted.get(reply.key, (0, self._clock.monotonic()))
        self._doubted[reply.key] = (looks + 1, since)
        return isinstance(found, Unknown) and looks + 1 >= LOOKS

    def _was_never_taken(self, reply: Reply, found: Unknown | None) -> bool:
        _, since = self._doubted[reply.key]
        return found is None and self._clock.monotonic() - since >= SHOWN_SECONDS

    async def _send(self, reply: Reply) -> None:
        verdict = await self._gate.check(reply)
        if not verdict.allowed:
            await self._finish(reply, Rejected(reason=f"gate: {verdict.reason}"))
            return
        result: SendResult
        try:
            result = await self._sender.send(reply.target, reply.text, reply.key)
        except Exception as error:  # whatever it was, the platform may have acted before it
            log.exception("sending failed", extra={"channel": self._channel, "key": reply.key})
            result = Unknown(reason=f"{type(error).__name__}: {error}")
        if isinstance(result, Unknown) and isinstance(found := await self._look_for(reply), Sent):
            result = found
        await self._finish(reply, result)

    async def _finish(self, reply: Reply, result: SendResult) -> None:
        """Store the result of an attempt, with a ticket where a person has to take over."""
        ticket = not_before = None
        reason = "" if isinstance(result, Sent) else result.reason
        ends_conversation = isinstance(result, Rejected) and result.ends_conversation
        if isinstance(result, Sent):
            state = ReplyState.SENT
        elif isinstance(result, RetryAt) and reply.attempts < TRIES:
            state = ReplyState.PENDING
            not_before = max(result.at, self._clock.now() + timedelta(milliseconds=100))
        else:
            state = ReplyState.UNKNOWN if isinstance(result, Unknown) else ReplyState.REJECTED
            # That a person can no longer be reached is no work for staff, unless an answer was
            # owed already, or staff wrote the reply.
            if ends_conversation and reply.by == "bot":
                ticket = await self._undelivered.owed(reply)
            else:
                ticket = await self._undelivered.ticket_for(reply, reason)
        (done,) = await self._outbox.finish(
            [
                ReplyResult(
                    key=reply.key,
                    state=state,
                    native_id=result.native_id if isinstance(result, Sent) else None,
                    reason=reason,
                    not_before=not_before,
                    ticket=ticket,
                    ends_conversation=ends_conversation,
                )
            ]
        )
        if state is ReplyState.SENT:
            place = done.target
            self._bus.publish(
                ConversationUpdated(channel=place.channel, conversation=place.conversation)
            )
        if ticket is not None:
            self._bus.publish(ticket)
        self._bus.publish(done)

    async def _look_for(self, reply: Reply) -> Sent | Unknown | None:
        """The reply as the platform has it; ``None`` where it has none, Unknown if it is silent."""
        if not isinstance(self._sender, ReadsBack):
            return None
        try:
            native_id = await self._sender.find_sent(reply.target, reply.text, reply.key)
        except TingfengError as error:
            log.warning("reading back failed", extra={"key": reply.key, "error": str(error)})
            return Unknown(reason=str(error))
        return None if native_id is None else Sent(native_id=native_id)
