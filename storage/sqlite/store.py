"""The embedded store: one SQLite file, safe against crashes, shared by processes of one host."""

from pathlib import Path
from typing import Self

from core.clock import Clock
from storage.encryption import Coder
from storage.key_ring import NO_KEY, Keys
from storage.sqlite.database import Database
from storage.sqlite.repositories import (
    SqliteAlerts,
    SqliteArticles,
    SqliteAudit,
    SqliteConversations,
    SqliteCorrections,
    SqliteCustomers,
    SqliteEvents,
    SqliteIncidents,
    SqliteMaintenance,
    SqliteMentions,
    SqliteOutbox,
    SqlitePauses,
    SqliteRows,
    SqliteTickets,
    SqliteTrackedPosts,
    SqliteValues,
)


class SqliteStore:
    """The ``core.repositories.Store`` over one SQLite file."""

    def __init__(self, db: Database) -> None:
        """Use ``open``."""
        self._db = db
        self.events = SqliteEvents(db)
        self.outbox = SqliteOutbox(db)
        self.conversations = SqliteConversations(db)
        self.tickets = SqliteTickets(db)
        self.mentions = SqliteMentions(db)
        self.corrections = SqliteCorrections(db)
        self.tracked_posts = SqliteTrackedPosts(db)
        self.incidents = SqliteIncidents(db)
        self.alerts = SqliteAlerts(db)
        self.pauses = SqlitePauses(db)
        self.articles = SqliteArticles(db)
        self.values = SqliteValues(db)
        self.audit = SqliteAudit(db)
        self.customers = SqliteCustomers(db)
        self.maintenance = SqliteMaintenance(db)
        self.rows = SqliteRows(db)

    @classmethod
    async def open(
        cls,
        path: str | Path,
        *,
        clock: Clock,
        keys: Keys = NO_KEY,
        max_pages: int | None = None,
    ) -> Self:
        """Open or create the file, with its folder, and bring its schema up to date.

        ``max_pages`` limits the file's size in pages of 4096 bytes. Raises StoreReadOnly,
        StoreLocked, StoreFull, SchemaTooNew or StoreError, each with the remedy.
        """
        return cls(await Database.open(Path(path), clock=clock, keys=keys, max_pages=max_pages))

    @property
    def path(self) -> Path:
        return self._db.path

    @property
    def coder(self) -> Coder:
        """Encodes its records and seals them."""
        return self._db.coder

    async def close(self) -> None:
        await self._db.close()
