"""The parts that every page and socket of the console works with."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final, Protocol, runtime_checkable

from console.drill import DrillScoreboard
from console.i18n import Lang
from console.security import AccessPolicy
from core.clock import Clock
from core.connector import HandlesHttp
from core.i18n import Catalogue
from core.model.health import Health
from core.model.mentions import MentionFilter
from core.repositories import Pauses, Store
from core.runtime.bus import Bus

_CHANNELS_FROM: Final = 500
_CHANNELS_EVERY: Final = 30.0


class RegroupsIncidents(Protocol):
    """Merges and splits incidents for staff. Both methods may raise Conflict."""

    @property
    def by_meaning(self) -> bool:
        """True where posts are grouped by embeddings, too, not by shared words alone."""
        ...

    async def merge(self, kept_id: str, gone_id: str, by: str) -> object:
        """Merge the incident ``gone_id`` into ``kept_id``.

        Raises KeyError or ValueError where they cannot be merged.
        """
        ...

    async def split(self, seqs: Sequence[int], by: str) -> str:
        """Move mentions, given by their seq, to an incident of their own; returns its id.

        Raises KeyError where they are no longer in memory.
        """
        ...


class ChatChannel(Protocol):
    """The connector behind the chat page."""

    @property
    def name(self) -> str:
        """The channel under which the store keeps its conversations."""
        ...

    def conversation(self, visitor: str) -> str:
        """Id of the visitor's conversation; ``visitor`` is the secret that the browser keeps.

        Raises InputError for a malformed secret.
        """
        ...

    async def receive(self, visitor: str, message_id: str, text: str) -> None:
        """Store a message; durable on return, and idempotent by ``message_id``.

        Raises InputError for a message that is refused.
        """
        ...


@runtime_checkable
class CodedError(Protocol):
    """An InputError that a page can translate."""

    @property
    def code(self) -> str:
        """The name of the message: ``chat.error.CODE`` in the catalogue."""
        ...

    @property
    def values(self) -> Mapping[str, int]:
        """The placeholders of the message; ``seconds`` is when to send the same again."""
        ...


class KnownChannels:
    """Names of the channels that mentions came from; a feed may carry several.

    Reads the newest mentions at most every 30 seconds and never forgets a name.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._names: set[str] = set()
        self._read_at = float("-inf")
        self._lock = asyncio.Lock()

    async def names(self) -> Sequence[str]:
        """In alphabetical order."""
        async with self._lock:
            now = self._clock.monotonic()
            if now - self._read_at >= _CHANNELS_EVERY:
                page = await self._store.mentions.find(MentionFilter(), limit=_CHANNELS_FROM)
                self._names |= {record.mention.event.channel for record in page.mentions}
                self._read_at = now if page.mentions else self._read_at
        return sorted(self._names)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsoleContext:
    """Everything behind the console, built once by ``create_app``."""

    store: Store
    chat: ChatChannel | None
    """The web chat; ``None`` where none is configured."""
    channels: KnownChannels
    pushed: Mapping[str, HandlesHttp]
    """Connectors that platforms push to, by channel."""
    bus: Bus
    clock: Clock
    catalogue: Catalogue
    """Texts of all pages."""
    health: Callable[[], Sequence[Health]]
    """Current state of every connector."""
    notify: Callable[[], None]
    """To call after something was put into the inbox or the outbox."""
    language: Lang
    """For browsers that ask for neither Chinese nor English."""
    brand_name: str
    """Shown to shoppers."""
    brands: Mapping[str, str]
    """Brand.id to name."""
    policy: AccessPolicy
    pauses: Pauses
    """The gate's pauses of automatic replies, effective on return."""
    regroups: RegroupsIncidents | None
    """``None`` where incidents are not detected."""
    drill: DrillScoreboard | None
    """The exercise that this console is for; ``None`` outside of one."""
    zone: tzinfo | None
    """Time zone of the times shown; ``None`` is the machine's own."""
