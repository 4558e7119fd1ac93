"""Alerts to staff, and mutes of alerts."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from core.errors import Conflict
from core.localized import LocalizedText, UiLanguage, in_language
from core.taxonomy import Severity


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """A notice to staff about an incident, a silence or a deadline."""

    key: str
    """The same for repeats of the same notice, so that a receiver can drop them."""
    kind: Literal["incident", "silence", "deadline", "gap", "store", "dead_letter", "budget"]
    severity: Severity
    title: str
    body: str
    """Evidence, masked, one fact a line; like the title in the configured language."""
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
    """When the matter was last heard of; ``created_at`` where it never was again."""
    notices: int = 0
    """How many times staff were notified of it; a part of what receivers drop repeats by."""
    notified_at: datetime | None = None
    notified_severity: Severity | None = None
    escalated: int = 0
    """How far up the chain of people on call it has gone."""
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    snoozed_until: datetime | None = None
    drill: bool = False
    """True for an exercise; every text of it says so."""
    wordings: tuple[LocalizedText, ...] = ()
    """Title and body in each language."""
    part_of: str | None = None
    """Id of the incident that took over the one it was about; it ended with that."""

    def told(self, language: UiLanguage) -> LocalizedText:
        """Title and body for who reads that language, as far as they are known in it."""
        found = in_language(self.wordings, language)
        return found or LocalizedText(language=language, title=self.title, body=self.body)


def incident_key(incident: str) -> str:
    """Alert.key of the alert about an incident; one each."""
    return f"incident:{incident}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mute:
    """A time in which staff do not want to be notified of some alerts."""

    id: str
    brand: str | None = None
    """``None`` in any of these means all."""
    channel: str | None = None
    category: str | None = None
    kind: str | None = None
    incident: str | None = None
    until: datetime
    reason: str
    by: str


def next_version(stored: Alert | None, alert: Alert) -> Alert:
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
