"""The alert lifecycle as pure functions of the alert, the time and the other alerts.

An alert is firing, then acknowledged or not, then resolved; news after that make it fire again.
Staff are notified when it begins, when it becomes more severe, and repeatedly until it is
acknowledged. docs/reference/alerts.md states the rules for staff.
"""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from core.localized import UiLanguage
from core.model.alerts import Alert, Mute, incident_key
from core.settings import AlertSettings
from responders.alerting.escalation import EscalationChain, Notification
from responders.alerting.inhibition import is_inhibited

TransitionReason = Literal["first", "worse", "again", "next", "over"]
"""Begun, become more severe, not acknowledged yet, escalated to the next step, resolved."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertTimings:
    """The time spans of ``core.settings.AlertSettings``."""

    wait: timedelta = timedelta(seconds=30)
    interval: timedelta = timedelta(minutes=5)
    repeat: timedelta = timedelta(hours=4)
    resolve: timedelta = timedelta(hours=6)
    escalate: timedelta = timedelta(minutes=15)


def read_timings(settings: AlertSettings) -> AlertTimings:
    """The time spans of a configuration."""
    return AlertTimings(
        wait=timedelta(seconds=settings.wait_seconds),
        interval=timedelta(minutes=settings.interval_minutes),
        repeat=timedelta(hours=settings.repeat_hours),
        resolve=timedelta(hours=settings.resolve_hours),
        escalate=timedelta(minutes=settings.escalate_minutes),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class NotificationContext:
    """Everything besides the alert and the time that decides about its next transition."""

    timings: AlertTimings
    chain: EscalationChain
    started_at: datetime
    """Start of this process; silence before it is not known to be silence."""
    jumped_at: datetime | None = None
    """Time of the last jump of the clock; spans that began before it are counted from it."""
    related: Sequence[Alert] = ()
    """Live alerts of the same incident or topic; the alert itself may be among them."""
    mutes: Sequence[Mute] = ()
    ended: Container[str] = ()
    """Incidents that are over by the time of their posts, see ``AlertRaiser.end``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """A change of an alert to store, and the receivers to notify with it, if any."""

    alert: Alert
    receivers: tuple[str, ...]
    reason: TransitionReason


def next_transition(alert: Alert, now: datetime, context: NotificationContext) -> Transition | None:
    """The transition that is due at ``now``; ``None`` if none is.

    An alert that no receiver was notified of, because all were in quiet hours, is not resolved
    before one is.
    """
    if alert.state == "resolved":
        return None
    held = _is_held(alert, now, context)
    first_is_due = alert.notified_severity is None and not held
    quiet = now - _quiet_since(alert, now, context) >= context.timings.resolve
    if (quiet or alert.incident in context.ended) and not first_is_due:
        resolved = replace(alert, state="resolved", resolved_at=now)
        return resolve_transition(resolved, now, context.chain, context.mutes)
    if held:
        return None
    if first_is_due:
        return _first(alert, now, context)
    if is_worse(alert):
        notification = context.chain.up_to(alert.escalated, alert.severity, now)
        return _notify(alert, notification, now, "worse")
    return _remind(alert, now, context)


def resolve_transition(
    resolved: Alert, now: datetime, chain: EscalationChain, mutes: Sequence[Mute]
) -> Transition:
    """The transition to ``resolved``: notifies the receivers that know of the alert.

    No one is notified in quiet hours or while the alert is muted.
    """
    notification = chain.up_to(resolved.escalated, resolved.severity, now)
    if notification is None or resolved.notices == 0 or is_muted(resolved, now, mutes):
        return Transition(alert=resolved, receivers=(), reason="over")
    resolved = replace(resolved, notices=resolved.notices + 1, notified_at=now)
    return Transition(alert=resolved, receivers=notification.receivers, reason="over")


def is_worse(alert: Alert) -> bool:
    """True if the alert is more severe than in its last notice."""
    return alert.notified_severity is not None and alert.severity < alert.notified_severity


def is_muted(alert: Alert, now: datetime, mutes: Sequence[Mute]) -> bool:
    """True while a mute that has not expired matches the alert."""
    return any(mute.until > now and mute.matches(alert) for mute in mutes)


def with_news(stored: Alert, news: Alert, now: datetime, tail: timedelta) -> Alert | None:
    """The stored alert brought up to date by a repeated call; ``None`` if nothing changes.

    Severity only rises while the alert is live. A resolved one fires again if the news are more
    severe, or come more than ``tail`` after it was resolved; until then they belong to its end.
    """
    updated = replace(
        stored,
        title=news.title,
        body=news.body,
        wordings=news.wordings,
        heard_at=now,
        severity=min(stored.severity, news.severity),
        incident=news.incident or stored.incident,
        channel=news.channel or stored.channel,
        category=news.category or stored.category,
    )
    if stored.state != "resolved":
        return updated
    resolved_at = stored.resolved_at or stored.created_at
    if news.severity >= stored.severity and timedelta() <= now - resolved_at < tail:
        return None
    return replace(
        updated,
        state="firing",
        severity=news.severity,
        owner=None,
        notified_severity=None,
        escalated=0,
        acknowledged_at=None,
        resolved_at=None,
        snoozed_until=None,
        part_of=None,
    )


