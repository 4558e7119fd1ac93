"""What is looked after now and then. Each is idempotent and finds its work in the store."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from core.alerts import Alert
from core.clock import Clock
from core.events import Received
from core.health import Health
from core.localized import LocalizedText, in_each, local_time
from core.repositories import Maintenance, Tickets
from core.settings import ScheduleSettings
from core.tickets import Ticket
from responders.ports import Raises
from responders.templates import Catalogue, Written

_ENDED: Final = frozenset({"finished", "stopped"})
"""States in which a connector is expected to be silent."""


async def remind_of_late_tickets(
    tickets: Tickets,
    alerts: Raises,
    *,
    texts: Catalogue,
    language: Written,
    clock: Clock,
    zone: tzinfo = UTC,
) -> int:
    """Raise an alert for each ticket that nobody answered in time; returns how many were raised.

    A ticket is alerted at most once a day, however often this runs. ``zone``: of staff, in whose
    time they read when it was due.
    """
    now = clock.now()
    raised = 0
    for ticket in await tickets.late(now):
        raised += await alerts.raise_alert(_late(ticket, texts, language, zone, now))
        await tickets.mark_reminded(ticket.number, now)
    return raised


async def forget_what_is_old(
    retention: Maintenance, *, schedule: ScheduleSettings, clock: Clock
) -> int:
    """Forget what is older than the schedule keeps it; returns how many records."""
    now = clock.now()
    return await retention.age(
        raw=now - timedelta(days=schedule.raw_days),
        spam=now - timedelta(days=schedule.spam_days),
        messages=now - timedelta(days=schedule.message_days),
        records=now - timedelta(days=schedule.record_days),
    )


async def alarm_silent_connectors(
    connectors: Iterable[Health],
    alerts: Raises,
    *,
    started_at: datetime,
    hours: float,
    texts: Catalogue,
    language: Written,
    clock: Clock,
) -> int:
    """Raise an alert for each connector that is silent for longer than usual; returns how many.

    One that its platform refuses is told of at once: it will not speak again by itself.
    ``hours``: after so long in any case. ``started_at``: since when this process listens. One
    silence is one alert, whatever its length.
    """
    now = clock.now()
    raised = 0
    for health in connectors:
        heard_at = health.last_event_at or started_at
        longest = min(timedelta(hours=hours), health.bearable or timedelta.max)
        silent = health.status not in _ENDED and now - heard_at >= longest
        if silent or health.status == "refused":
            raised += await alerts.raise_alert(_silent(health, heard_at, texts, language, now))
    return raised


async def alarm_dead_letter(
    item: Received,
    error: str,
    alerts: Raises,
    *,
    texts: Catalogue,
    language: Written,
    clock: Clock,
) -> bool:
    """Raise an alert for an event that could not be processed; someone may be waiting for us.

    Only the error's type is told, since its text may quote the event.
    """
    event = item.event

    def words(tongue: Written) -> LocalizedText:
        return LocalizedText(
            language=tongue,
            title=texts.say("dead_title", tongue, channel=event.channel),
            body=texts.say("dead_body", tongue, reason=error.partition(":")[0]),
        )

    said = words(language)
    return await alerts.raise_alert(
        Alert(
            key=f"dead_letter:{item.seq}",
            kind="dead_letter",
            severity="P2" if event.solicited else "P3",
            title=said.title,
            body=said.body,
            created_at=clock.now(),
            wordings=in_each(words),
        )
    )


def _late(
    ticket: Ticket, texts: Catalogue, language: Written, zone: tzinfo, now: datetime
) -> Alert:
    def words(tongue: Written) -> LocalizedText:
        return LocalizedText(
            language=tongue,
            title=texts.say("late_title", tongue, number=ticket.number),
            body=texts.say(
                "late_body",
                tongue,
                subject=ticket.subject,
                channel=ticket.channel,
                due=local_time(ticket.due_at, zone),
                owner=ticket.owner or texts.say("nobody", tongue),
            ),
        )

    said = words(language)
    return Alert(
        key=f"deadline:{ticket.number}:{now:%Y-%m-%d}",
        kind="deadline",
        severity=ticket.severity,
        title=said.title,
        body=said.body,
        created_at=now,
        brand=ticket.brand or None,
        wordings=in_each(words),
    )


def _silent(
    health: Health, heard_at: datetime, texts: Catalogue, language: Written, now: datetime
) -> Alert:
    def words(tongue: Written) -> LocalizedText:
        return LocalizedText(
            language=tongue,
            title=texts.say("silence_title", tongue, channel=health.name),
            body=texts.say(
                "silence_body",
                tongue,
                hours=f"{(now - heard_at).total_seconds() / 3600:.1f}".removesuffix(".0"),
                status=texts.say(f"status_{health.status}", tongue),
                reason=health.reason or texts.say("unknown", tongue),
            ),
        )

    said = words(language)
    return Alert(
        key=f"silence:{health.name}:{heard_at.isoformat()}",
        kind="silence",
        severity="P2",
        title=said.title,
        body=said.body,
        created_at=now,
        wordings=in_each(words),
    )
