"""Alerts about the operation, and the scheduled jobs that raise them or keep the store small.

They tell of late tickets, silent connectors and dead letters. Each job is idempotent and finds its
work in the store.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.i18n import Catalogue
from core.localized import LocalizedText, UiLanguage, in_each, local_time
from core.model.alerts import Alert
from core.model.events import Received
from core.model.health import Health
from core.model.tickets import Ticket
from core.ports import AlertRaiser
from core.repositories import Maintenance, Store, Tickets
from core.runtime.jobs import Job
from core.settings import ScheduleSettings, Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class OperationalAlerts:
    """Writes the alerts; raising one again with the same key changes nothing."""

    catalogue: Catalogue
    language: UiLanguage
    """Language of title and body; ``wordings`` has both."""
    zone: tzinfo
    """Time zone of staff."""

    def late_ticket(self, ticket: Ticket, now: datetime) -> Alert:
        """A ticket that was not answered in time; one alert per ticket and day."""

        def text(language: UiLanguage) -> LocalizedText:
            owner = ticket.owner or self.catalogue.say("staff.nobody", language)
            return LocalizedText(
                language=language,
                title=self.catalogue.say("staff.late_title", language, number=ticket.number),
                body=self.catalogue.say(
                    "staff.late_body",
                    language,
                    subject=ticket.subject,
                    channel=ticket.channel,
                    due=local_time(ticket.due_at, self.zone),
                    owner=owner,
                ),
            )

        title, body, wordings = self._localized(text)
        return Alert(
            key=f"deadline:{ticket.number}:{now:%Y-%m-%d}",
            kind="deadline",
            severity=ticket.severity,
            title=title,
            body=body,
            wordings=wordings,
            created_at=now,
            brand=ticket.brand or None,
        )

    def silent_connector(self, health: Health, last_event_at: datetime, now: datetime) -> Alert:
        """A connector without events since ``last_event_at``; one alert per silence."""

        def text(language: UiLanguage) -> LocalizedText:
            hours = (now - last_event_at).total_seconds() / 3600
            return LocalizedText(
                language=language,
                title=self.catalogue.say("staff.silence_title", language, channel=health.name),
                body=self.catalogue.say(
                    "staff.silence_body",
                    language,
                    hours=f"{hours:.1f}".removesuffix(".0"),
                    status=self.catalogue.say(f"staff.status_{health.status}", language),
                    reason=health.reason or self.catalogue.say("staff.unknown", language),
                ),
            )

        title, body, wordings = self._localized(text)
        return Alert(
            key=f"silence:{health.name}:{last_event_at.isoformat()}",
            kind="silence",
            severity="P2",
            title=title,
            body=body,
            wordings=wordings,
            created_at=now,
        )

    def dead_letter(self, item: Received, error: str, now: datetime) -> Alert:
        """An event that could not be processed; its author may be waiting for an answer.

        Names only the type of ``error``, since its text may quote the event.
        """
        event = item.event

        def text(language: UiLanguage) -> LocalizedText:
            return LocalizedText(
                language=language,
                title=self.catalogue.say("staff.dead_title", language, channel=event.channel),
                body=self.catalogue.say(
                    "staff.dead_body", language, reason=error.partition(":")[0]
                ),
            )

        title, body, wordings = self._localized(text)
        return Alert(
            key=f"dead_letter:{item.seq}",
            kind="dead_letter",
            severity="P2" if event.solicited else "P3",
            title=title,
            body=body,
            wordings=wordings,
            created_at=now,
        )

    def _localized(
        self, text: Callable[[UiLanguage], LocalizedText]
    ) -> tuple[str, str, tuple[LocalizedText, ...]]:
        main = text(self.language)
        return main.title, main.body, in_each(text)


def read_operational_alerts(settings: Settings, catalogue: Catalogue) -> OperationalAlerts:
    """The writer of alerts in the language and time zone of a configuration."""
    return OperationalAlerts(
        catalogue=catalogue,
        language=settings.console.language,
        zone=ZoneInfo(settings.alerts.timezone),
    )


_RETENTION_EVERY: Final = timedelta(hours=6)
_SILENCE_EVERY: Final = timedelta(minutes=10)
_ENDED: Final = frozenset({"finished", "stopped"})
"""States in which a connector is expected to be silent."""


async def remind_of_late_tickets(
    tickets: Tickets, alerts: AlertRaiser, texts: OperationalAlerts, clock: Clock
) -> int:
    """Raise an alert for each ticket that was not answered in time; returns how many were new.

    A ticket is alerted at most once a day.
    """
    now = clock.now()
    raised = 0
    for ticket in await tickets.late(now):
        raised += await alerts.raise_alert(texts.late_ticket(ticket, now))
        await tickets.mark_reminded(ticket.number, now)
    return raised


async def apply_retention(store: Maintenance, schedule: ScheduleSettings, clock: Clock) -> int:
    """Delete what is older than the schedule keeps it; returns the number of records."""
    now = clock.now()
    return await store.age(
        raw=now - timedelta(days=schedule.raw_days),
        spam=now - timedelta(days=schedule.spam_days),
        messages=now - timedelta(days=schedule.message_days),
        records=now - timedelta(days=schedule.record_days),
    )


async def report_silent_connectors(
    connectors: Iterable[Health],
    alerts: AlertRaiser,
    texts: OperationalAlerts,
    *,
    started_at: datetime,
    hours: float,
    clock: Clock,
) -> int:
    """Raise an alert for each connector that is silent for too long; returns how many were new.

    A connector that its platform refuses is reported at once: it does not recover by itself.

    Args:
        connectors: the state of each connector.
        alerts: where to raise them.
        texts: writes them.
        started_at: start of this process, which counts as the last event of a new connector.
        hours: limit for connectors whose usual silence is not known or is longer.
        clock: the current time.
    """
    now = clock.now()
    raised = 0
    for health in connectors:
        last_event_at = health.last_event_at or started_at
        limit = min(timedelta(hours=hours), health.bearable or timedelta.max)
        silent = health.status not in _ENDED and now - last_event_at >= limit
        if silent or health.status == "refused":
            raised += await alerts.raise_alert(texts.silent_connector(health, last_event_at, now))
    return raised


def build_jobs(
    settings: Settings,
    *,
    store: Store,
    alerts: AlertRaiser,
    catalogue: Catalogue,
    health: Callable[[], Sequence[Health]],
    clock: Clock,
) -> tuple[Job, ...]:
    """Every job of the responders; ``health`` returns the state of each connector."""
    schedule, started_at = settings.schedule, clock.now()
    texts = read_operational_alerts(settings, catalogue)

    async def report_silence() -> int:
        return await report_silent_connectors(
            health(),
            alerts,
            texts,
            started_at=started_at,
            hours=schedule.silence_hours,
            clock=clock,
        )

    return (
        Job(
            name="remind of late tickets",
            every=timedelta(minutes=schedule.reminder_minutes),
            do=partial(remind_of_late_tickets, store.tickets, alerts, texts, clock),
        ),
        Job(
            name="apply retention",
            every=_RETENTION_EVERY,
            do=partial(apply_retention, store.maintenance, schedule, clock),
        ),
        Job(name="report silent connectors", every=_SILENCE_EVERY, do=report_silence),
    )
