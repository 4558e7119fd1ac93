"""The life of an alert, as one pure function: what is to be done about it now.

An alert is firing, then acknowledged or not, then resolved; news after that make it fire again.
Staff are told when it begins to matter, when it becomes worse, and again while nobody has taken
it. docs/reference/alerts.md states the rules for staff.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from core.alerts import Alert, Mute
from core.settings import AlertSettings
from responders.alerting.escalation import Chain, Told

Why = Literal["first", "worse", "again", "next", "over"]
"""Begun, become more severe, not taken yet, gone to the next on call, resolved."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """The spans of ``core.settings.Alerts``."""

    wait: timedelta = timedelta(seconds=30)
    interval: timedelta = timedelta(minutes=5)
    repeat: timedelta = timedelta(hours=4)
    resolve: timedelta = timedelta(hours=6)
    escalate: timedelta = timedelta(minutes=15)


def read_rules(settings: AlertSettings) -> Rules:
    """The rules of a configuration."""
    return Rules(
        wait=timedelta(seconds=settings.wait_seconds),
        interval=timedelta(minutes=settings.interval_minutes),
        repeat=timedelta(hours=settings.repeat_hours),
        resolve=timedelta(hours=settings.resolve_hours),
        escalate=timedelta(minutes=settings.escalate_minutes),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Around:
    """What an alert is looked at with."""

    rules: Rules
    chain: Chain
    started_at: datetime
    """Since when this process listens."""
    jumped_at: datetime | None = None
    """When the clock last jumped; spans that began before are counted from then."""
    live: Sequence[Alert] = ()
    """All alerts that are not resolved; the one that is looked at may be among them."""
    mutes: Sequence[Mute] = ()
    ended: Container[str] = ()
    """Incidents that were quiet for long enough by the time of their posts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A change to store, and who is to be told with it; nobody is where ``receivers`` is empty."""

    alert: Alert
    receivers: tuple[str, ...]
    why: Why


def next_step(alert: Alert, now: datetime, around: Around) -> Step | None:
    """What is due at ``now``; ``None`` where nothing is. Changes nothing itself.

    What nobody was told of, because all were asleep, does not end before somebody is.
    """
    if alert.state == "resolved":
        return None
    held = _is_held(alert, now, around)
    is_owed = alert.notified_severity is None and not held
    quiet = now - _quiet_since(alert, now, around) >= around.rules.resolve
    if (quiet or alert.incident in around.ended) and not is_owed:
        over = replace(alert, state="resolved", resolved_at=now)
        return last_step(over, now, around.chain, around.mutes)
    if held:
        return None
    if is_owed:
        return _first(alert, now, around)
    if is_worse(alert):
        return _tell(alert, around.chain.upto(alert.escalated, alert.severity, now), now, "worse")
    return _remind(alert, now, around)


def is_worse(alert: Alert) -> bool:
    """True where it is more severe than staff know."""
    return alert.notified_severity is not None and alert.severity < alert.notified_severity


def _is_held(alert: Alert, now: datetime, around: Around) -> bool:
    """True where nobody is to be told for now."""
    taken = alert.state == "acknowledged" or _is_snoozed(alert, now)
    return (
        alert.severity == "P4"
        or (taken and not is_worse(alert))
        or is_silenced(alert, now, around.mutes)
        or is_inhibited(alert, around.live)
    )


def is_silenced(alert: Alert, now: datetime, mutes: Sequence[Mute]) -> bool:
    """True where a silence that has not ended matches; what it leaves open matches all."""
    return any(silence.until > now and matches(silence, alert) for silence in mutes)


def matches(silence: Mute, alert: Alert) -> bool:
    """True where every property the silence names is the alert's."""
    pairs = (
        (silence.brand, alert.brand),
        (silence.channel, alert.channel),
        (silence.category, alert.category),
        (silence.kind, alert.kind),
        (silence.incident, alert.incident),
    )
    return all(wanted is None or wanted == found for wanted, found in pairs)