def merge_alerts(gone: Alert, known: Alert | None, kept: str) -> Alert:
    """The alert about the incident ``kept`` after another incident was merged into it.

    Owner, acknowledgement and notices pass on, so that staff are not called for what a colleague
    looks after, and nothing that fires falls silent.

    Args:
        gone: the live alert about the merged incident.
        known: the stored alert about ``kept``, if there is one. It stays firing if it is graver
            than the acknowledged one: the owner of that may not know of it.
        kept: id of the incident.
    """
    if known is None:
        return replace(gone, key=incident_key(kept), incident=kept, version=0)
    if known.state == "resolved":
        return replace(
            known,
            state=gone.state,
            severity=gone.severity,
            owner=gone.owner or known.owner,
            notices=max(known.notices, gone.notices),
            notified_at=gone.notified_at,
            notified_severity=gone.notified_severity,
            escalated=gone.escalated,
            acknowledged_at=gone.acknowledged_at,
            snoozed_until=gone.snoozed_until,
            heard_at=gone.heard_at or gone.created_at,
            resolved_at=None,
            part_of=None,
        )
    merged = replace(known, severity=min(known.severity, gone.severity))
    acknowledged = gone.state == "acknowledged" and gone.severity <= known.severity
    if not acknowledged or known.state != "firing":
        return merged
    return replace(
        merged,
        state="acknowledged",
        owner=gone.owner,
        acknowledged_at=gone.acknowledged_at,
        notified_severity=min(merged.notified_severity or "P4", gone.notified_severity or "P4"),
    )


def resolve_as_part(
    alert: Alert,
    kept: str,
    now: datetime,
    say: Callable[[UiLanguage, str], str],
    language: UiLanguage,
) -> Alert:
    """The alert about a merged incident, resolved as a part of the incident ``kept``.

    ``say``: the sentence for that, by language and id. ``language``: that of title and body.
    """
    return replace(
        alert,
        state="resolved",
        resolved_at=now,
        part_of=kept,
        body=_with_line(alert.body, say(language, kept)),
        wordings=tuple(
            replace(one, body=_with_line(one.body, say(one.language, kept)))
            for one in alert.wordings
        ),
    )


def _with_line(body: str, line: str) -> str:
    return f"{line}\n{body}" if body else line


def _is_held(alert: Alert, now: datetime, context: NotificationContext) -> bool:
    """True while no receiver is to be notified."""
    handled = alert.state == "acknowledged" or _is_snoozed(alert, now)
    return (
        alert.severity == "P4"
        or (handled and not is_worse(alert))
        or is_muted(alert, now, context.mutes)
        or is_inhibited(alert, context.related)
    )


def _is_snoozed(alert: Alert, now: datetime) -> bool:
    return alert.snoozed_until is not None and alert.snoozed_until > now


def _quiet_since(alert: Alert, now: datetime, context: NotificationContext) -> datetime:
    """Time of the last news; what this process did not hear is not known to be silence."""
    at = max(alert.heard_at or alert.created_at, context.started_at)
    return _counted_from(at, now, context)


def _counted_from(at: datetime, now: datetime, context: NotificationContext) -> datetime:
    """``at``, or the last jump of the clock, since which it cannot measure a span."""
    if at > now:  # the clock was set back
        at = context.jumped_at or context.started_at
    return min(now, max(at, context.jumped_at or at))


def _first(alert: Alert, now: datetime, context: NotificationContext) -> Transition | None:
    timings = context.timings
    age = now - alert.created_at
    if alert.severity == "P3" and alert.notices == 0 and timedelta() <= age < timings.wait:
        return None
    for other in context.related:
        notified_lately = (
            other.key != alert.key
            and alert.incident is not None
            and other.incident == alert.incident
            and other.notified_at is not None
            and other.notified_severity is not None
            and timedelta() <= now - other.notified_at < timings.interval
        )
        if notified_lately and alert.severity >= (other.notified_severity or "P4"):
            return None
    return _notify(alert, context.chain.up_to(0, alert.severity, now), now, "first")


def _remind(alert: Alert, now: datetime, context: NotificationContext) -> Transition | None:
    timings, chain = context.timings, context.chain
    notified_at = _counted_from(alert.notified_at or alert.created_at, now, context)
    waited = now - notified_at
    again = chain.up_to(alert.escalated, alert.severity, now)
    if alert.snoozed_until is not None and notified_at < alert.snoozed_until:
        return _notify(alert, again, now, "again")
    if waited >= timings.escalate and alert.escalated < chain.last:
        above = chain.above(alert.escalated, alert.severity, now)
        if above is not None:
            return _notify(alert, above, now, "next")
    if waited >= timings.repeat:
        return _notify(alert, again, now, "again")
    return None


def _notify(
    alert: Alert, notification: Notification | None, now: datetime, reason: TransitionReason
) -> Transition | None:
    if notification is None:
        return None
    changed = replace(
        alert,
        notices=alert.notices + 1,
        notified_at=now,
        notified_severity=alert.severity,
        escalated=notification.step,
        snoozed_until=None,
    )
    return Transition(alert=changed, receivers=notification.receivers, reason=reason)
