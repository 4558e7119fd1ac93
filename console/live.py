"""Pushes changes to open staff tabs: collected briefly, rendered once a language.

A message is JSON: ``{"type": "hello" | "tick" | "changes" | "refresh", "now", ...}``. ``changes``
carries ``cards`` (HTML of new or changed mentions by seq), ``skipped`` (number of cards left out),
``topics`` (names of what else changed; a page fetches again what it shows of them), ``figures`` and
``banner``. A tab that does not keep up gets ``refresh`` in place of the messages it missed.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from typing import Final

from console.head import PageHead, read_head
from console.i18n import Lang
from console.json_encoding import dumps
from console.render import Renderer
from core.errors import StoreError
from core.model.alerts import Alert
from core.model.health import Health
from core.model.incidents import Incident
from core.model.mentions import Mention, MentionRecord
from core.model.outbox import Reply
from core.model.tickets import Ticket
from core.runtime.bus import Change, ConversationUpdated

log = logging.getLogger(__name__)

COLLECT_SECONDS: Final = 0.25
HEAD_SECONDS: Final = 1.0
TICK_SECONDS: Final = 15.0
MAX_CARDS: Final = 40
MAX_TOPICS: Final = 500
MAX_QUEUE: Final = 8
REFRESH: Final = dumps({"type": "refresh"})


class LiveClient:
    """The queue of one open tab."""

    def __init__(self, lang: Lang) -> None:
        self.lang: Final = lang
        self._queue: deque[str] = deque()
        self._ready = asyncio.Event()

    def put(self, message: str) -> None:
        """Queue a message without waiting; ``refresh`` replaces the content of a full queue."""
        if len(self._queue) >= MAX_QUEUE:
            self._queue.clear()
            message = REFRESH
        self._queue.append(message)
        self._ready.set()

    async def get(self) -> str:
        """The next message, in order."""
        while not self._queue:
            self._ready.clear()
            await self._ready.wait()
        return self._queue.popleft()


class ChangeBatch:
    """The changes since the last message."""

    def __init__(self) -> None:
        self.mentions: dict[int, None] = {}
        self.topics: dict[str, None] = {}
        self.skipped = 0
        self.overflowed = False

    def note(self, change: Change) -> None:
        """Add a change; over MAX_CARDS mentions the oldest are skipped."""
        match change:
            case Mention(seq=seq):
                self.mentions[seq] = None
                if len(self.mentions) > MAX_CARDS:
                    del self.mentions[next(iter(self.mentions))]
                    self.skipped += 1
        for topic in topics_of(change):
            self.topics[topic] = None
        self.overflowed = self.overflowed or len(self.topics) > MAX_TOPICS

    @property
    def is_empty(self) -> bool:
        return not (self.mentions or self.topics)


def topics_of(change: Change) -> Iterable[str]:
    """Topics under which pages subscribe to this change."""
    match change:
        case Mention(event=event):
            yield "mentions"
            yield f"talk:{event.channel}:{event.conversation}"
        case ConversationUpdated(channel=channel, conversation=conversation):
            yield f"talk:{channel}:{conversation}"
        case Ticket(number=number):
            yield "tickets"
            yield f"ticket:{number}"
        case Reply(mention=mention, target=target):
            yield "drafts"
            yield f"talk:{target.channel}:{target.conversation}"
            if mention is not None:
                yield f"mention:{mention}"
        case Alert(incident=incident):
            yield "alerts"
            if incident is not None:
                yield f"incident:{incident}"
        case Incident(id=name):
            yield "incidents"
            yield f"incident:{name}"
        case Health():
            yield "health"


class LiveHub:
    """Follows the bus and updates every open tab."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._context = renderer.context
        self._clients: set[LiveClient] = set()
        self._batch = ChangeBatch()
        self._changed = asyncio.Event()
        self._head_read_at = float("-inf")

    def join(self, lang: Lang) -> LiveClient:
        """Register a tab; call ``leave`` when it closes."""
        client = LiveClient(lang)
        client.put(self._message("hello"))
        self._clients.add(client)
        return client

    def leave(self, client: LiveClient) -> None:
        self._clients.discard(client)

    def touch(self, topic: str) -> None:
        """Announce a change that no record on the bus stands for."""
        if self._clients:
            self._batch.topics[topic] = None
            self._changed.set()

    async def run(self) -> None:
        """Run until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._collect())
            group.create_task(self._send())
            group.create_task(self._tick())

    async def _collect(self) -> None:
        changes = self._context.bus.subscribe(5000)
        try:
            async for change in changes:
                if self._clients:
                    self._batch.note(change)
                    self._changed.set()
                await asyncio.sleep(0)
        finally:
            changes.close()

    async def _send(self) -> None:
        while True:
            await self._changed.wait()
            await self._context.clock.sleep(COLLECT_SECONDS)
            self._changed.clear()
            batch, self._batch = self._batch, ChangeBatch()
            if batch.is_empty:
                continue
            try:
                await self._send_batch(batch)
            except StoreError as error:
                log.error("the store failed", extra={"error": str(error)})
                self._broadcast(REFRESH)
            except Exception:  # a bug about one change must not end all live updates
                log.exception("sending changes to the tabs failed")
                self._broadcast(REFRESH)

    async def _tick(self) -> None:
        while True:
            await self._context.clock.sleep(TICK_SECONDS)
            self._broadcast(self._message("tick"))

    async def _send_batch(self, batch: ChangeBatch) -> None:
        if batch.overflowed:
            self._broadcast(REFRESH)
            return
        found = [await self._context.store.mentions.get(seq) for seq in batch.mentions]
        cards = [record for record in found if record is not None]
        head = await self._fresh_head()
        for lang in {client.lang for client in self._clients}:
            message = self._changes(batch, cards, head, lang)
            for client in self._clients:
                if client.lang == lang:
                    client.put(message)

    def _changes(
        self, batch: ChangeBatch, cards: list[MentionRecord], head: PageHead | None, lang: Lang
    ) -> str:
        render = self._renderer.text
        return self._message(
            "changes",
            cards=[
                {
                    "seq": record.mention.seq,
                    "html": render("_mention_card.html", lang, {"record": record, "open": False}),
                }
                for record in sorted(cards, key=lambda record: record.mention.seq)
            ],
            skipped=batch.skipped,
            topics=list(batch.topics),
            figures=None if head is None else head.figures,
            banner=None if head is None else render("_banner.html", lang, {"head": head}),
        )

    async def _fresh_head(self) -> PageHead | None:
        """Read the head at most once a second; after ``None`` another message follows."""
        now = self._context.clock.monotonic()
        if now - self._head_read_at < HEAD_SECONDS:
            self._batch.topics.setdefault("head")
            self._changed.set()
            return None
        self._head_read_at = now
        return await read_head(self._context)

    def _message(self, kind: str, **values: object) -> str:
        return dumps({"type": kind, "now": self._context.clock.now(), **values})

    def _broadcast(self, message: str) -> None:
        for client in self._clients:
            client.put(message)
