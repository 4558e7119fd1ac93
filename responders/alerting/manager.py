"""Stores alerts, notifies staff by the rules of ``lifecycle``, and resolves them."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from core.clock import Clock
from core.errors import Conflict, StoreError
from core.localized import UiLanguage
from core.model.alerts import Alert, incident_key
from core.repositories import Alerts, Pauses
from core.runtime.bus import Bus
from core.taxonomy import Severity
from responders.alerting.auto_pause import lift_pauses, pause_for
from responders.alerting.delivery import DeliveryWorker, Receiver, sleep_or_wake
from responders.alerting.escalation import EscalationChain
from responders.alerting.inhibition import LiveAlerts
from responders.alerting.lifecycle import (
    AlertTimings,
    NotificationContext,
    Transition,
    merge_alerts,
    next_transition,
    resolve_as_part,
    resolve_transition,
    with_news,
)

log = logging.getLogger(__name__)

_MAX_LIVE: Final = 10_000
_TRIES: Final = 10
_TAIL: Final = timedelta(hours=1)
"""News within this time after the end of an alert belong to its end."""
_JUMP_SECONDS: Final = 30.0
_REPEAT_SECONDS: Final = 2.0
"""Repeated calls about an alert are stored at most once in this time."""
_REMEMBERED: Final = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertPolicy:
    """Rules and texts of alerts, from the configuration."""

    timings: AlertTimings = field(default_factory=AlertTimings)
    chain: Callable[[Sequence[str]], EscalationChain] = lambda names: EscalationChain((), names)
    """The escalation chain over the receivers with these names."""
    language: UiLanguage = "zh"
    """Language of the receivers."""
    drill_mark: Callable[[UiLanguage], str] | None = None
    """Beginning of every title in a drill; ``None`` outside of one."""
    part_of: Callable[[UiLanguage, str], str] = lambda _, incident: incident
    """The sentence that an alert is a part of an incident now."""


class AlertManager:
    """Implements ``core.ports.AlertRaiser``, and looks after the alerts it has stored."""

    def __init__(
        self,
        *,
        store: Alerts,
        receivers: Sequence[Receiver],
        bus: Bus,
        clock: Clock,
        random: Callable[[], float],
        pauses: Pauses | None = None,
        policy: AlertPolicy | None = None,
    ) -> None:
        """``random``: draws from [0, 1), for the jitter of retries.

        ``pauses``: where a P1 about an incident pauses automatic replies; ``None`` for nowhere.
        """
        self.raised = 0
        """New alerts since the start."""
        self._store = store
        self._bus = bus
        self._clock = clock
        self._random = random
        self._pauses = pauses
        self._policy = policy or AlertPolicy()
        self._wake = asyncio.Event()
        self._workers: list[DeliveryWorker] = []
        self._chain = self._policy.chain(())
        self._recent: OrderedDict[str, tuple[float, Severity]] = OrderedDict()
        """Monotonic time and severity of the last stored call about each alert."""
        self._ended = _EndedIncidents()
        self._started_at = clock.now()
        self._jumped_at: datetime | None = None
        self._last_read = (clock.now(), clock.monotonic())
        self.add_receivers(receivers)

    def add_receivers(self, receivers: Sequence[Receiver]) -> None:
        """Deliver to these, too; must be called before ``run``."""
        self._workers += [
            DeliveryWorker(receiver, store=self._store, clock=self._clock, random=self._random)
            for receiver in receivers
        ]
        self._chain = self._policy.chain(self.receivers)

    @property
    def receivers(self) -> tuple[str, ...]:
        """Names of all receivers."""
        return tuple(worker.receiver.name for worker in self._workers)

    async def raise_alert(self, alert: Alert) -> bool:
        """As AlertRaiser.raise_alert; staff are notified by ``run``."""
        alert = self._marked(alert)
        revived = self._ended.discard(alert.incident)
        if self._is_repeat(alert) and not revived:
            return False
        new = await self._store.get(alert.key) is None
        if new:
            await self._pause(alert)
            new = await self._store.add(alert, ())
        if not new:
            await self._update(alert, timedelta() if revived else _TAIL)
        self._remember(alert)
        if new:
            self._announce(alert)
        return new

    async def merge(self, gone: str, kept: str) -> None:
        """As AlertRaiser.merge. Raises Conflict if the alerts change all the time."""
        for _ in range(_TRIES):
            alert = await self._store.get(incident_key(gone))
            if alert is None or alert.state == "resolved":
                return
            try:
                await self._merge_into(alert, kept)
                await self._resolve_as_part(alert, kept)
            except Conflict:
                continue
            self._wake.set()
            return
        raise Conflict(f"the alert about {gone} is changed again and again. Try again later.")

    def end(self, incident: str) -> None:
        """As AlertRaiser.end; news about the incident after that begin a second wave."""
        self._ended.add(incident)
        self._wake.set()

    async def run(self) -> None:
        """Look after all alerts and deliver until cancelled, in one task a receiver."""
        async with asyncio.TaskGroup() as tasks:
            for worker in self._workers:
                tasks.create_task(worker.run())
            tasks.create_task(self._run_transitions())

    async def step(self) -> int:
        """Store every transition that is due; returns the number of changes."""
        now = self._read_clock()
        live = LiveAlerts(await self._store.live(limit=_MAX_LIVE))
        mutes = await self._store.mutes() if len(live) else ()
        changes = 0
        for alert in live.gravest_first():
            context = NotificationContext(
                timings=self._policy.timings,
                chain=self._chain,
                started_at=self._started_at,
                jumped_at=self._jumped_at,
                related=live.related(alert),
                mutes=mutes,
                ended=self._ended,
            )
            transition = next_transition(alert, now, context)
            if transition is None:
                continue
            try:
                live.put(await self._store_transition(transition))
            except Conflict:  # changed meanwhile; the next round sees its new version
                self._wake.set()
                continue
            changes += 1
        if self._pauses is not None:
            changes += await lift_pauses(self._pauses, live.all(), now)
        return changes

    async def _run_transitions(self) -> None:
        while True:
            self._wake.clear()
            try:
                if await self.step():
                    self._wake.set()  # a transition may make the next one due
            except StoreError as error:
                log.error("the store failed", extra={"error": str(error)})
            await sleep_or_wake(self._clock, self._wake)

    async def _store_transition(self, transition: Transition) -> Alert:
        alert = await self._store.save(transition.alert, receivers=transition.receivers)
        log.info(
            "alert moved",
            extra={
                "key": alert.key,
                "why": transition.reason,
                "receivers": list(transition.receivers),
            },
        )
        self._bus.publish(alert)
        for worker in self._workers:
            if worker.receiver.name in transition.receivers:
                worker.wake()
        return alert

    async def _update(self, news: Alert, tail: timedelta) -> None:
        """Bring a stored alert up to date."""
        for _ in range(_TRIES):
            stored = await self._store.get(news.key)
            if stored is None:
                return
            changed = with_news(stored, news, self._clock.now(), tail)
            if changed is None:
                return
            await self._pause(changed, None if stored.state == "resolved" else stored)
            try:
                changed = await self._store.save(changed)
            except Conflict:
                continue
            self._bus.publish(changed)
            self._wake.set()
            return
        raise Conflict(f"the alert {news.key} is changed again and again. Try again later.")

    async def _merge_into(self, gone: Alert, kept: str) -> None:
        """Store the surviving alert first, so that a crash loses nothing."""
        known = await self._store.get(incident_key(kept))
        merged = merge_alerts(gone, known, kept)
        if merged == known:
            return
        await self._pause(merged)
        if known is None:
            await self._store.add(merged, ())
        else:
            merged = await self._store.save(merged)
        self._bus.publish(merged)

    async def _resolve_as_part(self, gone: Alert, kept: str) -> None:
        now, policy = self._clock.now(), self._policy
        resolved = resolve_as_part(gone, kept, now, policy.part_of, policy.language)
        mutes = await self._store.mutes()
        await self._store_transition(resolve_transition(resolved, now, self._chain, mutes))

    def _marked(self, alert: Alert) -> Alert:
        """The alert as an exercise, during a drill."""
        mark, language = self._policy.drill_mark, self._policy.language
        if mark is None:
            return alert
        return replace(
            alert,
            title=f"{mark(language)}{alert.title}",
            drill=True,
            wordings=tuple(
                replace(one, title=f"{mark(one.language)}{one.title}") for one in alert.wordings
            ),
        )

    def _is_repeat(self, alert: Alert) -> bool:
        """True if a call about the alert, no less severe, was stored a moment ago."""
        at, severity = self._recent.get(alert.key, (float("-inf"), alert.severity))
        return self._clock.monotonic() - at < _REPEAT_SECONDS and severity <= alert.severity

    def _remember(self, alert: Alert) -> None:
        self._recent[alert.key] = (self._clock.monotonic(), alert.severity)
        self._recent.move_to_end(alert.key)
        if len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)

    async def _pause(self, alert: Alert, before: Alert | None = None) -> None:
        """Pause before the alert is stored: if that fails, no reply was sent meanwhile."""
        if self._pauses is not None and alert.severity == "P1" and alert.kind == "incident":
            await pause_for(self._pauses, alert, self._clock.now(), before=before)

    def _announce(self, alert: Alert) -> None:
        self.raised += 1
        log.warning(
            "alert",
            extra={"key": alert.key, "kind": alert.kind, "severity": alert.severity}
            | {"title": alert.title, "brand": alert.brand, "incident": alert.incident},
        )
        self._bus.publish(alert)
        self._wake.set()

    def _read_clock(self) -> datetime:
        """The time; notes a jump where it and the monotonic clock disagree."""
        now, elapsed = self._clock.now(), self._clock.monotonic()
        then, before = self._last_read
        if abs((now - then).total_seconds() - (elapsed - before)) > _JUMP_SECONDS:
            log.warning("the clock jumped", extra={"from": str(then), "to": str(now)})
            self._jumped_at = now
        self._last_read = (now, elapsed)
        return now


class _EndedIncidents:
    """Incidents that are over by the time of their posts; bounded, the oldest are forgotten."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, incident: object) -> bool:
        return incident in self._ids

    def add(self, incident: str) -> None:
        self._ids[incident] = None
        if len(self._ids) > _REMEMBERED:
            self._ids.popitem(last=False)

    def discard(self, incident: str | None) -> bool:
        """Remove an incident that there is news about; True if it was over."""
        return incident is not None and self._ids.pop(incident, False) is None
