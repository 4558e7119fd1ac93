"""Scheduled jobs: reminders of late tickets, retention, and alerts about silent connectors.

Each is idempotent and finds its work in the store.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from core.clock import Clock
from core.i18n import Catalogue
from core.model.health import Health
from core.ports import AlertRaiser
from core.repositories import Maintenance, Store, Tickets
from core.runtime.jobs import Job
from core.settings import ScheduleSettings, Settings
from responders.alerting.operational import OperationalAlerts, read_operational_alerts

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
