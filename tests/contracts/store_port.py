"""Everything that a store must be able to do, as one type."""

from collections.abc import Sequence
from typing import Literal, Protocol

from console.ports import ConsoleStore
from core.clock import Clock
from core.ports import Inbox, Outbox
from core.records import Article, Incident
from responders.ports import Alerts, Conversations, History, Retention, Tickets


class Store(
    Inbox, Outbox, Conversations, Tickets, Alerts, History, Retention, ConsoleStore, Protocol
):
    """One implementation behind all ports."""

    async def open_incident(self, incident: Incident) -> Incident: ...

    async def compare_and_set_incident(self, incident: Incident) -> Incident: ...

    async def incident(self, id: str) -> Incident | None: ...  # noqa: A002

    async def incidents(
        self, *, state: Literal["open", "resolved"] | None = None, limit: int = 50
    ) -> Sequence[Incident]: ...

    async def assign_incident(self, seqs: Sequence[int], id: str | None) -> None: ...  # noqa: A002

    async def replace_articles(self, articles: Sequence[Article]) -> None: ...

    async def setting(self, key: str) -> str | None: ...

    async def set_setting(self, key: str, value: str) -> None: ...

    async def close(self) -> None: ...


class Opener(Protocol):
    """Opens the same data again: as after a restart, or as a second process would."""

    @property
    def url(self) -> str:
        """What ``storage.factory.open_store`` takes."""
        ...

    @property
    def key(self) -> str | None:
        """What it is encrypted with, if it is."""
        ...

    async def __call__(self, clock: Clock) -> Store: ...
