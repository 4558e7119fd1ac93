"""Alerts to staff, and mutes that silence them."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from core.errors import Conflict
from core.localized import LocalizedText, UiLanguage, in_language
from core.taxonomy import Severity


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """A notice to staff about an incident or about the operation."""

    key: str
    """Unique; raising the same key again brings the alert up to date."""
    kind: Literal[
        "incident", "silence", "deadline", "gap", "store", "dead_letter", "budget", "channel"
    ]
    severity: Severity
    title: str
    body: str
    """Masked evidence, one fact per line. Title and body are in the configured language."""
    created_at: datetime
    brand: str | None = None
    incident: str | None = None
    state: Literal["firing", "acknowledged", "resolved"] = "firing"
    owner: str | None = None
    channel: str | None = None
    category: str | None = None
    version: int = 0
    """Counts changes; a change names the version it has seen."""
    heard_at: datetime | None = None
    """Time of the last news; ``None`` if there were none since ``created_at``."""
    notices: int = 0
    """Number of notices to staff; with ``key`` it makes the key by which receivers drop repeats."""
    notified_at: datetime | None = None
    notified_severity: Severity | None = None
    escalated: int = 0
    """Step of the escalation chain that was notified last, from 0."""
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    snoozed_until: datetime | None = None
    drill: bool = False
    """True for an exercise; its title says so."""
    wordings: tuple[LocalizedText, ...] = ()
    """Title and body in each language."""
    part_of: str | None = None
    """Id of the incident that the alert's own was merged into; the alert is resolved then."""

    def localized(self, language: UiLanguage) -> LocalizedText:
        """Title and body in a language, or as configured if they are not known in that."""
        found = in_language(self.wordings, language)
        return found or LocalizedText(language=language, title=self.title, body=self.body)


def incident_key(incident: str) -> str:
    """The key of the one alert about an incident."""
    return f"incident:{incident}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mute:
    """A period in which staff are not notified of some alerts."""

    id: str
    brand: str | None = None
    """``None`` in this and the next four matches any value."""
    channel: str | None = None
    category: str | None = None
    kind: str | None = None
    incident: str | None = None
    until: datetime
    reason: str
    by: str

    def matches(self, alert: Alert) -> bool:
        """True if every property that the mute names is the alert's."""
        pairs = (
            (self.brand, alert.brand),
            (self.channel, alert.channel),
            (self.category, alert.category),
            (self.kind, alert.kind),
            (self.incident, alert.incident),
        )
        return all(wanted is None or wanted == found for wanted, found in pairs)


def next_alert_version(stored: Alert | None, alert: Alert) -> Alert:
    """A change as it is stored; raises Conflict unless it was made to the stored version."""
    if stored is None:
        raise Conflict(f"there is no alert {alert.key}. Read the list again.")
    if stored.version != alert.version:
        raise Conflict(f"the alert {alert.key} was changed in the meantime. Read it again.")
    return replace(alert, version=alert.version + 1)


def acknowledged(alert: Alert, *, by: str, at: datetime) -> Alert:
    """The alert once ``by`` has taken it on; raises Conflict where it is not firing."""
    if alert.state != "firing":
        raise Conflict(f"the alert {alert.key} is {alert.state} already. Read it again.")
    return replace(alert, state="acknowledged", owner=by, acknowledged_at=at)


def is_settled(alert: Alert, before: datetime) -> bool:
    """True where the alert was resolved before a time."""
    return alert.state == "resolved" and (alert.resolved_at or alert.created_at) < before


def mute_note(mute: Mute) -> str:
    """A mute as the audit log names it."""
    return f"{mute.id} until {mute.until.isoformat(timespec='seconds')}"
