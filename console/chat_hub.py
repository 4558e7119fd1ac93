"""Wakes the open chat pages whose conversation has something new.

It tells nothing but that: a page asks the store for what it has not seen, so none can miss a line
however slow it is.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from core.bus import Bus, Change, ConversationUpdated, Subscription
from core.mentions import Mention
from core.outbox import Reply


class ChatHub:
    """One listener on the bus for all chat pages."""

    def __init__(self, bus: Bus, channel: str) -> None:
        self._bus = bus
        self._channel = channel
        self._open: dict[str, set[asyncio.Event]] = {}

    @contextmanager
    def watch(self, conversation: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the conversation may have changed."""
        woken = asyncio.Event()
        watching = self._open.setdefault(conversation, set())
        watching.add(woken)
        try:
            yield woken
        finally:
            watching.discard(woken)
            if not watching:
                self._open.pop(conversation, None)

    async def run(self) -> None:
        """Until cancelled."""
        heard = self._bus.subscribe(5000)
        try:
            await self._listen(heard)
        finally:
            heard.close()

    async def _listen(self, heard: Subscription) -> None:
        lost = 0
        async for change in heard:
            if heard.lost > lost:
                lost = heard.lost
                self._wake_all()
            for woken in self._open.get(self._conversation(change), ()):
                woken.set()

    def _wake_all(self) -> None:
        for watching in self._open.values():
            for woken in watching:
                woken.set()

    def _conversation(self, change: Change) -> str:
        match change:
            case ConversationUpdated(channel=channel, conversation=conversation) if (
                channel == self._channel
            ):
                return conversation
            case Mention(event=event) if event.channel == self._channel:
                return event.conversation
            case Reply(target=target) if target.channel == self._channel:
                return target.conversation
            case _:
                return ""
