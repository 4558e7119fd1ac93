"""The embedded store: one SQLite file, safe against crashes, shared by processes of one host."""

from pathlib import Path
from typing import Self

from core.clock import Clock
from storage.encryption import NO_KEY, Coder, Keys
from storage.sqlite.alerts import SqliteAlerts, SqliteIncidents
from storage.sqlite.audit import SqliteAudit
from storage.sqlite.conversations import SqliteConversations
from storage.sqlite.customers import SqliteCustomers
from storage.sqlite.engine.database import SqliteDatabase
from storage.sqlite.events import SqliteEvents
from storage.sqlite.maintenance import SqliteMaintenance
from storage.sqlite.mentions import SqliteCorrections, SqliteMentions, SqliteTrackedPosts
from storage.sqlite.outbox import SqliteOutbox
from storage.sqlite.rows import SqliteRows
from storage.sqlite.tickets import SqliteTickets
from storage.sqlite.values import SqliteArticles, SqlitePauses, SqliteValues


class SqliteStore:
    """The ``core.repositories.Store`` over one SQLite file."""

    def __init__(self, db: SqliteDatabase) -> None:
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
        return cls(
            await SqliteDatabase.open(Path(path), clock=clock, keys=keys, max_pages=max_pages)
        )

    @property
    def path(self) -> Path:
        return self._db.path

    @property
    def coder(self) -> Coder:
        """Encodes its records and seals them."""
        return self._db.coder

    async def close(self) -> None:
        await self._db.close()
