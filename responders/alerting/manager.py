"""Raises alerts, keeps them until their matter is over, and has staff told of them."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from core.alerts import Alert, incident_key
from core.bus import Bus
from core.clock import Clock
from core.errors import Conflict, StoreError
from core.localized import UiLanguage
from core.repositories import Alerts, Pauses
from core.taxonomy import Severity
from responders.alerting.auto_pause import pause, resume
from responders.alerting.delivery import Courier, rest
from responders.alerting.escalation import Chain
from responders.alerting.index import Ended, Live
from responders.alerting.lifecycle import Around, Rules, Step, last_step, next_step, with_news
from responders.alerting.merging import ended, heir
from responders.alerting.receiver import Receiver

log = logging.getLogger(__name__)

_MOST: Final = 10_000
_TRIES: Final = 10
_TAIL: Final = timedelta(hours=1)
"""News within this long of the end of a matter belong to its end."""
_JUMP_SECONDS: Final = 30.0
_OFTEN_SECONDS: Final = 2.0
"""What is said of an alert again and again is stored at most so often."""
_REMEMBERED: Final = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertManners:
    """How the desk behaves."""

    rules: Rules = field(default_factory=Rules)
    chain: Callable[[Sequence[str]], Chain] = lambda names: Chain((), names)
    """Who is told, given the names of all receivers."""
    language: UiLanguage = "zh"
    """That of the receivers."""
    drill_mark: Callable[[UiLanguage], str] | None = None
    """What every title begins with in an exercise; ``None`` outside of one."""
    part_of: Callable[[UiLanguage, str], str] = lambda _, incident: incident
    """Says that a matter is a part of an incident now."""


class AlertDesk:
    """The port for whoever notices something, and the worker that looks after what they raised."""

    def __init__(
        self,
        *,
        store: Alerts,
        receivers: Sequence[Receiver],
        bus: Bus,
        clock: Clock,
        random: Callable[[], float],
        pauses: Pauses | None = None,
        manners: AlertManners | None = None,
    ) -> None:
        """``random`` gives numbers in [0, 1) that keep receivers' retries apart.

        ``pauses``: where a P1 about an incident pauses automatic replies.
        """
        self.raised = 0
        """New alerts since the start."""
        self._store = store
        self._bus = bus
        self._clock = clock
        self._random = random
        self._freezer = pauses
        self._manners = manners or AlertManners()
        self._wake = asyncio.Event()
        self._couriers: list[Courier] = []
        self._chain = self._manners.chain(())
        self._heard: OrderedDict[str, tuple[float, Severity]] = OrderedDict()
        self._ended = Ended(most=_REMEMBERED)
        self._started_at = clock.now()
        self._jumped_at: datetime | None = None
        self._seen = (clock.now(), clock.monotonic())
        self.receive(receivers)

    def receive(self, receivers: Sequence[Receiver]) -> None:
        """Tell these, too; to be called before ``run``."""
        self._couriers += [
            Courier(
                receiver,
                store=self._store,
                clock=self._clock,
                random=self._random,
            )
            for receiver in receivers
        ]
        self._chain = self._manners.chain(self.receivers)

    @property
    def receivers(self) -> tuple[str, ...]:
        """Names of all that are told."""
        return tuple(courier.receiver.name for courier in self._couriers)

    async def raise_alert(self, alert: Alert) -> bool:
        """Take the alert; False where its key is known: then what it says anew is kept.

        Staff are told by ``run``, as the rules of ``responders.alerting.lifecycle`` have it.
        """
        alert = self._as_exercise(alert)
        again = self._ended.begins_anew(alert.incident)
        if self._said_just_now(alert) and not again:
            return False
        new = await self._store.get(alert.key) is None
        if new:
            await self._pause(alert)
            new = await self._store.add(alert, ())
        if not new:
            await self._hear(alert, timedelta() if again else _TAIL)
        self._remember(alert)
        if new:
            self._tell(alert)
        return new

    async def hand_over(self, gone: str, kept: str) -> None:
        """The incident ``gone`` went into ``kept``: end its alert as a part of that one's.

        Doing it again changes nothing.
        """
        for _ in range(_TRIES):
            alert = await self._store.get(incident_key(gone))
            if alert is None or alert.state == "resolved":
                return
            try:
                await self._inherit(alert, kept)
                await self._end(alert, kept)
            except Conflict:
                continue
            self._wake.set()
            return
        raise Conflict(f"the alert about {gone} is changed again and again. Try again later.")

    def end(self, incident: str) -> None:
        """An incident is over by the time of its posts, which may run faster than the clock.

        Its alert ends once staff were told of it; what is raised about it then is a second wave.
        """
        self._ended.add(incident)
        self._wake.set()

    async def run(self) -> None:
        """Look after all alerts and deliver for ever, one loop a receiver."""
        async with asyncio.TaskGroup() as tasks:
            for courier in self._couriers:
                tasks.create_task(courier.run())
            tasks.create_task(self._watch())

    async def look(self) -> int:
        """Take every step that is due; returns how many there were."""
        now = self._read_clock()
        live = Live(await self._store.live(limit=_MOST))
        mutes = await self._store.mutes() if live.alerts else ()
        taken = 0
        for alert in live.gravest_first():
            around = Around(
                rules=self._manners.rules,
                chain=self._chain,
                started_at=self._started_at,
                jumped_at=self._jumped_at,
                live=live.near(alert),
                mutes=mutes,
                ended=self._ended,
            )
            step = next_step(alert, now, around)
            if step is None:
                continue
            try:
                live.put(await self._take(step))
            except Conflict:  # somebody was faster; the next look sees what they made of it
                self._wake.set()
                continue
            taken += 1
        if self._freezer is not None:
            taken += await resume(self._freezer, live.alerts.values(), now)
        return taken

    async def _watch(self) -> None:
        while True:
            self._wake.clear()
            try:
                if await self.look():
                    self._wake.set()  # what follows from that may be due as well
            except StoreError as error:
                log.error("the store failed", extra={"error": str(error)})
            await rest(self._clock, self._wake)

    async def _take(self, step: Step) -> Alert:
        alert = await self._store.save(step.alert, receivers=step.receivers)
        log.info(
            "alert moved",
            extra={"key": alert.key, "why": step.why, "receivers": list(step.receivers)},
        )
        self._bus.publish(alert)
        for courier in self._couriers:
            if courier.receiver.name in step.receivers:
                courier.wake()
        return alert

    async def _hear(self, news: Alert, tail: timedelta) -> None:
        """Keep what a repeated call says of a known alert."""
        for _ in range(_TRIES):
            stored = await self._store.get(news.key)
            if stored is None:
                return
            now = self._clock.now()
            changed = with_news(stored, news, now, tail)
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

    async def _inherit(self, alert: Alert, kept: str) -> None:
        """Store first what goes on, so that nothing is lost in between."""
        known = await self._store.get(incident_key(kept))
        wanted = heir(alert, known, kept)
        if wanted == known:
            return
        await self._pause(wanted)
        if known is None:
            await self._store.add(wanted, ())
        else:
            wanted = await self._store.save(wanted)
        self._bus.publish(wanted)

    async def _end(self, alert: Alert, kept: str) -> None:
        now = self._clock.now()
        over = ended(alert, kept, now, self._manners.part_of, self._manners.language)
        await self._take(last_step(over, now, self._chain, await self._store.mutes()))

    def _as_exercise(self, alert: Alert) -> Alert:
        mark, language = self._manners.drill_mark, self._manners.language
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

    def _said_just_now(self, alert: Alert) -> bool:
        """True where the same was stored a moment ago, no less severe."""
        at, severity = self._heard.get(alert.key, (float("-inf"), alert.severity))
        return self._clock.monotonic() - at < _OFTEN_SECONDS and severity <= alert.severity

    def _remember(self, alert: Alert) -> None:
        self._heard[alert.key] = (self._clock.monotonic(), alert.severity)
        self._heard.move_to_end(alert.key)
        if len(self._heard) > _REMEMBERED:
            self._heard.popitem(last=False)

    async def _pause(self, alert: Alert, before: Alert | None = None) -> None:
        """Pause first: where the alert cannot be stored, nothing has been said meanwhile."""
        if self._freezer is not None and alert.severity == "P1" and alert.kind == "incident":
            await pause(self._freezer, alert, self._clock.now(), before=before)

    def _tell(self, alert: Alert) -> None:
        self.raised += 1
        log.warning(
            "alert",
            extra={"key": alert.key, "kind": alert.kind, "severity": alert.severity}
            | {"title": alert.title, "brand": alert.brand, "incident": alert.incident},
        )
        self._bus.publish(alert)
        self._wake.set()

    def _read_clock(self) -> datetime:
        """The time; notes where it and the monotonic clock do not agree."""
        now, elapsed = self._clock.now(), self._clock.monotonic()
        then, before = self._seen
        if abs((now - then).total_seconds() - (elapsed - before)) > _JUMP_SECONDS:
            log.warning("the clock jumped", extra={"from": str(then), "to": str(now)})
            self._jumped_at = now
        self._seen = (now, elapsed)
        return now
