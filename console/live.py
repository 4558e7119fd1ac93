"""Live changes for staff: gathered for a moment, written once a language, sent to every tab.

A message is JSON: ``{"type": "hello" | "tick" | "changes" | "refresh", "now", ...}``. ``changes``
carries ``cards`` (HTML of new or changed mentions by seq), ``skipped`` (how many more there were),
``topics`` (what else changed: a page fetches again what it shows of it), ``figures`` and
``banner``. A tab that does not keep up gets ``refresh`` instead of what it missed.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from typing import Final

from console.desk import Desk
from console.formatting import dumps
from console.i18n import Lang
from console.pages.head import Head, read_head
from console.render import Renderer
from core.alerts import Alert
from core.bus import Change, ConversationUpdated
from core.errors import StoreError
from core.health import Health
from core.incidents import Incident
from core.mentions import Mention, MentionRecord
from core.outbox import Reply
from core.tickets import Ticket

log = logging.getLogger(__name__)

GATHER_SECONDS: Final = 0.25
HEAD_SECONDS: Final = 1.0
TICK_SECONDS: Final = 15.0
MOST_CARDS: Final = 40
MOST_TOPICS: Final = 500
QUEUE: Final = 8
REFRESH: Final = dumps({"type": "refresh"})


class LiveClient:
    """One open tab; ``put`` never waits."""

    def __init__(self, lang: Lang) -> None:
        self.lang: Final = lang
        self._queue: deque[str] = deque()
        self._ready = asyncio.Event()

    def put(self, message: str) -> None:
        """Queue a message; a full queue is replaced by one that asks to refresh."""
        if len(self._queue) >= QUEUE:
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


class Gathered:
    """What changed since the last message."""

    def __init__(self) -> None:
        self.mentions: dict[int, None] = {}
        self.topics: dict[str, None] = {}
        self.skipped = 0
        self.too_many = False

    def note(self, change: Change) -> None:
        """Remember a change; the newest mentions win where there are too many."""
        match change:
            case Mention(seq=seq):
                self.mentions[seq] = None
                if len(self.mentions) > MOST_CARDS:
                    del self.mentions[next(iter(self.mentions))]
                    self.skipped += 1
        for topic in topics_of(change):
            self.topics[topic] = None
        self.too_many = self.too_many or len(self.topics) > MOST_TOPICS

    @property
    def is_empty(self) -> bool:
        return not (self.mentions or self.topics)


def topics_of(change: Change) -> Iterable[str]:
    """Names of what a page may show of this change."""
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
    """Listens to the bus and keeps every open tab up to date."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._desk: Desk = renderer.desk
        self._clients: set[LiveClient] = set()
        self._gathered = Gathered()
        self._changed = asyncio.Event()
        self._head_at = float("-inf")

    def join(self, lang: Lang) -> LiveClient:
        """Open a tab; call ``leave`` when it closes."""
        client = LiveClient(lang)
        client.put(self._message("hello"))
        self._clients.add(client)
        return client

    def leave(self, client: LiveClient) -> None:
        self._clients.discard(client)

    def poke(self, topic: str) -> None:
        """Say that something changed which no record on the bus tells of."""
        if self._clients:
            self._gathered.topics[topic] = None
            self._changed.set()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._send())
            group.create_task(self._tick())

    async def _listen(self) -> None:
        heard = self._desk.bus.subscribe(5000)
        try:
            async for change in heard:
                if self._clients:
                    self._gathered.note(change)
                    self._changed.set()
                await asyncio.sleep(0)
        finally:
            heard.close()

    async def _send(self) -> None:
        while True:
            await self._changed.wait()
            await self._desk.clock.sleep(GATHER_SECONDS)
            self._changed.clear()
            gathered, self._gathered = self._gathered, Gathered()
            if gathered.is_empty:
                continue
            try:
                await self._tell(gathered)
            except StoreError as error:
                log.error("the store failed", extra={"error": str(error)})
                self._put(REFRESH)
            except Exception:  # a bug about one change must not end all live changes
                log.exception("telling the tabs failed")
                self._put(REFRESH)

    async def _tick(self) -> None:
        while True:
            await self._desk.clock.sleep(TICK_SECONDS)
            self._put(self._message("tick"))

    async def _tell(self, gathered: Gathered) -> None:
        if gathered.too_many:
            self._put(REFRESH)
            return
        found = [await self._desk.store.mentions.get(seq) for seq in gathered.mentions]
        cards = [handled for handled in found if handled is not None]
        head = await self._fresh_head()
        for lang in {client.lang for client in self._clients}:
            message = self._changes(gathered, cards, head, lang)
            for client in self._clients:
                if client.lang == lang:
                    client.put(message)

    def _changes(
        self, gathered: Gathered, cards: list[MentionRecord], head: Head | None, lang: Lang
    ) -> str:
        render = self._renderer.text
        return self._message(
            "changes",
            cards=[
                {
                    "seq": handled.mention.seq,
                    "html": render("_mention_card.html", lang, {"handled": handled, "open": False}),
                }
                for handled in sorted(cards, key=lambda handled: handled.mention.seq)
            ],
            skipped=gathered.skipped,
            topics=list(gathered.topics),
            figures=None if head is None else head.figures,
            banner=None if head is None else render("_banner.html", lang, {"head": head}),
        )

    async def _fresh_head(self) -> Head | None:
        """The head, read at most once a second; ``None`` is followed by another message."""
        now = self._desk.clock.monotonic()
        if now - self._head_at < HEAD_SECONDS:
            self._gathered.topics.setdefault("head")
            self._changed.set()
            return None
        self._head_at = now
        return await read_head(self._desk)

    def _message(self, kind: str, **values: object) -> str:
        return dumps({"type": kind, "now": self._desk.clock.now(), **values})

    def _put(self, message: str) -> None:
        for client in self._clients:
            client.put(message)
