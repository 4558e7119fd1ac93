"""Everything that a store must be able to do, as one type."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from console.ports import ConsoleStore
from core.alerts import Alert, Mute
from core.articles import Article
from core.clock import Clock
from core.incidents import Incident
from core.mentions import CorrectedMention, Correction, Mention, MentionRecord, TrackedPost
from core.pauses import Pause
from core.repositories import Inbox, Outbox
from responders.ports import Alerts, Conversations, History, Retention, Tickets
from storage.audit import Entry
from storage.doctor import Finding


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

    async def incident_mentions(
        self,
        id: str,  # noqa: A002
        *,
        limit: int = 2000,
    ) -> Sequence[MentionRecord]: ...

    async def alert(self, key: str) -> Alert | None: ...

    async def live_alerts(self, *, limit: int = 1000) -> Sequence[Alert]: ...

    async def change_alert(self, alert: Alert, *, receivers: Sequence[str] = ()) -> Alert: ...

    async def pauses(self) -> Sequence[Pause]: ...

    async def save_pause(self, pause: Pause) -> None: ...

    async def lift_pause(self, id: str, *, by: str) -> bool: ...  # noqa: A002

    async def mutes(self) -> Sequence[Mute]: ...

    async def save_mute(self, silence: Mute) -> None: ...

    async def end_mute(self, id: str, *, by: str) -> bool: ...  # noqa: A002

    async def correct(self, correction: Correction) -> None: ...

    async def correction(self, mention: int) -> Correction | None: ...

    async def corrections(self, *, limit: int = 100_000) -> Sequence[CorrectedMention]: ...

    async def untracked(
        self, channel: str, *, since: datetime, limit: int
    ) -> Sequence[Mention]: ...

    async def track(self, items: Sequence[TrackedPost]) -> None: ...

    async def tracked_due(
        self, channel: str, now: datetime, limit: int
    ) -> Sequence[TrackedPost]: ...

    async def tracked(self, mention_seq: int) -> TrackedPost | None: ...

    async def age(
        self, *, raw: datetime, spam: datetime, messages: datetime, records: datetime
    ) -> int: ...

    async def examine(self, *, mend: bool) -> Sequence[Finding]: ...

    async def audit(self) -> Sequence[Entry]: ...

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
