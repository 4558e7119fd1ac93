"""Beside the ports of the pipeline: incidents, alerts that go on, what staff laid down, figures."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from core.alerts import Alert, Mute
from core.incidents import Incident
from core.mentions import CorrectedMention, Correction, Mention, MentionRecord, TrackedPost
from core.pauses import Pause
from storage.encoding import micros
from storage.mongo import alerts, incidents, mentions, tracking
from storage.mongo import staff_decisions as standing
from storage.mongo.admin import MongoOffice


class MongoStaff(MongoOffice):
    """What staff and the watch over spread lay down and look up."""

    async def open_incident(self, incident: Incident) -> Incident:
        """Store a new incident, numbered where its id is empty; or return the open one of its
        key."""
        return await self._write(lambda tx: incidents.open_one(tx, incident))

    async def compare_and_set_incident(self, incident: Incident) -> Incident:
        """Store a change; ``incident.version`` is the version seen, the returned one is stored.

        Raises Conflict where it was changed since.
        """
        return await self._write(lambda tx: incidents.compare_and_set(tx, incident))

    async def incident(self, id: str) -> Incident | None:  # noqa: A002
        return await self._alone(lambda tx: incidents.one(tx, id))

    async def incidents(
        self, *, state: Literal["open", "resolved"] | None = None, limit: int = 50
    ) -> Sequence[Incident]:
        """The last active first."""
        return await self._alone(lambda tx: incidents.latest(tx, state, limit))

    async def assign_incident(self, seqs: Sequence[int], id: str | None) -> None:  # noqa: A002
        """Note which incident mentions belong to."""
        await self._write(lambda tx: incidents.assign(tx, seqs, id))

    async def incident_mentions(
        self,
        id: str,  # noqa: A002
        *,
        limit: int = 2000,
    ) -> Sequence[MentionRecord]:
        """Its mentions that were not withdrawn, by posted_at, oldest first."""
        return await self._alone(lambda tx: mentions.of_incident(tx, id, limit))

    async def alert(self, key: str) -> Alert | None:
        return await self._alone(lambda tx: alerts.one(tx, key))

    async def live_alerts(self, *, limit: int = 1000) -> Sequence[Alert]:
        """Those that are firing or acknowledged, oldest first."""
        return await self._alone(lambda tx: alerts.live(tx, limit))

    async def change_alert(self, alert: Alert, *, receivers: Sequence[str] = ()) -> Alert:
        """Store a change; ``alert.version`` is the version seen, the returned one is stored.

        Each of ``receivers`` is told, one that was told before too. Raises Conflict where the alert
        was changed since.
        """
        return await self._write(lambda tx: alerts.change(tx, alert, receivers))

    async def pauses(self) -> Sequence[Pause]:
        """Pauses of automatic replies, by id."""
        return await self._alone(standing.pauses)

    async def save_pause(self, pause: Pause) -> None:
        """Lay down a pause, in place of the one with its id; the audit log names who did."""
        await self._write(lambda tx: standing.save_pause(tx, pause))

    async def lift_pause(self, id: str, *, by: str) -> bool:  # noqa: A002
        """End a pause; False where there is none. The audit log names who did."""
        return await self._write(lambda tx: standing.lift_pause(tx, id, by))

    async def mutes(self) -> Sequence[Mute]:
        """All that are kept, also those that are over; the first to end first."""
        return await self._alone(standing.mutes)

    async def save_mute(self, silence: Mute) -> None:
        """Lay down a silence, in place of the one with its id; the audit log names who did."""
        await self._write(lambda tx: standing.save_mute(tx, silence))

    async def end_mute(self, id: str, *, by: str) -> bool:  # noqa: A002
        """End a silence; False where there is none. The audit log names who did."""
        return await self._write(lambda tx: standing.end_mute(tx, id, by))

    async def correct(self, correction: Correction) -> None:
        """Keep a correction, in place of an earlier one of its mention.

        Raises Conflict where the mention is not there.
        """
        await self._write(lambda tx: standing.correct(tx, correction))

    async def correction(self, mention: int) -> Correction | None:
        return await self._alone(lambda tx: standing.correction(tx, mention))

    async def corrections(self, *, limit: int = 100_000) -> Sequence[CorrectedMention]:
        """The newest ``limit``, oldest first."""
        return await self._alone(lambda tx: standing.corrections(tx, limit))

    async def untracked(self, channel: str, *, since: datetime, limit: int) -> Sequence[Mention]:
        """Negative public mentions posted after ``since`` that nobody tracks, newest first."""
        return await self._alone(lambda tx: tracking.untracked(tx, channel, micros(since), limit))

    async def track(self, items: Sequence[TrackedPost]) -> None:
        """Keep figures, in place of earlier ones of the same mentions."""
        await self._write(lambda tx: tracking.track(tx, items))

    async def tracked_due(self, channel: str, now: datetime, limit: int) -> Sequence[TrackedPost]:
        """What is to be read again, soonest first."""
        return await self._alone(lambda tx: tracking.due(tx, channel, micros(now), limit))

    async def tracked(self, mention_seq: int) -> TrackedPost | None:
        return await self._alone(lambda tx: tracking.one(tx, mention_seq))
