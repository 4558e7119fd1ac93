"""The store on a MongoDB server or cluster, shared by processes of many hosts."""

from typing import Self

from core.clock import Clock
from storage.encryption import NO_KEY, Coder, Keys
from storage.mongo.alerts import MongoAlerts, MongoIncidents
from storage.mongo.audit import MongoAudit
from storage.mongo.conversations import MongoConversations
from storage.mongo.customers import MongoCustomers
from storage.mongo.engine.database import MongoDatabase
from storage.mongo.events import MongoEvents
from storage.mongo.maintenance import MongoMaintenance
from storage.mongo.mentions import MongoCorrections, MongoMentions, MongoTrackedPosts
from storage.mongo.outbox import MongoOutbox
from storage.mongo.rows import MongoRows
from storage.mongo.tickets import MongoTickets
from storage.mongo.values import MongoArticles, MongoPauses, MongoValues


class MongoStore:
    """The ``core.repositories.Store`` over one SQLite file."""

    def __init__(self, db: MongoDatabase) -> None:
        """Use ``open``."""
        self._db = db
        self.events = MongoEvents(db)
        self.outbox = MongoOutbox(db)
        self.conversations = MongoConversations(db)
        self.tickets = MongoTickets(db)
        self.mentions = MongoMentions(db)
        self.corrections = MongoCorrections(db)
        self.tracked_posts = MongoTrackedPosts(db)
        self.incidents = MongoIncidents(db)
        self.alerts = MongoAlerts(db)
        self.pauses = MongoPauses(db)
        self.articles = MongoArticles(db)
        self.values = MongoValues(db)
        self.audit = MongoAudit(db)
        self.customers = MongoCustomers(db)
        self.maintenance = MongoMaintenance(db)
        self.rows = MongoRows(db)

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        clock: Clock,
        keys: Keys = NO_KEY,
        transactions: bool | None = None,
    ) -> Self:
        """Connect to ``mongodb://HOST:PORT/DATABASE`` and bring its schema up to date.

        ``transactions``: whether to use them; ``None`` asks the server. Raises SchemaTooNew or
        StoreError, each with the remedy.
        """
        return cls(await MongoDatabase.open(url, clock=clock, keys=keys, transactions=transactions))

    @property
    def coder(self) -> Coder:
        """Encodes its records and seals them."""
        return self._db.coder

    async def close(self) -> None:
        await self._db.close()