def is_inhibited(alert: Alert, live: Sequence[Alert]) -> bool:
    """True while staff know of a graver live alert about the same matter.

    The same matter: the same incident, or the same category of the same brand.
    """
    return any(
        other.key != alert.key
        and other.severity < alert.severity
        and other.state != "resolved"
        and other.notices > 0
        and other.drill == alert.drill
        and _is_same_matter(alert, other)
        for other in live
    )


def _is_same_matter(one: Alert, other: Alert) -> bool:
    if one.incident is not None and one.incident == other.incident:
        return True
    return (
        one.brand is not None
        and one.brand == other.brand
        and one.category not in (None, "other")
        and one.category == other.category
    )


def _is_snoozed(alert: Alert, now: datetime) -> bool:
    return alert.snoozed_until is not None and alert.snoozed_until > now


def _quiet_since(alert: Alert, now: datetime, around: Around) -> datetime:
    """When it was last heard of; only what this process has listened to is quiet."""
    at = max(alert.heard_at or alert.created_at, around.started_at)
    return _counted_from(at, now, around)


def _told_at(alert: Alert, now: datetime, around: Around) -> datetime:
    """When staff were last told."""
    return _counted_from(alert.notified_at or alert.created_at, now, around)


def _counted_from(at: datetime, now: datetime, around: Around) -> datetime:
    """``at``, or the jump since which the clock cannot tell how long ago that was."""
    if at > now:  # the clock has gone back since
        at = around.jumped_at or around.started_at
    return min(now, max(at, around.jumped_at or at))


def _first(alert: Alert, now: datetime, around: Around) -> Step | None:
    rules = around.rules
    age = now - alert.created_at
    if alert.severity == "P3" and alert.notices == 0 and timedelta() <= age < rules.wait:
        return None
    for other in around.live:
        just_told = (
            other.key != alert.key
            and alert.incident is not None
            and other.incident == alert.incident
            and other.notified_at is not None
            and other.notified_severity is not None
            and timedelta() <= now - other.notified_at < rules.interval
        )
        if just_told and alert.severity >= (other.notified_severity or "P4"):
            return None
    return _tell(alert, around.chain.upto(0, alert.severity, now), now, "first")


def _remind(alert: Alert, now: datetime, around: Around) -> Step | None:
    rules, chain = around.rules, around.chain
    told_at = _told_at(alert, now, around)
    waited = now - told_at
    if alert.snoozed_until is not None and told_at < alert.snoozed_until:
        return _tell(alert, chain.upto(alert.escalated, alert.severity, now), now, "again")
    if waited >= rules.escalate and alert.escalated < chain.last:
        found = chain.above(alert.escalated, alert.severity, now)
        if found is not None:
            return _tell(alert, found, now, "next")
    if waited >= rules.repeat:
        return _tell(alert, chain.upto(alert.escalated, alert.severity, now), now, "again")
    return None


def _tell(alert: Alert, told: Told | None, now: datetime, why: Why) -> Step | None:
    if told is None:
        return None
    changed = replace(
        alert,
        notices=alert.notices + 1,
        notified_at=now,
        notified_severity=alert.severity,
        escalated=told.rung,
        snoozed_until=None,
    )
    return Step(alert=changed, receivers=told.receivers, why=why)


def last_step(over: Alert, now: datetime, chain: Chain, mutes: Sequence[Mute]) -> Step:
    """Of an alert that is over: whoever was told of it is told, if awake and not silenced."""
    told = chain.upto(over.escalated, over.severity, now)
    if told is None or over.notices == 0 or is_silenced(over, now, mutes):
        return Step(alert=over, receivers=(), why="over")
    over = replace(over, notices=over.notices + 1, notified_at=now)
    return Step(alert=over, receivers=told.receivers, why="over")


def with_news(stored: Alert, news: Alert, now: datetime, tail: timedelta) -> Alert | None:
    """The stored alert with what a repeated call says; ``None`` where it changes nothing.

    Severity only rises while it is live. One that is resolved fires again if it has become
    graver, or if more than ``tail`` has passed since: until then it is the end of what was
    resolved.
    """
    fresh = replace(
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
        return fresh
    ended = stored.resolved_at or stored.created_at
    if news.severity >= stored.severity and timedelta() <= now - ended < tail:
        return None
    return replace(
        fresh,
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
