"""Alerts about incidents: one per incident, updated while the incident goes on."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Final

from core.clock import Clock
from core.localized import LocalizedText, UiLanguage, in_each
from core.model.alerts import Alert, incident_key
from core.ports import AlertRaiser
from core.taxonomy import Severity
from listeners.spread.incidents.incident import Assessment, TrackedIncident
from listeners.spread.incidents.wording import IncidentTexts, headline, without_leading_name

UPDATE_SECONDS: Final = 60.0
"""Least time of the posts between two alerts about an incident whose severity has not risen."""
_FORECAST_REASONS: Final = ("far", "very_far")
"""Left out where the forecast itself is given with its interval."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertAudience:
    """The members of staff who receive alerts."""

    language: UiLanguage
    """Of the receivers; in the console everyone reads their own language."""
    zone: tzinfo = UTC
    """Time zone in which the times of posts are given."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingAlert:
    """An alert about an incident that may not have an id yet."""

    incident: TrackedIncident
    severity: Severity
    title: str
    body: str
    at: float
    """Time of the last post, in seconds since 1970."""
    wordings: tuple[LocalizedText, ...] = ()
    """Title and body in each language."""
    channel: str | None = None
    category: str | None = None


def pending_alert(
    incident: TrackedIncident,
    assessment: Assessment,
    audience: AlertAudience,
    texts: IncidentTexts,
    *,
    brand: str,
    names: re.Pattern[str] | None,
    at: float,
) -> PendingAlert:
    """The alert about an incident as it is now.

    ``brand`` is the brand's name for staff, ``names`` match its names in posts, ``at`` is the time
    in seconds since 1970.
    """
    posts = incident.last_hour()
    forecast, unit = incident.farthest_forecast()

    def text(language: UiLanguage) -> LocalizedText:
        omit = () if forecast is None else _FORECAST_REASONS
        lines = texts.reason_lines(assessment, language, omit=omit)
        lines += texts.volume_lines(incident.activity.posts(), language, zone=audience.zone)
        lines += texts.denial_lines(incident.activity.denials, language)
        if forecast is not None:
            lines.append(texts.forecast_line(forecast, language, unit=unit))
        lines += texts.evidence_lines(posts, language)
        title = texts.alert_title(
            language,
            brand=brand,
            headline=without_leading_name(headline(incident, language), names),
            authors=len({post.author for post in posts}),
        )
        return LocalizedText(language=language, title=title, body="\n".join(lines))

    configured = text(audience.language)
    channels = list(incident.activity.channels)
    return PendingAlert(
        incident=incident,
        severity=assessment.severity,
        title=configured.title,
        body=configured.body,
        wordings=in_each(text),
        at=at,
        channel=channels[0] if len(channels) == 1 else None,
        category=incident.category() or None,
    )


class AlertQueue:
    """Keeps alerts until they are raised, so that each is raised at least once."""

    def __init__(
        self,
        alerts: AlertRaiser,
        *,
        clock: Clock,
        stored_id: Callable[[TrackedIncident], Awaitable[str]],
    ) -> None:
        """``stored_id`` gives the Incident.id of an incident, and stores it first if needed."""
        self._alerts = alerts
        self._clock = clock
        self._stored_id = stored_id
        self._pending: dict[str, PendingAlert] = {}

    def is_due(self, incident: TrackedIncident, severity: Severity, at: float) -> bool:
        """True if the incident is above P4 and was not alerted, has become worse, or a minute ago.

        ``at`` is the time of its last post, in seconds since 1970.
        """
        if severity == "P4":
            return False
        return (
            incident.alerted is None
            or severity < incident.alerted
            or at - incident.alerted_at >= UPDATE_SECONDS
        )

    def restore(self, incident: TrackedIncident, severity: Severity) -> None:
        """Record that an incident was alerted before the restart."""
        incident.alerted = min(severity, incident.alerted or "P4")
        incident.alerted_at = incident.activity.last
        pending = self._pending.get(incident.key)
        if pending is not None and pending.severity >= severity:
            del self._pending[incident.key]

    def put(self, pending: PendingAlert) -> None:
        """Queue an alert, in place of an earlier one about the same incident."""
        incident = pending.incident
        incident.alerted = min(pending.severity, incident.alerted or "P4")
        incident.alerted_at = pending.at
        self._pending[incident.key] = pending

    def drop(self, incident: TrackedIncident) -> None:
        """Drop an alert about an incident that staff have resolved."""
        self._pending.pop(incident.key, None)

    def drop_before(self, second: float) -> None:
        """Drop alerts about incidents whose last post is older than ``second``."""
        for key in [key for key, pending in self._pending.items() if pending.at < second]:
            del self._pending[key]

    def merged(self, kept: TrackedIncident, gone: TrackedIncident) -> None:
        """Drop the alert about an incident that was merged, and make one of the other due."""
        self._pending.pop(gone.key, None)
        kept.alerted_at = 0.0

    async def send(self) -> None:
        """Raise all alerts; raises what ``raise_alert`` raises, and keeps what was not raised."""
        for key, pending in tuple(self._pending.items()):
            id_ = await self._stored_id(pending.incident)
            if self._pending.get(key) is not pending:
                continue  # merged meanwhile, or replaced by a newer one
            await self._alerts.raise_alert(self._alert(pending, id_))
            if self._pending.get(key) is pending:
                del self._pending[key]

    def _alert(self, pending: PendingAlert, id_: str) -> Alert:
        now = self._clock.now()
        return Alert(
            key=incident_key(id_),
            kind="incident",
            severity=pending.incident.alerted or pending.severity,
            title=pending.title,
            body=pending.body,
            wordings=pending.wordings,
            created_at=now,
            heard_at=now,
            brand=pending.incident.brand,
            incident=id_,
            channel=pending.channel,
            category=pending.category,
        )
